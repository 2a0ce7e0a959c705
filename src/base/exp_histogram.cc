// SPDX-License-Identifier: Apache-2.0
#include "base/exp_histogram.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace pano {
namespace {

// Upper bounds of the eight sub-buckets of a doubling, relative to its power of two, scaled by
// 2^32.
std::array<uint64_t, 8> MakeBounds() {
  std::array<uint64_t, 8> bounds{};
  for (int i = 0; i < 8; ++i) {
    bounds[i] = static_cast<uint64_t>(std::exp2((i + 1) / 8.0) * 4294967296.0);
  }
  return bounds;
}

}  // namespace

uint8_t HistogramBucket(uint64_t value) {
  static const std::array<uint64_t, 8> kBounds = MakeBounds();
  if (value <= 1) return 0;
  if (value > 0xffffffffu) return kHistogramBuckets - 1;
  const int power = std::bit_width(value) - 1;
  const uint64_t scaled = value << (32 - power);                                // in [2^32, 2^33)
  if (scaled == uint64_t{1} << 32) return static_cast<uint8_t>(power * 8 - 1);  // an exact power
  int sub = 0;
  while (sub < 7 && scaled > kBounds[sub]) ++sub;
  return static_cast<uint8_t>(power * 8 + sub);
}

double HistogramLower(uint8_t bucket) { return std::exp2(bucket / 8.0); }
double HistogramUpper(uint8_t bucket) { return std::exp2((bucket + 1) / 8.0); }

void ExpHistogram::Add(uint64_t value, uint32_t count) { AddBucket(HistogramBucket(value), count); }

void ExpHistogram::AddBucket(uint8_t bucket, uint32_t count) {
  if (count == 0) return;
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), bucket,
                                   [](const HistogramEntry& e, uint8_t b) { return e.bucket < b; });
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
      return HistogramLower(e.bucket) * std::exp2(fraction / 8.0);
    }
    below += in_bucket;
  }
  return HistogramUpper(entries_.back().bucket);
}

}  // namespace pano
