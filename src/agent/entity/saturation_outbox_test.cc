// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/saturation_outbox.h"

#include <gtest/gtest.h>

#include <thread>

namespace pano::entity {
namespace {

using schema::InstanceMetric;
using std::chrono::milliseconds;

constexpr milliseconds kNoPatience{0};
constexpr milliseconds kLong{20'000};

SaturationOutbox::Samples One(uint32_t instance, uint64_t usage, uint64_t threads = 1) {
  wire::InstanceSample sample;
  sample.instance = instance;
  sample.values[static_cast<size_t>(InstanceMetric::kCpuUsage)] = usage;
  sample.values[static_cast<size_t>(InstanceMetric::kThreads)] = threads;
  return {sample};
}

uint64_t Usage(const wire::InstanceSample& s) {
  return s.values[static_cast<size_t>(InstanceMetric::kCpuUsage)];
}

TEST(SaturationOutboxTest, ASecondGetsItsOwn) {
  SaturationOutbox box;
  box.SetOpen(true);
  box.Put(100, One(7, 50));
  box.Put(101, One(7, 60));  // the other side is late
  auto first = box.Take(100, kLong);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(Usage(first[0]), 50u);
  auto second = box.Take(101, kLong);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(Usage(second[0]), 60u);
  EXPECT_TRUE(box.Take(102, kNoPatience).empty());
}

TEST(SaturationOutboxTest, WhatCameTooLateIsToldWithTheNext) {
  SaturationOutbox box;
  box.SetOpen(true);
  EXPECT_TRUE(box.Take(100, kNoPatience).empty());
  box.Put(100, One(7, 50, 3));
  box.Put(101, One(7, 60, 4));
  box.Put(101, One(8, 1));
  const auto both = box.Take(101, kLong);
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(Usage(both[0]), 110u);
  EXPECT_EQ(both[0].values[static_cast<size_t>(InstanceMetric::kThreads)], 4u);
  EXPECT_EQ(both[1].instance, 8u);
}

TEST(SaturationOutboxTest, WaitsForTheSecondThatIsBeingMeasured) {
  SaturationOutbox box;
  box.SetOpen(true);
  std::jthread measuring([&box] {
    std::this_thread::sleep_for(milliseconds(30));
    box.Put(100, One(7, 50));
  });
  EXPECT_EQ(box.Take(100, kLong).size(), 1u);
}

TEST(SaturationOutboxTest, NobodyWaitsWhereNobodyMeasures) {
  SaturationOutbox box;
  EXPECT_TRUE(box.Take(100, kLong).empty());
  box.SetOpen(true);
  std::jthread ending([&box] {
    std::this_thread::sleep_for(milliseconds(30));
    box.SetOpen(false);
  });
  EXPECT_TRUE(box.Take(100, kLong).empty());
}

TEST(SaturationOutboxTest, AClockSetBackHidesNothing) {
  SaturationOutbox box;
  box.SetOpen(true);
  box.Put(5000, One(7, 50));
  box.Put(5001, One(7, 5));
  box.Put(1400, One(7, 60));
  const auto all = box.Take(1400, kLong);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(Usage(all[0]), 115u);
}

TEST(SaturationOutboxTest, NothingIsLostAndLittleIsKeptWhenNobodyTakes) {
  SaturationOutbox box;
  for (uint64_t second = 1; second <= 1000; ++second) box.Put(second, One(7, 1));
  const auto old = box.Take(995, kNoPatience);
  ASSERT_EQ(old.size(), 1u);
  EXPECT_EQ(Usage(old[0]), 995u);
  EXPECT_EQ(Usage(box.Take(1000, kNoPatience)[0]), 5u);
}

}  // namespace
}  // namespace pano::entity
