// SPDX-License-Identifier: Apache-2.0
// How often a test cries wolf, and how often it sees what is there.
#include "server/run/compare/significance.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace pano::run {
namespace {

// A series whose neighbours are alike: AR(1).
std::vector<double> Series(std::mt19937& random, size_t n, double correlation, double shift,
                           double deviation) {
  std::normal_distribution<> noise(0, deviation * std::sqrt(1 - correlation * correlation));
  std::vector<double> out;
  double x = std::normal_distribution<>(0, deviation)(random);
  for (size_t i = 0; i < n; ++i) {
    x = correlation * x + noise(random);
    out.push_back(x + shift);
  }
  return out;
}

double RejectionRate(size_t n, double correlation, double shift) {
  std::mt19937 random(7);
  int rejected = 0;
  constexpr int kTrials = 1000;
  for (int i = 0; i < kTrials; ++i) {
    const auto a = Series(random, n, correlation, 0, 0.1);
    const auto b = Series(random, n, correlation, shift, 0.1);
    rejected += CompareSeries(a, b, 0.95).p < 0.05 ? 1 : 0;
  }
  return rejected / static_cast<double>(kTrials);
}

TEST(CompareSeriesTest, KeepsItsFalseAlarmsWhateverTheCorrelation) {
  for (const double correlation : {0.0, 0.3, 0.6, 0.8}) {
    EXPECT_LT(RejectionRate(60, correlation, 0), 0.08) << correlation;
  }
}

TEST(CompareSeriesTest, SeesAShift) {
  EXPECT_GT(RejectionRate(60, 0.0, 0.1), 0.95);
  EXPECT_GT(RejectionRate(60, 0.5, 0.1), 0.7);
}

TEST(CompareSeriesTest, TheIntervalHoldsTheTruth) {
  std::mt19937 random(3);
  int held = 0;
  for (int i = 0; i < 500; ++i) {
    const auto a = Series(random, 60, 0.5, 0, 0.1);
    const auto b = Series(random, 60, 0.5, 0.05, 0.1);
    const Difference d = CompareSeries(a, b, 0.95);
    held += d.low <= 0.05 && 0.05 <= d.high ? 1 : 0;
    EXPECT_LE(d.low, d.shift);
    EXPECT_GE(d.high, d.shift);
  }
  EXPECT_GT(held, 460);
}

TEST(CompareSeriesTest, ConstantsAndShortSeries) {
  const std::vector<double> same(20, 5);
  EXPECT_EQ(CompareSeries(same, same, 0.95).p, 1);
  EXPECT_EQ(CompareSeries(same, same, 0.95).shift, 0);
  EXPECT_FALSE(CompareSeries(std::vector<double>{1, 2}, same, 0.95).enough);
}

std::vector<Trials> Blocks(std::mt19937& random, int n, int trials, double share, double spread) {
  std::vector<Trials> out;
  for (int i = 0; i < n; ++i) {
    const double p =
        std::clamp(share * std::exp(std::normal_distribution<>(0, spread)(random)), 0.0, 1.0);
    out.push_back({static_cast<double>(std::binomial_distribution<>(trials, p)(random)),
                   static_cast<double>(trials)});
  }
  return out;
}

TEST(CompareSharesTest, FalseAlarmsWithBurstsOfErrors) {
  for (const double spread : {0.0, 0.8}) {
    std::mt19937 random(5);
    int rejected = 0;
    for (int i = 0; i < 500; ++i) {
      rejected += CompareShares(Blocks(random, 30, 100, 0.02, spread),
                                Blocks(random, 30, 100, 0.02, spread), 0.95)
                              .p < 0.05
                      ? 1
                      : 0;
    }
    EXPECT_LT(rejected, 40) << spread;
  }
}

TEST(CompareSharesTest, FewErrorsAreTestedExactly) {
  const std::vector<Trials> none = {{0, 1000}};
  const std::vector<Trials> one = {{1, 1000}};
  const std::vector<Trials> ten = {{10, 1000}};
  EXPECT_NEAR(CompareShares(none, one, 0.95).p, 1.0, 1e-6);
  // The exact two-sided p of 0 and 10 of 1000: 2 x C(1000,10)/C(2000,10).
  EXPECT_NEAR(CompareShares(none, ten, 0.95).p, 0.0019, 0.0002);
  EXPECT_FALSE(CompareShares({}, one, 0.95).enough);
}

TEST(CompareRatesTest, PoissonAndBursts) {
  std::mt19937 random(9);
  int rejected = 0;
  int seen = 0;
  for (int i = 0; i < 500; ++i) {
    std::vector<double> a;
    std::vector<double> b;
    std::vector<double> c;
    for (int k = 0; k < 60; ++k) {
      const auto count = [&](double rate) {
        const double burst = std::gamma_distribution<>(5, 0.2)(random);
        return static_cast<double>(std::poisson_distribution<>(rate * burst)(random));
      };
      a.push_back(count(50));
      b.push_back(count(50));
      c.push_back(count(75));
    }
    rejected += CompareRates(a, b, 0.95).p < 0.05 ? 1 : 0;
    seen += CompareRates(a, c, 0.95).p < 0.05 ? 1 : 0;
  }
  EXPECT_LT(rejected, 40);
  EXPECT_GT(seen, 450);
}

TEST(CompareMeansTest, FalseAlarmsPowerAndInterval) {
  std::mt19937 random(13);
  for (const double correlation : {-0.3, 0.0, 0.5}) {
    int rejected = 0;
    int seen = 0;
    int held = 0;
    for (int i = 0; i < 500; ++i) {
      const auto a = Series(random, 12, correlation, 1, 0.1);
      const auto b = Series(random, 12, correlation, 1, 0.1);
      const auto c = Series(random, 12, correlation, 1.3, 0.1);
      rejected += CompareMeans(a, b, 0.95).p < 0.05 ? 1 : 0;
      const Difference d = CompareMeans(a, c, 0.95);
      seen += d.p < 0.01 ? 1 : 0;
      held += d.low <= 0.3 && 0.3 <= d.high ? 1 : 0;
    }
    EXPECT_LT(rejected, 45) << correlation;
    EXPECT_GT(seen, correlation > 0 ? 300 : 450) << correlation;
    EXPECT_GT(held, 455) << correlation;
  }
  EXPECT_FALSE(CompareMeans(std::vector<double>{1, 2}, std::vector<double>(20, 5), 0.95).enough);
  EXPECT_EQ(CompareMeans(std::vector<double>(20, 5), std::vector<double>(20, 5), 0.95).p, 1);
}

TEST(SignedRankTest, AsInTheTables) {
  // All of one sign: two of 2^n patterns.
  EXPECT_NEAR(SignedRankP(std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8}), 2.0 / 256, 1e-12);
  EXPECT_NEAR(SignedRankP(std::vector<double>{-1, -2, -3, -4, -5, -6, -7, -8}), 2.0 / 256, 1e-12);
  // n = 10, a sum of ranks of 8 has a two-sided p of 0.0488.
  EXPECT_NEAR(SignedRankP(std::vector<double>{1, 2, -3, 4, -5, 6, 7, 8, 9, 10}), 0.0488, 5e-4);
  EXPECT_EQ(SignedRankP(std::vector<double>{1, -2, 3, -4, 0}),
            SignedRankP(std::vector<double>{1, -2, 3, -4}));
  EXPECT_EQ(SignedRankP({}), 1);
}

TEST(FalseDiscoveryRatesTest, AsInBenjaminiHochberg) {
  const std::vector<double> q = FalseDiscoveryRates(std::vector<double>{0.01, 0.04, 0.03, 0.5});
  EXPECT_NEAR(q[0], 0.04, 1e-9);
  EXPECT_NEAR(q[1], 0.04 * 4 / 3, 1e-9);
  EXPECT_NEAR(q[2], 0.04 * 4 / 3, 1e-9);
  EXPECT_NEAR(q[3], 0.5, 1e-9);
  EXPECT_TRUE(FalseDiscoveryRates({}).empty());
}

}  // namespace
}  // namespace pano::run
