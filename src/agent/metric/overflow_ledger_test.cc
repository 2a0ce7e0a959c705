// SPDX-License-Identifier: Apache-2.0
#include "agent/metric/overflow_ledger.h"

#include <gtest/gtest.h>

namespace pano::metric {
namespace {

using schema::EdgeMetric;
using schema::InstanceMetric;

constexpr uint32_t kServer = 7;

wire::EdgeSample Drops(uint32_t client, uint64_t amount) {
  wire::EdgeSample edge;
  edge.key.client_instance = client;
  edge.key.server_instance = kServer;
  edge.key.server_port = 3550;
  edge.key.point = schema::ObservationPoint::kServerProcess;
  edge.values[static_cast<size_t>(EdgeMetric::kServerQueueLack)] = amount;
  return edge;
}

wire::InstanceSample Counted(uint64_t overflows, uint64_t drops) {
  wire::InstanceSample sample;
  sample.instance = kServer;
  sample.values[static_cast<size_t>(InstanceMetric::kListenOverflow)] = overflows;
  sample.values[static_cast<size_t>(InstanceMetric::kListenDrop)] = drops;
  return sample;
}

// Plays one second and answers what the batch's edges say together.
uint64_t Play(OverflowLedger& ledger, uint64_t second, std::vector<wire::EdgeSample> edges,
              std::vector<wire::InstanceSample> saturation) {
  wire::Batch batch;
  batch.second = second;
  batch.edges = std::move(edges);
  batch.saturation = std::move(saturation);
  ledger.Settle(batch);
  uint64_t sum = 0;
  for (const auto& e : batch.edges) {
    sum += e.values[static_cast<size_t>(EdgeMetric::kServerQueueLack)];
  }
  return sum;
}

TEST(OverflowLedgerTest, TheNamespaceSaysHowMany) {
  OverflowLedger ledger;
  EXPECT_EQ(Play(ledger, 100, {Drops(1, 30), Drops(2, 10)}, {Counted(35, 40)}), 35u);
}

TEST(OverflowLedgerTest, TheListenerSaysWhere) {
  OverflowLedger ledger;
  wire::Batch batch;
  batch.second = 100;
  batch.edges = {Drops(1, 30), Drops(2, 10)};
  batch.saturation = {Counted(20, 40)};
  ledger.Settle(batch);
  EXPECT_EQ(batch.edges[0].values[static_cast<size_t>(EdgeMetric::kServerQueueLack)], 15u);
  EXPECT_EQ(batch.edges[1].values[static_cast<size_t>(EdgeMetric::kServerQueueLack)], 5u);
}

TEST(OverflowLedgerTest, WhatComesFirstWaitsForTheOther) {
  OverflowLedger drops_first;
  EXPECT_EQ(Play(drops_first, 100, {Drops(1, 8)}, {}), 0u);
  EXPECT_EQ(Play(drops_first, 101, {}, {Counted(6, 8)}), 6u);
  OverflowLedger counters_first;
  EXPECT_EQ(Play(counters_first, 100, {}, {Counted(6, 8)}), 0u);
  EXPECT_EQ(Play(counters_first, 101, {Drops(1, 8)}, {}), 6u);
}

TEST(OverflowLedgerTest, HalfOpenDropsAreNoOverflow) {
  OverflowLedger ledger;
  uint64_t sum = Play(ledger, 100, {Drops(1, 8)}, {Counted(0, 8)});
  for (uint64_t s = 101; s < 120; ++s) sum += Play(ledger, s, {}, {});
  EXPECT_EQ(sum, 0u);
}

// A listener also counts segments it drops for being out of place.
TEST(OverflowLedgerTest, ANamespaceThatCountsNothingSpeaksForItsListenersToo) {
  OverflowLedger ledger;
  wire::InstanceSample still = Counted(0, 0);
  still.values[static_cast<size_t>(InstanceMetric::kAcceptQueueLimit)] = 128;
  uint64_t sum = Play(ledger, 100, {Drops(1, 1)}, {still});
  for (uint64_t s = 101; s < 120; ++s) sum += Play(ledger, s, {}, {still});
  EXPECT_EQ(sum, 0u);
}

TEST(OverflowLedgerTest, DropsStandWhereNobodyCountsForTheListenerAlone) {
  OverflowLedger ledger;
  uint64_t sum = Play(ledger, 100, {Drops(1, 8)}, {});
  for (uint64_t s = 101; s < 110; ++s) sum += Play(ledger, s, {}, {});
  EXPECT_EQ(sum, 8u);
}

TEST(OverflowLedgerTest, NothingIsLostOverAWholeStory) {
  OverflowLedger ledger;
  uint64_t placed = 0;
  uint64_t counted = 0;
  for (uint64_t s = 0; s < 200; ++s) {
    const uint64_t now = s % 3;
    counted += now * 7;
    placed += Play(ledger, 100 + s, {Drops(1, s % 5 * 3), Drops(2, s % 2)}, {Counted(now * 7, 20)});
  }
  for (uint64_t s = 300; s < 305; ++s) placed += Play(ledger, s, {Drops(1, 1)}, {});
  EXPECT_EQ(placed, counted);
}

}  // namespace
}  // namespace pano::metric
