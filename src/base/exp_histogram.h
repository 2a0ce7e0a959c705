// SPDX-License-Identifier: Apache-2.0
// Exponential histogram, base 2^(1/16): OpenTelemetry exponential histogram of scale 4 (metrics
// data model, "Exponential Histogram"). Values are unsigned integers of any unit, [0, 2^32). Bucket
// b holds (2^(b/16), 2^((b+1)/16)]; 0 and 1 fall in bucket 0. A bucket is 4.4 % wide, so that is
// the most a quantile can be off, even where all samples sit at one end of it (a timeout does
// that). Merging is addition, so percentiles are true at every level of grouping.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pano {

inline constexpr int kHistogramSubBuckets = 16;                                 // of one doubling
inline constexpr size_t kHistogramBuckets = size_t{32} * kHistogramSubBuckets;  // 32 doublings

uint16_t HistogramBucket(uint64_t value);
// Lower (exclusive) and upper (inclusive) bound of a bucket.
double HistogramLower(uint16_t bucket);
double HistogramUpper(uint16_t bucket);

struct HistogramEntry {
  uint16_t bucket = 0;
  uint32_t count = 0;
  bool operator==(const HistogramEntry&) const = default;
};

// Sparse: entries sorted by bucket, no zero counts. Ten to twenty entries are usual.
class ExpHistogram {
 public:
  void Add(uint64_t value, uint32_t count = 1);
  // `bucket` is under kHistogramBuckets.
  void AddBucket(uint16_t bucket, uint32_t count);
  void Merge(const ExpHistogram& other);
  void Clear() { entries_.clear(); }

  uint64_t count() const;
  bool empty() const { return entries_.empty(); }
  std::span<const HistogramEntry> entries() const { return entries_; }

  // The q-quantile, 0 <= q <= 1, interpolated geometrically inside its bucket; 0 when empty.
  double Quantile(double q) const;

  bool operator==(const ExpHistogram&) const = default;

 private:
  std::vector<HistogramEntry> entries_;
};

}  // namespace pano
