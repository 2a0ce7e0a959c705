// SPDX-License-Identifier: Apache-2.0
#include "wire/codec.h"

#include <gtest/gtest.h>

#include <random>

namespace pano::wire {
namespace {

using schema::EdgeMetric;

EdgeKey SomeKey() {
  EdgeKey key;
  key.client_instance = 7;
  key.server_ip = *IpAddress::Parse("10.96.0.10");
  key.server_port = 3550;
  key.l7_protocol = schema::L7Protocol::kGrpc;
  key.point = schema::ObservationPoint::kServerProcess;
  return key;
}

Batch SomeBatch() {
  Batch b;
  b.agent = "agent-1";
  b.host = "node";
  b.second = 1'767'225'600;
  InstanceInfo& i = b.instances.emplace_back();
  i.id = 7;
  i.service = "cart";
  i.instance = "cart-6c9f7d-x2k4p";
  i.name_source = "pod_name";
  i.addresses = {*IpAddress::Parse("10.244.0.5"), *IpAddress::Parse("fd00::5")};
  i.kind = schema::NodeKind::kCache;
  i.oom_killed = true;
  EdgeSample& e = b.edges.emplace_back();
  e.key = SomeKey();
  e.values[static_cast<size_t>(EdgeMetric::kByteTx)] = ~uint64_t{0};
  e.values[static_cast<size_t>(EdgeMetric::kUnnamedRequest)] = 3;
  e.rrt.Add(1);
  e.rrt.Add(250'000, 40);
  EndpointSample& p = b.endpoints.emplace_back();
  p.key = SomeKey();
  p.endpoint = "GET /api/products/{id}";
  p.request = 41;
  p.rrt_max = 250'000;
  p.rrt = e.rrt;
  InstanceSample& s = b.saturation.emplace_back();
  s.instance = 7;
  s.values[2] = 500'000;
  RequestRecord& r = b.requests.emplace_back();
  r.key = SomeKey();
  r.time_ns = 1'767'225'600'123'456'789;
  r.client_ip = *IpAddress::Parse("127.0.0.1");
  r.response_code = -14;
  r.status = schema::ResponseStatus::kServerError;
  b.events.push_back({5, schema::EventKind::kOomKill, 7, "cart", "killed"});
  b.losses.push_back({"ring_full", 12});
  b.health = {"sock_length", "full", 12'000, 1 << 20, 99, 3};
  return b;
}

TEST(CodecTest, RoundTripKeepsEverything) {
  const Batch in = SomeBatch();
  const auto bytes = EncodeBatch(in);
  const auto out = DecodeBatch(bytes);
  ASSERT_TRUE(out) << out.error().ToString();
  EXPECT_EQ(out->agent, "agent-1");
  EXPECT_EQ(out->second, in.second);
  ASSERT_EQ(out->instances.size(), 1u);
  EXPECT_EQ(out->instances[0].addresses, in.instances[0].addresses);
  EXPECT_EQ(out->instances[0].kind, schema::NodeKind::kCache);
  EXPECT_TRUE(out->instances[0].oom_killed);
  EXPECT_FALSE(out->instances[0].gone);
  ASSERT_EQ(out->edges.size(), 1u);
  EXPECT_EQ(out->edges[0].key, in.edges[0].key);
  EXPECT_EQ(out->edges[0].values, in.edges[0].values);
  EXPECT_EQ(out->edges[0].rrt, in.edges[0].rrt);
  ASSERT_EQ(out->requests.size(), 1u);
  EXPECT_EQ(out->requests[0].response_code, -14);
  EXPECT_EQ(out->requests[0].client_ip, in.requests[0].client_ip);
  EXPECT_EQ(EncodeBatch(*out), bytes);
}

TEST(CodecTest, EveryTruncationIsRefused) {
  const auto bytes = EncodeBatch(SomeBatch());
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(DecodeBatch(Bytes(bytes).first(n))) << n << " of " << bytes.size();
  }
}

TEST(CodecTest, TrailingBytesAndOtherVersionsAreRefused) {
  auto bytes = EncodeBatch(SomeBatch());
  bytes.push_back(std::byte{0});
  EXPECT_EQ(DecodeBatch(bytes).error().code, Code::kInvalid);
  bytes.pop_back();
  bytes[4] = std::byte{99};
  EXPECT_EQ(DecodeBatch(bytes).error().code, Code::kUnsupported);
}

TEST(CodecTest, HugeCountsDoNotAllocate) {
  // A list that claims 2^40 instances in a batch of a few bytes.
  std::vector<std::byte> bytes = EncodeBatch(Batch{});
  std::vector<std::byte> evil(bytes.begin(), bytes.begin() + 5 + 2);  // magic, version, two texts
  evil.push_back(std::byte{1});                                       // second
  for (int i = 0; i < 5; ++i) evil.push_back(std::byte{0xff});
  evil.push_back(std::byte{0x7f});
  EXPECT_FALSE(DecodeBatch(evil));
}

TEST(CodecTest, UnknownMetricIsSkipped) {
  Batch b;
  b.saturation.push_back({1, {}});
  auto bytes = EncodeBatch(b);
  // Empty batch around it: find the sample's value count (0) and put one unknown metric there.
  const std::vector<std::byte> pair = {std::byte{1}, std::byte{0x7e}, std::byte{5}};
  // magic 4, version, agent, host, second, instances, edges, endpoints, saturation count, instance
  const size_t at = 4 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1;
  ASSERT_EQ(bytes[at], std::byte{0});
  bytes.erase(bytes.begin() + at);
  bytes.insert(bytes.begin() + at, pair.begin(), pair.end());
  const auto out = DecodeBatch(bytes);
  ASSERT_TRUE(out) << out.error().ToString();
  EXPECT_EQ(out->saturation.at(0).values, schema::InstanceValues{});
}

TEST(CodecTest, DamagedBytesNeverCrash) {
  const auto good = EncodeBatch(SomeBatch());
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = good;
    for (int k = 0; k < 3; ++k) bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    const auto out = DecodeBatch(bytes);
    if (out) {
      EXPECT_TRUE(DecodeBatch(EncodeBatch(*out)));
    }
  }
}

}  // namespace
}  // namespace pano::wire
