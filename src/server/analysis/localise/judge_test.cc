// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/judge.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace pano::analysis {
namespace {

std::vector<double> Noise(size_t count, double level, double spread, uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<double> values(count);
  for (double& v : values) v = std::max(level * (1 + spread * normal(engine)), 0.0);
  return values;
}

Sample Of(ValueKind kind, std::vector<double> usual, std::vector<double> now) {
  Sample s{.kind = kind};
  s.usual = std::move(usual);
  s.now = std::move(now);
  return s;
}

TEST(Judge, KnowsNothingOfNothing) {
  EXPECT_FALSE(Judge(Of(ValueKind::kTime, {1, 1, 1}, {})).known);
  EXPECT_FALSE(Judge(Of(ValueKind::kTime, {1, 1, 1}, {kNotKnown})).known);
  const Judged two = Judge(Of(ValueKind::kTime, {1, 1}, {9}));
  EXPECT_TRUE(two.known);
  EXPECT_FALSE(two.has_usual);
  EXPECT_EQ(two.strength, 0);
}

TEST(Judge, FewBadPointsAfterManyGoodOnesAreSeen) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const Judged bad =
        Judge(Of(ValueKind::kTime, Noise(288, 0.1, 0.1, seed), Noise(2, 0.2, 0.1, seed + 99)));
    EXPECT_GT(bad.up(), 0.9) << seed;
    EXPECT_NEAR(bad.change, std::log(2.0), 0.25);
  }
}

TEST(Judge, NoiseIsNotATrouble) {
  size_t wrong = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const size_t usual = 10 + seed % 300;
    const size_t now = 1 + seed % 12;
    const Judged same = Judge(
        Of(ValueKind::kTime, Noise(usual, 0.1, 0.3, seed), Noise(now, 0.1, 0.3, seed + 5000)));
    wrong += same.strength > 0.25;
  }
  EXPECT_LE(wrong, 4U);
}

TEST(Judge, SlowDriftOfTheBaselineWidensWhatIsNormal) {
  std::vector<double> day(288);
  for (size_t i = 0; i < day.size(); ++i) {
    day[i] = 0.1 * (1 + 0.4 * std::sin(2 * 3.14159 * static_cast<double>(i) / 288));
  }
  // The height of the day, once more.
  EXPECT_LT(Judge(Of(ValueKind::kTime, day, std::vector<double>(12, 0.139))).strength, 0.1);
  EXPECT_GT(Judge(Of(ValueKind::kTime, day, std::vector<double>(12, 0.4))).up(), 0.5);
}

TEST(Judge, UnitsDoNotMatterForTimes) {
  const auto usual = Noise(100, 0.1, 0.1, 1);
  const auto now = Noise(5, 0.15, 0.1, 2);
  auto scaled_usual = usual;
  auto scaled_now = now;
  for (double& v : scaled_usual) v *= 1e3;
  for (double& v : scaled_now) v *= 1e3;
  const Judged one = Judge(Of(ValueKind::kTime, usual, now));
  const Judged other = Judge(Of(ValueKind::kTime, scaled_usual, scaled_now));
  EXPECT_NEAR(one.z, other.z, 1e-6);
  EXPECT_NEAR(one.strength, other.strength, 1e-6);
}

TEST(Judge, FewFailuresOfFewRequestsProveNothing) {
  Sample few = Of(ValueKind::kShare, std::vector<double>(100, 0.0), {1.0 / 3});
  few.usual_weights.assign(100, 3);
  few.now_weights = {3};
  EXPECT_LT(Judge(few).strength, 0.3);
  Sample many = few;
  many.usual_weights.assign(100, 3000);
  many.now_weights = {3000};
  EXPECT_GT(Judge(many).up(), 0.95);
}

TEST(Judge, ConstantSeriesThatStayAreNormal) {
  EXPECT_EQ(Judge(Of(ValueKind::kTime, std::vector<double>(50, 0.0), {0, 0})).strength, 0);
  EXPECT_EQ(Judge(Of(ValueKind::kCount, std::vector<double>(50, 0.0), {0})).strength, 0);
  EXPECT_EQ(Judge(Of(ValueKind::kShare, std::vector<double>(50, 1.0), {1})).strength, 0);
  EXPECT_GT(Judge(Of(ValueKind::kTime, std::vector<double>(50, 0.0), {0.5, 0.5})).up(), 0.9);
}

TEST(Judge, PointScoresFindTheOnset) {
  const auto usual = Noise(100, 0.1, 0.1, 1);
  const auto scores = PointScores(Of(ValueKind::kTime, usual, {0.1, 0.1, kNotKnown, 0.3, 0.3}));
  EXPECT_LT(std::abs(scores[0]), 3);
  EXPECT_TRUE(std::isnan(scores[2]));
  EXPECT_GT(scores[3], 5);
}

}  // namespace
}  // namespace pano::analysis
