// SPDX-License-Identifier: Apache-2.0
#include "agent/metric/aggregator.h"

#include <gtest/gtest.h>

namespace pano::metric {
namespace {

using flow::Connection;
using schema::EdgeMetric;
using schema::L7Protocol;
using session::Request;
using session::SessionEvent;

constexpr uint64_t kSecondNs = 1'000'000'000;

class Names : public Directory {
 public:
  uint32_t InstanceOf(uint32_t tgid) override { return tgid == 0 ? 0 : tgid + 1000; }
  uint32_t InstanceAt(const IpAddress&, uint16_t) override { return 0; }
  uint32_t ListenerTgid(uint32_t netns, uint16_t port) const override {
    return netns == 1 && port == 8686 ? 77 : 0;
  }
};

class AggregatorTest : public ::testing::Test {
 protected:
  AggregatorTest() {
    c.id = 5;
    c.has_tuple = true;
    c.tuple = {*IpAddress::Parse("10.0.0.1"), *IpAddress::Parse("10.96.0.1"), 40000, 80, 1,
               schema::L4Protocol::kTcp};
    c.role = flow::Role::kClient;
    c.tgid = 1;
    c.client = {c.tuple.local, 40000};
    c.server = {c.tuple.remote, 80};
  }
  void Settle() {
    c.peer_known = true;
    c.peer_tgid = 2;
    c.translated = true;
    c.server = {*IpAddress::Parse("10.0.0.9"), 8080};
    c.l7_protocol = L7Protocol::kHttp1;
    c.l7_settled = true;
  }
  wire::Batch Flush(uint64_t second) {
    wire::Batch out;
    metrics.Flush(second, [this](uint64_t id) { return id == c.id ? &c : nullptr; }, out);
    return out;
  }
  static uint64_t Of(const wire::EdgeSample& e, EdgeMetric m) {
    return e.values[static_cast<size_t>(m)];
  }

