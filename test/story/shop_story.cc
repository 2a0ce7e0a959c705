// SPDX-License-Identifier: Apache-2.0
#include "story/shop_story.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace pano::story {
namespace {

using schema::EdgeMetric;
using schema::InstanceMetric;
using schema::L7Protocol;
using schema::NodeKind;

struct Service {
  std::string_view name;
  NodeKind kind;
  uint64_t quota_us;  // per second and instance; 0: none
};
constexpr std::array kServices = std::to_array<Service>({
    {"loadgenerator", NodeKind::kLoadGenerator, 0},
    {"frontend", NodeKind::kService, 0},
    {"productcatalog", NodeKind::kService, 250'000},
    {"recommendation", NodeKind::kService, 0},
    {"cart", NodeKind::kService, 140'000},
    {"redis", NodeKind::kCache, 0},
    {"checkout", NodeKind::kService, 0},
    {"currency", NodeKind::kService, 0},
    {"payment", NodeKind::kService, 0},
    {"email", NodeKind::kService, 0},
    {"shipping", NodeKind::kService, 0},
    {"quote", NodeKind::kService, 0},
    {"ad", NodeKind::kService, 0},
    {"featureflag", NodeKind::kService, 0},
    {"postgresql", NodeKind::kDatabase, 0},
});
constexpr uint32_t kCatalog = 2;
constexpr uint32_t kCart = 4;

// Latency and failures of one edge per phase: milliseconds at p50, failed connects per second.
struct Call {
  uint32_t client;
  uint32_t server;
  uint16_t port;
  L7Protocol protocol;
  uint32_t rate;
  std::array<uint32_t, kPhases> ms;
  std::array<uint32_t, kPhases> failures;
};
constexpr std::array kCalls = std::to_array<Call>({
    {0, 1, 8080, L7Protocol::kHttp1, 150, {4800, 1500, 700, 60}, {0, 0, 0, 0}},
    {1, 2, 3550, L7Protocol::kGrpc, 240, {4500, 1300, 12, 12}, {20, 4, 0, 0}},
    {1, 3, 9001, L7Protocol::kGrpc, 40, {4700, 1400, 30, 30}, {0, 0, 0, 0}},
    {3, 2, 3550, L7Protocol::kGrpc, 40, {4500, 1300, 12, 12}, {6, 1, 0, 0}},
    {1, 4, 7070, L7Protocol::kGrpc, 110, {16, 240, 1250, 10}, {0, 0, 2, 0}},
    {4, 5, 6379, L7Protocol::kRedis, 220, {1, 1, 1, 1}, {0, 0, 0, 0}},
    {1, 6, 5050, L7Protocol::kGrpc, 12, {60, 60, 60, 60}, {0, 0, 0, 0}},
    {6, 8, 50051, L7Protocol::kGrpc, 12, {9, 9, 9, 9}, {0, 0, 0, 0}},
    {6, 9, 6060, L7Protocol::kHttp1, 12, {20, 20, 20, 20}, {0, 0, 0, 0}},
    {6, 10, 50050, L7Protocol::kGrpc, 12, {12, 12, 12, 12}, {0, 0, 0, 0}},
    {10, 11, 8090, L7Protocol::kHttp1, 12, {6, 6, 6, 6}, {0, 0, 0, 0}},
    {1, 7, 7001, L7Protocol::kGrpc, 80, {2, 2, 2, 2}, {0, 0, 0, 0}},
    {1, 12, 9555, L7Protocol::kGrpc, 40, {8, 8, 8, 8}, {0, 0, 0, 0}},
    {2, 13, 50053, L7Protocol::kGrpc, 30, {4, 4, 4, 4}, {0, 0, 0, 0}},
    {13, 14, 5432, L7Protocol::kPostgresql, 30, {2, 2, 2, 2}, {0, 0, 0, 0}},
});

uint32_t Replicas(uint32_t service, Phase phase) {
  const auto p = static_cast<uint32_t>(phase);
  if (service == kCatalog) return p == 0 ? 1 : p == 1 ? 2 : 3;
  return service == kCart && phase == Phase::kCartX2 ? 2 : 1;
}

uint32_t InstanceId(uint32_t service, uint32_t replica) { return service * 8 + replica + 1; }

bool Starved(uint32_t service, Phase phase) {
  if (service == kCatalog) return phase == Phase::kCatalogX1 || phase == Phase::kCatalogX2;
  return service == kCart && phase == Phase::kCatalogX3;
}

uint64_t& At(schema::EdgeValues& values, EdgeMetric m) { return values[static_cast<size_t>(m)]; }
uint64_t& At(schema::InstanceValues& values, InstanceMetric m) {
  return values[static_cast<size_t>(m)];
}

void AddInstances(wire::Batch& batch, Phase phase, bool first) {
  for (uint32_t s = 0; s < kServices.size(); ++s) {
    for (uint32_t r = 0; r < Replicas(s, phase); ++r) {
      const bool extra = r > 0;
      if (!first && !extra) continue;
      wire::InstanceInfo info;
      info.id = InstanceId(s, r);
      info.service = kServices[s].name;
      info.instance = fmt::format("{}-5d9f7c-{}", kServices[s].name, r);
      info.name_source = "pod_name";
      info.pod_uid = fmt::format("pod-{}-{}", s, r);
      info.pid = 1000 + info.id;
      info.kind = kServices[s].kind;
      // Replicas that were not there in the first phase started just now.
      info.start_time_ns = (batch.second - (extra ? 0 : 3600)) * 1'000'000'000u;
      batch.instances.push_back(std::move(info));
    }
  }
}

wire::EdgeSample Sample(const Call& call, Phase phase, uint32_t replica, uint32_t replicas,
                        bool server_side, uint64_t second) {
  const auto p = static_cast<size_t>(phase);
  wire::EdgeSample sample;
  sample.key.client_instance = InstanceId(call.client, 0);
  sample.key.server_instance = InstanceId(call.server, replica);
  sample.key.server_port = call.port;
  sample.key.l7_protocol = call.protocol;
  sample.key.point = server_side ? schema::ObservationPoint::kServerProcess
                                 : schema::ObservationPoint::kClientProcess;
  // Live numbers move a little from second to second: up to 5 %, the same for both ends.
  const uint64_t requests = call.rate * (100 + second * 7 % 11 - 5) / 100 / replicas;
  const uint64_t us = uint64_t{call.ms[p]} * (server_side ? 600 : 1000);
  schema::EdgeValues& v = sample.values;
  At(v, EdgeMetric::kByteTx) = requests * 180;
  At(v, EdgeMetric::kByteRx) = requests * 2400;
  At(v, EdgeMetric::kPacketTx) = At(v, EdgeMetric::kPacketRx) = requests * 3;
  At(v, EdgeMetric::kRequest) = At(v, EdgeMetric::kResponse) = requests;
  At(v, EdgeMetric::kRrtCount) = requests;
  At(v, EdgeMetric::kRrtSum) = requests * us;
  At(v, EdgeMetric::kRrtMax) = us * 2;
  At(v, EdgeMetric::kFlowLoad) = 4;
  At(v, EdgeMetric::kInFlight) = requests * us / 1'000'000;
  At(v, EdgeMetric::kOldestInFlight) = us;
  for (const auto& [share, factor] : {std::pair{60u, 100u}, {30u, 130u}, {10u, 190u}}) {
    sample.rrt.Add(us * factor / 100, static_cast<uint32_t>(requests * share / 100));
  }
  const uint64_t fails = call.failures[p] / replicas;
  At(v, EdgeMetric::kSynCount) = At(v, EdgeMetric::kNewFlow) = 2;
  At(v, EdgeMetric::kRttCount) = 2;
  const uint64_t rtt = call.failures[p] > 0 ? 1'000'000 : 200;
  At(v, EdgeMetric::kRttSum) = 2 * rtt;
  sample.rtt.Add(rtt, 2);
  At(v, EdgeMetric::kTcpEstablishFail) = At(v, EdgeMetric::kServerReset) = fails;
  At(v, EdgeMetric::kRetransSyn) = fails * 3;
  if (server_side) At(v, EdgeMetric::kServerQueueLack) = fails;
  return sample;
}

}  // namespace

wire::Batch Second(Phase phase, uint64_t second, bool first) {
  wire::Batch batch;
  batch.agent = "story";
  batch.host = "story";
  batch.second = second;
  batch.health = {"sock_length", "full", 12'000, 48 << 20, 9'000, 1'600};
  AddInstances(batch, phase, first);
  for (const Call& call : kCalls) {
    const uint32_t replicas = Replicas(call.server, phase);
    for (uint32_t r = 0; r < replicas; ++r) {
      for (const bool server_side : {false, true}) {
        batch.edges.push_back(Sample(call, phase, r, replicas, server_side, second));
      }
    }
  }
  for (uint32_t s = 0; s < kServices.size(); ++s) {
    for (uint32_t r = 0; r < Replicas(s, phase); ++r) {
      wire::InstanceSample sample{InstanceId(s, r), {}};
      const uint64_t quota = kServices[s].quota_us;
      const bool starved = Starved(s, phase);
      At(sample.values, InstanceMetric::kCpuUsage) = quota == 0 ? 60'000
                                                     : starved  ? quota
                                                                : quota / 3;
      At(sample.values, InstanceMetric::kCpuQuota) = quota;
      At(sample.values, InstanceMetric::kCpuPeriods) = quota == 0 ? 0 : 10;
      At(sample.values, InstanceMetric::kCpuThrottledPeriods) = starved ? 9 : 0;
      At(sample.values, InstanceMetric::kMemoryUsed) = 64 << 20;
      At(sample.values, InstanceMetric::kAcceptQueueLimit) = 32;
      At(sample.values, InstanceMetric::kAcceptQueue) = starved ? 32 : 0;
      At(sample.values, InstanceMetric::kThreads) = 8;
      batch.saturation.push_back(sample);
    }
  }
  return batch;
}

}  // namespace pano::story
