// SPDX-License-Identifier: Apache-2.0
#include "base/exp_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace pano {
namespace {

TEST(ExpHistogram, BucketBoundsHoldEveryValue) {
  for (uint64_t value = 2; value < 2'000'000; value += 1 + value / 97) {
    const uint16_t bucket = HistogramBucket(value);
    EXPECT_GT(static_cast<double>(value), HistogramLower(bucket) * (1 - 1e-9)) << value;
    EXPECT_LE(static_cast<double>(value), HistogramUpper(bucket) * (1 + 1e-9)) << value;
  }
}

TEST(ExpHistogram, PowersOfTwoCloseTheirBucket) {
  for (int power = 1; power < 32; ++power) {
    EXPECT_EQ(HistogramBucket(uint64_t{1} << power), power * 16 - 1);
    EXPECT_EQ(HistogramBucket((uint64_t{1} << power) - 1 ? (uint64_t{1} << power) : 0),
              power * 16 - 1);
  }
  EXPECT_EQ(HistogramBucket(0), 0);
  EXPECT_EQ(HistogramBucket(1), 0);
  EXPECT_EQ(HistogramBucket(~uint64_t{0}), 511);
}

TEST(ExpHistogram, QuantilesAreWithinFivePercent) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> spread(9.0, 1.2);
  std::vector<double> values;
  ExpHistogram histogram;
  for (int i = 0; i < 50'000; ++i) {
    const double value = std::max(2.0, std::floor(spread(random)));
    values.push_back(value);
    histogram.Add(static_cast<uint64_t>(value));
  }
  std::sort(values.begin(), values.end());
  for (const double q : {0.1, 0.5, 0.9, 0.95, 0.99}) {
    const double exact = values[static_cast<size_t>(q * (values.size() - 1))];
    EXPECT_NEAR(histogram.Quantile(q) / exact, 1.0, 0.045) << q;
  }
}

// Requests that all ended in the same timeout: no interpolation knows where they sit.
TEST(ExpHistogram, OneValueIsWithinABucketsWidth) {
  for (const uint64_t value : {37u, 1'000u, 10'000u, 7'500'000u, 10'000'000u, 4'000'000'000u}) {
    ExpHistogram histogram;
    histogram.Add(value, 1'000);
    for (const double q : {0.0, 0.01, 0.5, 0.99, 1.0}) {
      EXPECT_NEAR(histogram.Quantile(q) / static_cast<double>(value), 1.0, 0.045) << value;
    }
  }
}

TEST(ExpHistogram, MergeEqualsAddingAll) {
  std::mt19937_64 random(11);
  ExpHistogram all;
  ExpHistogram left;
  ExpHistogram right;
  for (int i = 0; i < 5'000; ++i) {
    const uint64_t value = random() % 3'000'000;
    all.Add(value);
    (i % 3 == 0 ? left : right).Add(value);
  }
  left.Merge(right);
  EXPECT_EQ(left, all);
  EXPECT_EQ(left.count(), 5'000u);
}

TEST(ExpHistogram, EmptyAnswersZero) { EXPECT_EQ(ExpHistogram().Quantile(0.5), 0); }

}  // namespace
}  // namespace pano
