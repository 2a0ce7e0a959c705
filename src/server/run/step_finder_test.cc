// SPDX-License-Identifier: Apache-2.0
#include "server/run/step_finder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace pano::run {
namespace {

constexpr uint64_t kBegin = 1'700'000'000;
constexpr uint64_t kNs = 1'000'000'000;

// Seconds with Poisson requests.
class Load {
 public:
  explicit Load(uint32_t seed) : random_(seed) {}

  void Add(int seconds, double rate, double connections, double latency_us, double connects = 0) {
    for (int i = 0; i < seconds; ++i) {
      LoadPoint p;
      p.from = kBegin + points.size();
      p.seconds = 1;
      p.known = true;
      p.offered = rate > 0 ? std::poisson_distribution<int>(rate)(random_) : 0;
      p.accepted = p.offered;
      p.connects = connects;
      p.connections = connections;
      p.latency_us = latency_us * std::exp(std::normal_distribution<>(0, 0.1)(random_));
      p.in_flight = p.offered * p.latency_us / 1e6;
      points.push_back(p);
    }
  }
  std::vector<uint64_t> Begins(std::span<const RunEvent> events = {},
                               std::span<const Mark> marks = {}) const {
    std::vector<uint64_t> out;
    for (const Step& s : FindSteps(points, events, marks)) out.push_back(s.from - kBegin);
    return out;
  }

  std::vector<LoadPoint> points;

 private:
  std::mt19937 random_;
};

void ExpectNear(const std::vector<uint64_t>& found, const std::vector<uint64_t>& truth) {
  ASSERT_EQ(found.size(), truth.size()) << testing::PrintToString(found);
  for (size_t i = 0; i < truth.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(found[i]), static_cast<double>(truth[i]), 2);
  }
}

TEST(StepFinderTest, SteadyLoadIsOneStep) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    Load load(seed);
    load.Add(300, 40, 50, 5000);
    ExpectNear(load.Begins(), {0});
  }
}

TEST(StepFinderTest, RatePlateausOfAnOpenLoopGenerator) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    Load load(seed);
    load.Add(40, 100, 20, 5000);
    load.Add(40, 200, 20, 5200);
    load.Add(40, 400, 20, 9000);
    load.Add(40, 200, 20, 5200);
    ExpectNear(load.Begins(), {0, 40, 80, 120});
  }
}

TEST(StepFinderTest, UsersOfAClosedLoopGenerator) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    Load load(seed);
    load.Add(60, 100, 500, 5000);
    load.Add(60, 190, 1000, 20'000);
    load.Add(60, 200, 1500, 1'500'000);  // full: more users, hardly more requests
    ExpectNear(load.Begins(), {0, 60, 120});
  }
}

TEST(StepFinderTest, AFasterSystemIsNoStepOfTheLoad) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    Load load(seed);
    load.Add(60, 100, 1500, 8'000'000);
    load.Add(60, 160, 1500, 1'000'000);
    ExpectNear(load.Begins(), {0});
  }
}

TEST(StepFinderTest, ScalingBeginsAStepAndNamesIt) {
  Load load(1);
  load.Add(60, 100, 1500, 8'000'000);
  load.Add(60, 160, 1500, 1'000'000);
  const std::vector<RunEvent> events = {
      {(kBegin + 60) * kNs, schema::EventKind::kScale, "cart", "", "cart scaled from 1 to 2"},
      {(kBegin + 63) * kNs, schema::EventKind::kScale, "ad", "", "ad scaled from 1 to 2"},
      {(kBegin + 80) * kNs, schema::EventKind::kState, "ad", "", "ad went over its limit"}};
  const std::vector<Step> steps = FindSteps(load.points, events, {});
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[1].from, kBegin + 60);
  EXPECT_EQ(steps[1].reason, StepReason::kScale);
  EXPECT_EQ(steps[1].label, "cart scaled from 1 to 2");
  EXPECT_NEAR(steps[1].offered_rate, 160, 8);
}

TEST(StepFinderTest, AMarkBeginsAStepWhereItIs) {
  Load load(1);
  load.Add(60, 100, 10, 5000);
  const std::vector<Mark> marks = {{kBegin + 25, "cache warm", true}, {kBegin + 40, "note", false}};
  const std::vector<Step> steps = FindSteps(load.points, {}, marks);
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[1].from, kBegin + 25);
  EXPECT_EQ(steps[1].label, "cache warm");
}

TEST(StepFinderTest, SettlesAfterTheRamp) {
  Load load(3);
  load.Add(60, 50, 100, 5000);
  for (int i = 1; i <= 8; ++i) load.Add(1, 50 + 20 * i, 100 + 40 * i, 5000);
  load.Add(60, 220, 420, 5000);
  const std::vector<Step> steps = FindSteps(load.points, {}, {});
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_GE(steps[1].settled_from, kBegin + 62);
  EXPECT_LE(steps[1].settled_from, kBegin + 70);
  EXPECT_NEAR(steps[1].offered_rate, 220, 12);
}

TEST(StepFinderTest, NothingIsNoStepAndOneSecondIsOne) {
  EXPECT_TRUE(FindSteps({}, {}, {}).empty());
  Load load(1);
  load.Add(1, 5, 1, 100);
  EXPECT_EQ(load.Begins(), std::vector<uint64_t>{0});
}

}  // namespace
}  // namespace pano::run
