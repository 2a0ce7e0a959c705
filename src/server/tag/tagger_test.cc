// SPDX-License-Identifier: Apache-2.0
#include "server/tag/tagger.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pano::tag {
namespace {

using schema::EventKind;
using schema::L7Protocol;
using schema::NodeKind;
using schema::ObservationPoint;

constexpr uint64_t kStart = 1'700'000'000;

wire::InstanceInfo Info(uint32_t id, std::string service, std::string instance,
                        const std::string& address = "") {
  wire::InstanceInfo info;
  info.id = id;
  info.service = std::move(service);
  info.instance = instance;
  info.container_id = std::move(instance);
  info.start_time_ns = kStart * 1'000'000'000u;
  if (!address.empty()) info.addresses.push_back(*IpAddress::Parse(address));
  return info;
}

wire::EdgeSample Sample(uint32_t client, uint32_t server, uint16_t port = 8080,
                        L7Protocol l7 = L7Protocol::kHttp1) {
  wire::EdgeSample sample;
  sample.key.client_instance = client;
  sample.key.server_instance = server;
  sample.key.server_port = port;
  sample.key.l7_protocol = l7;
  return sample;
}

wire::Batch Batch(uint64_t second, std::vector<wire::InstanceInfo> instances = {},
                  std::vector<wire::EdgeSample> edges = {}) {
  wire::Batch batch;
  batch.agent = "a";
  batch.second = second;
  batch.instances = std::move(instances);
  batch.edges = std::move(edges);
  return batch;
}

std::string NameOf(const Tagger& tagger, uint32_t service) {
  const Service* found = tagger.directory().FindService(service);
  return found == nullptr ? "" : found->name;
}

std::vector<EventKind> KindsOf(const TaggedBatch& batch) {
  std::vector<EventKind> out;
  out.reserve(batch.events.size());
  for (const EventRow& e : batch.events) out.push_back(e.kind);
  return out;
}

TEST(Tagger, BothEndsOfAConnectionAreOneEdge) {
  Tagger tagger;
  wire::EdgeSample server = Sample(7, 8);
  server.key.point = ObservationPoint::kServerProcess;
  const TaggedBatch out = tagger.Tag(
      Batch(kStart, {Info(7, "web", "web-1"), Info(8, "cart", "cart-1")}, {Sample(7, 8), server}));
  ASSERT_EQ(out.edges.size(), 2u);
  EXPECT_EQ(out.edges[0].edge, out.edges[1].edge);
  EXPECT_EQ(NameOf(tagger, out.edges[0].edge.client_service), "web");
  EXPECT_EQ(NameOf(tagger, out.edges[0].edge.server_service), "cart");
  EXPECT_EQ(out.new_services.size(), 2u);
  EXPECT_EQ(out.new_instances.size(), 2u);
  EXPECT_TRUE(tagger.Tag(Batch(kStart + 1, {}, {Sample(7, 8)})).new_services.empty());
}

TEST(Tagger, IdsAreTheSameAfterARestartOfTheServer) {
  const std::vector<wire::InstanceInfo> instances{Info(7, "web", "web-1"),
                                                  Info(8, "cart", "cart-1")};
  Tagger before;
  const TaggedBatch first = before.Tag(Batch(kStart, instances, {Sample(7, 8)}));
  Dictionary stored{first.new_services, first.new_instances, first.new_endpoints};
  std::ranges::reverse(stored.services);

  Tagger after;
  after.Load(stored);
  // The agent announces in another order, and somebody new comes first.
  const TaggedBatch again = after.Tag(
      Batch(kStart + 60, {Info(9, "new", "new-1"), instances[1], instances[0]}, {Sample(7, 8)}));
  EXPECT_EQ(again.edges.at(0).edge, first.edges.at(0).edge);
  EXPECT_EQ(again.edges[0].client_instance, first.edges[0].client_instance);
  EXPECT_EQ(again.edges[0].server_instance, first.edges[0].server_instance);
  ASSERT_EQ(again.new_services.size(), 1u);
  EXPECT_EQ(again.new_services[0].name, "new");
  EXPECT_GT(again.new_services[0].id, 2u);
}

TEST(Tagger, UnknownAddressesAreOutsideNodes) {
  Tagger tagger;
  wire::EdgeSample out_call = Sample(7, 0, 443);
  out_call.key.server_ip = *IpAddress::Parse("93.184.216.34");
  wire::EdgeSample in_call = Sample(0, 7);
  in_call.key.client_ip = *IpAddress::Parse("93.184.216.35");
  wire::EdgeSample private_call = in_call;
  private_call.key.client_ip = *IpAddress::Parse("10.1.2.3");
  const TaggedBatch out =
      tagger.Tag(Batch(kStart, {Info(7, "web", "web-1")}, {out_call, in_call, private_call}));
  ASSERT_EQ(out.edges.size(), 3u);
  EXPECT_EQ(NameOf(tagger, out.edges[0].edge.server_service), "93.184.216.34:443");
  EXPECT_EQ(NameOf(tagger, out.edges[1].edge.client_service), "internet");
  EXPECT_EQ(NameOf(tagger, out.edges[2].edge.client_service), "10.1.2.3");
  const Service* peer = tagger.directory().FindService(out.edges[0].edge.server_service);
  EXPECT_EQ(peer->kind, NodeKind::kExternal);
}

TEST(Tagger, AnAddressOfAnInstanceIsThatInstanceAlsoForOtherAgents) {
  Tagger tagger;
  tagger.Tag(Batch(kStart, {Info(8, "cart", "cart-1", "10.0.0.8")}));
  wire::EdgeSample call = Sample(7, 0);
  call.key.server_ip = *IpAddress::Parse("10.0.0.8");
  wire::Batch other = Batch(kStart, {Info(7, "web", "web-1")}, {call});
  other.agent = "b";
  const TaggedBatch out = tagger.Tag(std::move(other));
  EXPECT_EQ(NameOf(tagger, out.edges.at(0).edge.server_service), "cart");
  EXPECT_NE(out.edges[0].server_instance, 0u);
}

TEST(Tagger, AProtocolLearnedLaterIsThatOfTheWholeEdge) {
  Tagger tagger;
  const std::vector<wire::InstanceInfo> instances{Info(7, "web", "web-1"), Info(8, "db", "db-1")};
  tagger.Tag(Batch(kStart, instances, {Sample(7, 8, 3306, L7Protocol::kMysql)}));
  const TaggedBatch failed =
      tagger.Tag(Batch(kStart + 1, {}, {Sample(7, 8, 3306, L7Protocol::kUnknown)}));
  EXPECT_EQ(failed.edges.at(0).edge.l7_protocol, L7Protocol::kMysql);
  EXPECT_EQ(tagger.directory().FindService(failed.edges[0].edge.server_service)->kind,
            NodeKind::kDatabase);
}

TEST(Tagger, ARestartIsTold) {
  Tagger tagger;
  tagger.Tag(Batch(kStart, {Info(7, "web", "web-1"), Info(8, "cart", "cart-1")}, {Sample(7, 8)}));
  wire::InstanceInfo gone = Info(8, "cart", "cart-1");
  gone.gone = true;
  const uint64_t now = kStart + 10;
  wire::InstanceInfo next = Info(9, "cart", "cart-2");
  next.start_time_ns = now * 1'000'000'000u;
  const TaggedBatch changed = tagger.Tag(Batch(now, {gone, next}));
  EXPECT_EQ(KindsOf(changed), (std::vector{EventKind::kInstanceDown, EventKind::kInstanceUp}));
  const TaggedBatch settled = tagger.Tag(Batch(now + 3));
  ASSERT_EQ(KindsOf(settled), std::vector{EventKind::kRestart});
  EXPECT_EQ(settled.events[0].text, "cart restarted");
}

TEST(Tagger, ADeployIsTold) {
  Tagger tagger;
  wire::InstanceInfo old = Info(8, "cart", "cart-6c9f7d-x2k4p");
  old.pod_uid = "1";
  tagger.Tag(Batch(kStart, {Info(7, "web", "web-1"), old}, {Sample(7, 8)}));
  const uint64_t now = kStart + 10;
  wire::InstanceInfo next = Info(9, "cart", "cart-7b41aa-q8w2z");
  next.pod_uid = "2";
  next.start_time_ns = now * 1'000'000'000u;
  old.gone = true;
  tagger.Tag(Batch(now, {old, next}));
  const TaggedBatch settled = tagger.Tag(Batch(now + 3));
  ASSERT_EQ(KindsOf(settled), std::vector{EventKind::kDeploy});
  EXPECT_EQ(settled.events[0].text, "cart was deployed");
}

TEST(Tagger, ScalingOutIsTold) {
  Tagger tagger;
  tagger.Tag(Batch(kStart, {Info(8, "cart", "cart-1")}));
  wire::InstanceInfo second = Info(9, "cart", "cart-2");
  second.start_time_ns = (kStart + 10) * 1'000'000'000u;
  tagger.Tag(Batch(kStart + 10, {second}));
  const TaggedBatch settled = tagger.Tag(Batch(kStart + 13));
  ASSERT_EQ(KindsOf(settled), std::vector{EventKind::kScale});
  EXPECT_EQ(settled.events[0].text, "cart scaled from 1 to 2");
}

TEST(Tagger, WhatWasThereBeforeTheAgentIsNoEvent) {
  Tagger tagger;
  EXPECT_TRUE(tagger.Tag(Batch(kStart, {Info(8, "cart", "cart-1")})).events.empty());
  EXPECT_TRUE(tagger.Tag(Batch(kStart + 2, {Info(9, "cart", "cart-2")})).events.empty());
  EXPECT_TRUE(tagger.Tag(Batch(kStart + 9)).events.empty());
}

TEST(Tagger, EverythingThatGrowsIsBoundedAndCounted) {
  TaggerLimits limits;
  limits.edges = 10;
  limits.directory = {.services = 20, .external = 5, .instances = 10, .endpoints = 3};
  Tagger tagger(limits);
  wire::Batch batch = Batch(kStart);
  for (uint32_t i = 1; i <= 50; ++i) {
    batch.instances.push_back(Info(i, "s" + std::to_string(i), "i" + std::to_string(i)));
    wire::EdgeSample call = Sample(0, 1, static_cast<uint16_t>(1000 + i));
    call.key.client_ip = IpAddress::FromV4(__builtin_bswap32(0x0a000000 + i));
    batch.edges.push_back(call);
    wire::EndpointSample endpoint;
    endpoint.key = batch.edges[0].key;
    endpoint.endpoint = "GET /" + std::to_string(i);
    batch.endpoints.push_back(endpoint);
  }
  const TaggedBatch out = tagger.Tag(std::move(batch));
  EXPECT_EQ(out.new_instances.size(), 10u);
  EXPECT_EQ(out.edges.size(), 10u);
  EXPECT_LE(out.new_services.size(), 22u) << "and one for all others";
  EXPECT_LE(out.new_endpoints.size(), 4u);
  for (const char* cause :
       {"instance_limit", "edge_limit", "external_node_limit", "endpoint_limit"}) {
    const auto at = std::ranges::find(out.losses, cause, &wire::LossCount::cause);
    ASSERT_NE(at, out.losses.end()) << cause;
    EXPECT_GT(at->count, 0u) << cause;
  }
}

}  // namespace
}  // namespace pano::tag