  Names names;
  AggregatorOptions options;
  Aggregator metrics{options, names};
  Connection c;
};

TEST_F(AggregatorTest, WhatWasCountedBeforeTheEndsWereKnownIsOnTheRightEdge) {
  metrics.Count(c, EdgeMetric::kSynCount, 1, 10 * kSecondNs);
  Settle();
  metrics.Count(c, EdgeMetric::kByteTx, 70, 10 * kSecondNs + 5);
  const wire::Batch b = Flush(10);
  ASSERT_EQ(b.edges.size(), 1u);
  EXPECT_EQ(b.edges[0].key.client_instance, 1001u);
  EXPECT_EQ(b.edges[0].key.server_instance, 1002u);
  EXPECT_EQ(b.edges[0].key.server_port, 8080);
  EXPECT_EQ(b.edges[0].key.l7_protocol, L7Protocol::kHttp1);
  EXPECT_EQ(Of(b.edges[0], EdgeMetric::kSynCount), 1u);
  EXPECT_EQ(Of(b.edges[0], EdgeMetric::kByteTx), 70u);
}

TEST_F(AggregatorTest, ALoopbackServerIsWhoListensThereAndOurOwnIsLeftOut) {
  c.tuple.remote = c.server.ip = *IpAddress::Parse("127.0.0.1");
  c.server.port = 8686;
  metrics.Count(c, EdgeMetric::kByteTx, 70, 10 * kSecondNs);
  const wire::Batch shown = Flush(10);
  ASSERT_EQ(shown.edges.size(), 1u);
  EXPECT_EQ(shown.edges[0].key.server_instance, 1077u);

  options.self_tgid = 77;
  Aggregator own(options, names);
  own.Count(c, EdgeMetric::kByteTx, 70, 10 * kSecondNs);
  wire::Batch hidden;
  own.Flush(10, [this](uint64_t) { return &c; }, hidden);
  EXPECT_TRUE(hidden.edges.empty());
}

TEST_F(AggregatorTest, ARefusedConnectFindsTheServiceLearnedBehindItsAddress) {
  metrics.Count(c, EdgeMetric::kSynCount, 1, 10 * kSecondNs);
  Settle();
  Flush(10);
  Connection refused = c;
  refused.id = 6;
  refused.peer_known = refused.translated = refused.l7_settled = false;
  refused.peer_tgid = 0;
  refused.l7_protocol = L7Protocol::kUnknown;
  refused.server = {c.tuple.remote, 80};
  metrics.Count(refused, EdgeMetric::kTcpEstablishFail, 1, 11 * kSecondNs);
  const wire::Batch b = Flush(11);
  ASSERT_EQ(b.edges.size(), 1u);
  EXPECT_EQ(b.edges[0].key.server_instance, 1002u);
  EXPECT_EQ(b.edges[0].key.server_port, 8080);
  EXPECT_EQ(b.edges[0].key.l7_protocol, L7Protocol::kHttp1);
}

TEST_F(AggregatorTest, RequestsCountWhenTheyStartAndResponsesWhenTheyEnd) {
  Settle();
  Request r;
  r.endpoint = "GET /";
  r.request_time_ns = 1000;
  metrics.Session(c, SessionEvent::kRequestStarted, r, 10 * kSecondNs, 10 * kSecondNs);
  r.response_time_ns = 1000 + 1'500'000'000;
  r.status = schema::ResponseStatus::kServerError;
  metrics.Session(c, SessionEvent::kRequestFinished, r, 10 * kSecondNs,
                  11 * kSecondNs + kSecondNs / 2);
  const wire::Batch first = Flush(10);
  const wire::Batch second = Flush(11);
  ASSERT_EQ(first.edges.size(), 1u);
  ASSERT_EQ(second.edges.size(), 1u);
  EXPECT_EQ(Of(first.edges[0], EdgeMetric::kRequest), 1u);
  EXPECT_EQ(Of(first.edges[0], EdgeMetric::kResponse), 0u);
  EXPECT_EQ(Of(second.edges[0], EdgeMetric::kRequest), 0u);
  EXPECT_EQ(Of(second.edges[0], EdgeMetric::kResponse), 1u);
  EXPECT_EQ(Of(second.edges[0], EdgeMetric::kServerError), 1u);
  EXPECT_EQ(Of(second.edges[0], EdgeMetric::kRrtMax), 1'500'000u);
  EXPECT_EQ(second.edges[0].rrt.count(), 1u);
  ASSERT_EQ(second.endpoints.size(), 1u);
  EXPECT_EQ(second.endpoints[0].endpoint, "GET /");
  EXPECT_EQ(second.endpoints[0].server_error, 1u);
  ASSERT_EQ(second.requests.size(), 1u) << "failed requests are kept";
}

TEST_F(AggregatorTest, LateCountsGoToTheNextSecondAndNoneIsLost) {
  Settle();
  metrics.Count(c, EdgeMetric::kByteTx, 1, 10 * kSecondNs);
  Flush(10);
  metrics.Count(c, EdgeMetric::kByteTx, 2, 10 * kSecondNs);
  const wire::Batch b = Flush(11);
  ASSERT_EQ(b.edges.size(), 1u);
  EXPECT_EQ(Of(b.edges[0], EdgeMetric::kByteTx), 2u);
  EXPECT_EQ(metrics.counts().late, 1u);
}

TEST_F(AggregatorTest, EndpointsAreCappedButCountsStayExact) {
  Settle();
  Request r;
  for (int i = 0; i < 300; ++i) {
    r.endpoint = "GET /" + std::to_string(i);
    metrics.Session(c, SessionEvent::kRequestStarted, r, 10 * kSecondNs, 10 * kSecondNs);
  }
  const wire::Batch b = Flush(10);
  EXPECT_EQ(b.endpoints.size(), options.max_endpoints + 1u);
  uint64_t sum = 0;
  for (const auto& e : b.endpoints) sum += e.request;
  EXPECT_EQ(sum, 300u);
  EXPECT_EQ(Of(b.edges.at(0), EdgeMetric::kRequest), 300u);
  EXPECT_EQ(metrics.counts().endpoint_limit, 100u);
}

TEST_F(AggregatorTest, IdleConnectionsStillShowTheirLevels) {
  Settle();
  metrics.Levels(c, {3, 2'000'000, 40}, 10);
  const wire::Batch b = Flush(10);
  ASSERT_EQ(b.edges.size(), 1u);
  EXPECT_EQ(Of(b.edges[0], EdgeMetric::kFlowLoad), 1u);
  EXPECT_EQ(Of(b.edges[0], EdgeMetric::kInFlight), 3u);
  EXPECT_EQ(Of(b.edges[0], EdgeMetric::kOldestInFlight), 2'000'000u);
  EXPECT_EQ(Of(b.edges[0], EdgeMetric::kConsumerLag), 40u);
}

}  // namespace
}  // namespace pano::metric
