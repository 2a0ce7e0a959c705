// SPDX-License-Identifier: Apache-2.0
#include "server/capacity/scalability.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace pano::capacity {
namespace {

std::vector<LoadPoint> Curve(double gain, double contention, double coherency, double last,
                             double noise = 0) {
  Scalability truth{.gain = gain, .contention = contention, .coherency = coherency};
  std::mt19937_64 random(3);
  std::normal_distribution<double> spread(1, noise);
  std::vector<LoadPoint> out;
  for (double n = 1; n <= last; n *= 1.15) {
    out.push_back({n, truth.At(n) * (noise > 0 ? spread(random) : 1)});
  }
  return out;
}

TEST(ScalabilityTest, FindsTheCurveItWasMadeFrom) {
  const auto found = FitScalability(Curve(100, 0.05, 0.002, 80));
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->gain, 100, 2);
  EXPECT_NEAR(found->contention, 0.05, 0.005);
  EXPECT_NEAR(found->coherency, 0.002, 0.0003);
  EXPECT_NEAR(found->peak, std::sqrt(0.95 / 0.002), 2);
  EXPECT_GT(found->fit, 0.99);
}

TEST(ScalabilityTest, NoiseOfAFewPercentDoesNotHurt) {
  const auto found = FitScalability(Curve(40, 0.1, 0.001, 120, 0.05));
  ASSERT_TRUE(found);
  const Scalability truth{.gain = 40, .contention = 0.1, .coherency = 0.001};
  EXPECT_NEAR(found->best, truth.At(std::sqrt(0.9 / 0.001)), 15);
}

TEST(ScalabilityTest, ACeilingWithoutFallIsAnAsymptote) {
  const auto found = FitScalability(Curve(10, 0.2, 0, 200));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->peak, 0);
  EXPECT_NEAR(found->best, 50, 3);
}

TEST(ScalabilityTest, NothingIsSaidBeforeTheBend) {
  EXPECT_FALSE(FitScalability(Curve(10, 0.0001, 0, 8)));
  EXPECT_FALSE(FitScalability({}));
  EXPECT_FALSE(FitScalability(std::vector<LoadPoint>(100, {5, 50})));
  EXPECT_FALSE(FitScalability({{0, 0}, {-1, 5}, {NAN, 3}, {HUGE_VAL, 1}}));
}

}  // namespace
}  // namespace pano::capacity
