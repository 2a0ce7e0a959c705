// SPDX-License-Identifier: Apache-2.0
#include "base/exp_histogram.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace pano {
namespace {

constexpr double kPerDoubling = kHistogramSubBuckets;

// Upper bounds of the sub-buckets of a doubling, relative to its power of two, scaled by
// 2^32.
std::array<uint64_t, kHistogramSubBuckets> MakeBounds() {
  std::array<uint64_t, kHistogramSubBuckets> bounds{};
  for (int i = 0; i < kHistogramSubBuckets; ++i) {
    bounds[i] = static_cast<uint64_t>(std::exp2((i + 1) / kPerDoubling) * 4294967296.0);
  }
  return bounds;
}

}  // namespace

uint16_t HistogramBucket(uint64_t value) {
  static const std::array<uint64_t, kHistogramSubBuckets> kBounds = MakeBounds();
  if (value <= 1) return 0;
  if (value > 0xffffffffu) return kHistogramBuckets - 1;
  const int power = std::bit_width(value) - 1;
  const uint64_t scaled = value << (32 - power);  // in [2^32, 2^33)
  if (scaled == uint64_t{1} << 32)
    return static_cast<uint16_t>(power * kHistogramSubBuckets - 1);  // an exact power
  int sub = 0;
  while (sub < kHistogramSubBuckets - 1 && scaled > kBounds[sub]) ++sub;
  return static_cast<uint16_t>(power * kHistogramSubBuckets + sub);
}

double HistogramLower(uint16_t bucket) { return std::exp2(bucket / kPerDoubling); }
double HistogramUpper(uint16_t bucket) { return std::exp2((bucket + 1) / kPerDoubling); }

void ExpHistogram::Add(uint64_t value, uint32_t count) { AddBucket(HistogramBucket(value), count); }

void ExpHistogram::AddBucket(uint16_t bucket, uint32_t count) {
  if (count == 0) return;
  const auto at =
      std::lower_bound(entries_.begin(), entries_.end(), bucket,
                       [](const HistogramEntry& e, uint16_t b) { return e.bucket < b; });
  if (at != entries_.end() && at->bucket == bucket) {
    at->count += count;
  } else {
    entries_.insert(at, {bucket, count});
  }
}

void ExpHistogram::Merge(const ExpHistogram& other) {
  if (other.entries_.empty()) return;
  if (entries_.empty()) {
    entries_ = other.entries_;
    return;
  }
  std::vector<HistogramEntry> merged;
  merged.reserve(entries_.size() + other.entries_.size());
  auto a = entries_.begin();
  auto b = other.entries_.begin();
  while (a != entries_.end() || b != other.entries_.end()) {
    if (b == other.entries_.end() || (a != entries_.end() && a->bucket < b->bucket)) {
      merged.push_back(*a++);
    } else if (a == entries_.end() || b->bucket < a->bucket) {
      merged.push_back(*b++);
    } else {
      merged.push_back({a->bucket, a->count + b->count});
      ++a;
      ++b;
    }
  }
  entries_ = std::move(merged);
}

uint64_t ExpHistogram::count() const {
  uint64_t total = 0;
  for (const HistogramEntry& e : entries_) total += e.count;
  return total;
}

double ExpHistogram::Quantile(double q) const {
  const uint64_t total = count();
  if (total == 0) return 0;
  const double rank = std::clamp(q, 0.0, 1.0) * static_cast<double>(total);
  double below = 0;
  for (const HistogramEntry& e : entries_) {
    const double in_bucket = e.count;
    if (below + in_bucket >= rank) {
      const double fraction = std::clamp((rank - below) / in_bucket, 0.0, 1.0);
      return HistogramLower(e.bucket) * std::exp2(fraction / kPerDoubling);
    }
    below += in_bucket;
  }
  return HistogramUpper(entries_.back().bucket);
}

}  // namespace pano
