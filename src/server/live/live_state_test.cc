// SPDX-License-Identifier: Apache-2.0
#include "server/live/live_state.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pano::live {
namespace {

using analysis::Metric;
using analysis::State;
using schema::EdgeMetric;
using schema::InstanceMetric;
using schema::NodeKind;
using schema::ObservationPoint;

constexpr uint64_t kStart = 1'700'000'000;

class LiveStateTest : public testing::Test {
 protected:
  tag::TaggedBatch Batch(uint64_t second) {
    tag::TaggedBatch batch;
    batch.second = second;
    batch.agent = "a";
    batch.health.tier = "sock_length";
    batch.health.stage = "full";
    if (!named_) {
      batch.new_services = {{1, "load", "", NodeKind::kLoadGenerator},
                            {2, "shop", "", NodeKind::kService},
                            {3, "10.96.0.7:80", "", NodeKind::kExternal}};
      named_ = true;
    }
    return batch;
  }
  static tag::EdgeRow Row(ObservationPoint point, uint64_t requests, uint64_t latency_us,
                          uint32_t server = 2) {
    tag::EdgeRow row;
    row.edge = {1, server, 8080, schema::L7Protocol::kHttp1, schema::L4Protocol::kTcp};
    row.point = point;
    Set(row, EdgeMetric::kRequest, requests);
    Set(row, EdgeMetric::kResponse, requests);
    Set(row, EdgeMetric::kByteTx, requests * 100);
    Set(row, EdgeMetric::kRrtSum, requests * latency_us);
    Set(row, EdgeMetric::kRrtCount, requests);
    row.rrt.Add(latency_us, static_cast<uint32_t>(requests));
    return row;
  }
  static void Set(tag::EdgeRow& row, EdgeMetric m, uint64_t value) {
    row.values[static_cast<size_t>(m)] = value;
  }
  // One second with one row of the client's.
  void Second(uint64_t second, uint64_t requests, uint64_t latency_us) {
    tag::TaggedBatch batch = Batch(second);
    if (requests > 0) {
      batch.edges.push_back(Row(ObservationPoint::kClientProcess, requests, latency_us));
    }
    live_.Apply(batch);
    live_.Advance(second);
  }
  const MapEdge& Edge() {
    map_ = live_.Latest();
    return map_->edges.at(0);
  }
  double Detail(std::string_view name) {
    const MapEdge& edge = Edge();
    const auto details = EdgeDetails();
    const auto at = std::ranges::find(details, name, &EdgeNumber::name);
    return edge.details.at(static_cast<size_t>(at - details.begin()));
  }
  const MapNode* Node(std::string_view name) {
    map_ = live_.Latest();
    const auto at = std::ranges::find(map_->nodes, name, &MapNode::name);
    return at == map_->nodes.end() ? nullptr : &*at;
  }

