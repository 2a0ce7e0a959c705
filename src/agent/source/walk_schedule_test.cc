// SPDX-License-Identifier: Apache-2.0
#include "agent/source/walk_schedule.h"

#include <gtest/gtest.h>

namespace pano::source {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kSecond = 1000 * kMs;

TEST(WalkScheduleTest, IsDueJustBeforeTheWallsSecondEnds) {
  WalkSchedule schedule(kSecond);
  // The wall is 300 ms ahead of a whole second of the monotonic clock.
  const int64_t offset = 1'700'000'000 * int64_t{kSecond} + 300 * int64_t{kMs};
  EXPECT_EQ(schedule.Plan(10 * kSecond, offset), 10 * kSecond + 697 * kMs);
}

TEST(WalkScheduleTest, WalksOnceAnInterval) {
  WalkSchedule schedule(kSecond);
  uint64_t due = schedule.Plan(0, 0);
  for (uint64_t i = 1; i < 20; ++i) {
    EXPECT_EQ(due, i * kSecond - 3 * kMs);
    const uint64_t late = i % 3 * 200 * kMs;
    due = schedule.Plan(due + late, 0);
  }
}

TEST(WalkScheduleTest, WhatComesLateBelongsToTheIntervalThatEnded) {
  WalkSchedule schedule(kSecond);
  schedule.Plan(0, 0);
  EXPECT_EQ(schedule.Stamp(999 * kMs), 999 * kMs);
  EXPECT_EQ(schedule.Stamp(kSecond), kSecond - 1);
  EXPECT_EQ(schedule.Stamp(1200 * kMs), kSecond - 1);
  EXPECT_EQ(schedule.Stamp(1600 * kMs), 1600 * kMs);  // too late to be told as of then
}

TEST(WalkScheduleTest, ShortIntervalsAndClocksSetBackAreSafe) {
  WalkSchedule schedule(20 * kMs);
  EXPECT_EQ(schedule.Plan(3 * kMs, 0), 17'500'000u);
  const uint64_t due = schedule.Plan(5 * kSecond, -4 * int64_t{kSecond});
  EXPECT_GE(due, 5 * kSecond);
  EXPECT_LE(due, 5 * kSecond + 40 * kMs);
}

}  // namespace
}  // namespace pano::source