  LiveState live_;
  bool named_ = false;
  std::shared_ptr<const MapView> map_;
};

TEST_F(LiveStateTest, RatesAreThoseOfTheWindowAndPercentilesAreMerged) {
  for (uint64_t i = 0; i < 4; ++i) Second(kStart + i, 100, 1000);
  Second(kStart + 4, 50, 400'000);
  EXPECT_DOUBLE_EQ(Edge().metrics[Metric::kRequestRate], 90) << "450 in 5 seconds";
  EXPECT_DOUBLE_EQ(Edge().metrics[Metric::kTraffic], 9000);
  // 50 of 450 were slow: beyond the median, within p95. Never an average of percentiles.
  EXPECT_NEAR(Detail("latency_p50"), 1000, 100);
  EXPECT_NEAR(Edge().metrics[Metric::kLatency], 400'000, 40'000);
  EXPECT_EQ(live_.Latest()->time, kStart + 5) << "the end of the window";
  EXPECT_EQ(live_.Latest()->from, kStart);
  Second(kStart + 5, 100, 1000);
  EXPECT_DOUBLE_EQ(Edge().metrics[Metric::kRequestRate], 90) << "the first second left the window";
}

TEST_F(LiveStateTest, ARequestSeenAtBothEndsCountsOnceAndAsTheCallerSawIt) {
  tag::TaggedBatch batch = Batch(kStart);
  batch.edges = {Row(ObservationPoint::kClientProcess, 100, 9000),
                 Row(ObservationPoint::kServerProcess, 98, 2000)};
  live_.Apply(batch);
  live_.Advance(kStart);
  ASSERT_EQ(live_.Latest()->edges.size(), 1u);
  EXPECT_DOUBLE_EQ(Edge().metrics[Metric::kRequestRate], 100);
  EXPECT_NEAR(Edge().metrics[Metric::kLatency], 9000, 900);
  EXPECT_NEAR(Detail("latency_server_p95"), 2000, 200);
  EXPECT_NEAR(Detail("latency_difference"), 7000, 1);
  EXPECT_DOUBLE_EQ(Node("shop")->metrics[Metric::kRequestRate], 100);
}

TEST_F(LiveStateTest, TheServersViewServesWhereTheCallersIsMissing) {
  tag::TaggedBatch batch = Batch(kStart);
  batch.edges = {Row(ObservationPoint::kServerProcess, 40, 2000)};
  live_.Apply(batch);
  live_.Advance(kStart);
  EXPECT_DOUBLE_EQ(Edge().metrics[Metric::kRequestRate], 40);
  EXPECT_NEAR(Edge().metrics[Metric::kLatency], 2000, 200);
}

TEST_F(LiveStateTest, ALateBatchCorrectsItsSecond) {
  Second(kStart, 10, 1000);
  Second(kStart + 1, 10, 1000);
  tag::TaggedBatch late = Batch(kStart);
  late.agent = "b";
  late.edges = {Row(ObservationPoint::kClientProcess, 30, 1000)};
  live_.Apply(late);
  const auto past = live_.Over(kStart, kStart + 1);
  ASSERT_TRUE(past);
  EXPECT_EQ(past->edges.at(0).counts.request, 40u);
  Second(kStart + 2, 10, 1000);
  EXPECT_DOUBLE_EQ(Edge().metrics[Metric::kRequestRate], 20) << "60 in 3 seconds";

  late.second = kStart - 100;
  live_.Apply(late);
  EXPECT_EQ(live_.Losses(), (std::vector<std::pair<std::string, uint64_t>>{{"batch_late", 1}}));
}

TEST_F(LiveStateTest, WhoseAgentsAllDeliveredIsComplete) {
  live_.Apply(Batch(kStart));
  tag::TaggedBatch other = Batch(kStart);
  other.agent = "b";
  live_.Apply(other);
  EXPECT_TRUE(live_.Complete(kStart));
  live_.Advance(kStart);
  live_.Apply(Batch(kStart + 1));
  EXPECT_FALSE(live_.Complete(kStart + 1)) << "b has not";
  other.second = kStart + 1;
  live_.Apply(other);
  EXPECT_TRUE(live_.Complete(kStart + 1));
  live_.Apply(Batch(kStart + 20));
  EXPECT_TRUE(live_.Complete(kStart + 20)) << "b is silent for so long that nobody waits for it";
}

TEST_F(LiveStateTest, AQuietEdgeIsIdleAndLeavesWhenForgotten) {
  Second(kStart, 10, 1000);
  uint64_t now = kStart + 1;
  for (; now < kStart + 20; ++now) Second(now, 0, 0);
  EXPECT_EQ(Edge().standing.state, State::kIdle);
  EXPECT_DOUBLE_EQ(Edge().metrics[Metric::kRequestRate], 0) << "watched, and nothing came";
  const uint64_t topology = live_.Latest()->topology;
  for (; now <= kStart + 301; ++now) Second(now, 0, 0);
  EXPECT_TRUE(live_.Latest()->edges.empty());
  EXPECT_TRUE(live_.Latest()->nodes.empty());
  EXPECT_NE(live_.Latest()->topology, topology);
}

TEST_F(LiveStateTest, AnAddressWithoutANameLeavesSoon) {
  tag::TaggedBatch batch = Batch(kStart);
  batch.edges = {Row(ObservationPoint::kClientProcess, 10, 1000, 3)};
  live_.Apply(batch);
  live_.Advance(kStart);
  ASSERT_NE(Node("10.96.0.7:80"), nullptr);
  for (uint64_t i = 1; i <= 11; ++i) Second(kStart + i, 10, 1000);
  EXPECT_EQ(Node("10.96.0.7:80"), nullptr);
  EXPECT_EQ(live_.Latest()->edges.size(), 1u) << "what is named stays";
  EXPECT_TRUE(live_.Over(kStart, kStart + 1)->edges.size() == 1u) << "the past keeps it";
}

TEST_F(LiveStateTest, StatesFollowTheirHysteresis) {
  uint64_t now = kStart;
  for (int i = 0; i < 10; ++i) Second(now++, 10, 1000);
  EXPECT_EQ(Edge().standing.state, State::kOk);
  const uint64_t bad = now;
  Second(now++, 10, 3'000'000);
  EXPECT_EQ(Edge().standing.state, State::kNear) << "one bad second is not over yet";
  Second(now++, 10, 3'000'000);
  EXPECT_EQ(Edge().standing.state, State::kOver);
  EXPECT_EQ(Edge().standing.since, bad);
  ASSERT_TRUE(Edge().standing.worst);
  EXPECT_EQ(Edge().standing.worst->metric, Metric::kLatency);
  EXPECT_EQ(Node("shop")->standing.state, State::kOver);
  for (int i = 0; i < 4; ++i) Second(now++, 10, 1000);
  EXPECT_EQ(Edge().standing.state, State::kOver) << "four good seconds are not enough";
  Second(now++, 10, 1000);
  EXPECT_EQ(Edge().standing.state, State::kOk);
  std::vector<std::string> told;
  for (const MapEvent& e : live_.events().After(0)) {
    if (e.row.kind == schema::EventKind::kState && e.service == "shop") told.push_back(e.row.text);
  }
  ASSERT_EQ(told.size(), 2u);
  EXPECT_TRUE(told[0].starts_with("shop went over its limit: latency 3.")) << told[0];
  EXPECT_EQ(told[1], "shop is within its limits again");
}

TEST_F(LiveStateTest, ChangedLimitsJudgeFromThenOn) {
  for (uint64_t i = 0; i < 5; ++i) Second(kStart + i, 10, 100'000);
  EXPECT_EQ(Edge().standing.state, State::kOk);
  analysis::LimitSet limits = analysis::DefaultLimits();
  limits[Metric::kLatency] = 50'000;
  live_.SetLimits(analysis::Limits(limits));
  Second(kStart + 5, 10, 100'000);
  Second(kStart + 6, 10, 100'000);
  EXPECT_EQ(Edge().standing.state, State::kOver);
}

TEST_F(LiveStateTest, WhileRequestsHangTheWaitIsTheLatency) {
  tag::TaggedBatch batch = Batch(kStart);
  tag::EdgeRow row = Row(ObservationPoint::kClientProcess, 0, 0);
  Set(row, EdgeMetric::kInFlight, 7);
  Set(row, EdgeMetric::kOldestInFlight, 4'200'000);
  batch.edges = {row};
  live_.Apply(batch);
  live_.Advance(kStart);
  EXPECT_DOUBLE_EQ(Edge().metrics[Metric::kLatency], 4'200'000);
  EXPECT_DOUBLE_EQ(Detail("in_flight"), 7);
  EXPECT_DOUBLE_EQ(Detail("oldest_in_flight"), 4'200'000);
}

TEST_F(LiveStateTest, LevelsAreThoseOfTheLastSecondAndAddOverInstances) {
  for (uint64_t i = 0; i < 3; ++i) {
    tag::TaggedBatch batch = Batch(kStart + i);
    tag::EdgeRow row = Row(ObservationPoint::kClientProcess, 1, 1000);
    Set(row, EdgeMetric::kFlowLoad, 5 + i);
    batch.edges = {row, row};
    for (const uint32_t instance : {1u, 2u}) {
      tag::InstanceRow saturation{2, instance, {}};
      saturation.values[static_cast<size_t>(InstanceMetric::kCpuUsage)] = 500'000;
      saturation.values[static_cast<size_t>(InstanceMetric::kCpuQuota)] = 1'000'000;
      saturation.values[static_cast<size_t>(InstanceMetric::kThreads)] = 8 + i;
      batch.saturation.push_back(saturation);
    }
    live_.Apply(batch);
    live_.Advance(kStart + i);
  }
  EXPECT_DOUBLE_EQ(Detail("connections"), 14);
  const MapNode* shop = Node("shop");
  const auto number = [&](std::string_view name) {
    const auto at = std::ranges::find(NodeNumbers(), name, &NodeNumber::name);
    return shop->node_details.at(static_cast<size_t>(at - NodeNumbers().begin()));
  };
  EXPECT_DOUBLE_EQ(number("cpu_usage"), 1.0) << "two instances of half a core, every second";
  EXPECT_DOUBLE_EQ(number("cpu_quota"), 2.0);
  EXPECT_DOUBLE_EQ(number("threads"), 20);
}

TEST_F(LiveStateTest, ReplicasFollowTheInstancesAndScaleEventsAreOnTheMap) {
  tag::TaggedBatch batch = Batch(kStart);
  batch.edges = {Row(ObservationPoint::kClientProcess, 10, 1000)};
  for (const uint32_t id : {11u, 12u}) {
    tag::Instance instance;
    instance.id = id;
    instance.service = 2;
    instance.info.instance = "shop-" + std::to_string(id);
    batch.new_instances.push_back(instance);
  }
  live_.Apply(batch);
  live_.Advance(kStart);
  Second(kStart + 1, 10, 1000);
  EXPECT_EQ(Node("shop")->replicas, 2u);
  EXPECT_EQ(Node("load")->replicas, 1u) << "never announced";

  tag::TaggedBatch change = Batch(kStart + 2);
  change.edges = {Row(ObservationPoint::kClientProcess, 10, 1000)};
  tag::Instance gone = batch.new_instances[1];
  gone.gone = true;
  change.new_instances = {gone};
  change.events = {{(kStart + 2) * 1'000'000'000u, schema::EventKind::kScale, 2, 0, "shop scaled"}};
  live_.Apply(change);
  live_.Advance(kStart + 2);
  EXPECT_EQ(Node("shop")->instances.size(), 2u) << "the one that is gone is shown for a while";
  const auto& events = live_.Latest()->events;
  EXPECT_TRUE(std::ranges::any_of(events, [](const MapEvent& e) {
    return e.row.kind == schema::EventKind::kScale && e.service == "shop";
  }));
  Second(kStart + 3, 10, 1000);
  EXPECT_EQ(Node("shop")->replicas, 1u);
  for (uint64_t i = 4; i < 66; ++i) Second(kStart + i, 10, 1000);
  EXPECT_EQ(Node("shop")->instances.size(), 1u);
}

TEST_F(LiveStateTest, TheVerdictSpeaksOfTrafficAsSoonAsThereIsSome) {
  Second(kStart, 0, 0);
  EXPECT_EQ(live_.Latest()->verdict->verdict, analysis::Verdict::kUnknownCause);
  Second(kStart + 1, 10, 1000);
  EXPECT_EQ(live_.Latest()->verdict->verdict, analysis::Verdict::kNone)
      << live_.Latest()->verdict->sentence;
}

TEST_F(LiveStateTest, SecondsNobodyWatchedAreUnknownNotZero) {
  Second(kStart, 10, 1000);
  for (uint64_t i = 1; i <= 6; ++i) live_.Advance(kStart + i);
  EXPECT_FALSE(analysis::Known(Edge().metrics[Metric::kRequestRate]));
  EXPECT_EQ(Edge().standing.state, State::kNoData);
}

TEST_F(LiveStateTest, AClockFromTheFutureIsRefused) {
  Second(kStart, 10, 1000);
  live_.Apply(Batch(kStart + 1'000'000));
  EXPECT_EQ(live_.Losses().at(0).first, "batch_clock");
  Second(kStart + 1, 10, 1000);
  EXPECT_DOUBLE_EQ(Edge().metrics[Metric::kRequestRate], 10);
}

}  // namespace
}  // namespace pano::live
