// SPDX-License-Identifier: Apache-2.0
#include "server/tag/tagger.h"

#include <fmt/format.h>

#include "server/tag/peer_name.h"

namespace pano::tag {
namespace {

using schema::EventKind;
using schema::L7Protocol;
using schema::NodeKind;

// What an agent announces in its first seconds was there before it.
constexpr uint64_t kBaselineSeconds = 5;
// A process older than this when first announced did not just start.
constexpr uint64_t kFreshSeconds = 30;
constexpr uint64_t kOomRepeatSeconds = 5;
constexpr size_t kMaxAgents = 1000;

NodeKind KindServing(L7Protocol protocol) {
  switch (protocol) {
    case L7Protocol::kMysql:
    case L7Protocol::kPostgresql:
      return NodeKind::kDatabase;
    case L7Protocol::kRedis:
      return NodeKind::kCache;
    case L7Protocol::kKafka:
      return NodeKind::kQueue;
    case L7Protocol::kDns:
      return NodeKind::kDns;
    default:
      return NodeKind::kService;
  }
}

// Whether `seen` tells more about a port than `known` does.
bool Stronger(L7Protocol seen, L7Protocol known) {
  if (seen == known || seen == L7Protocol::kUnknown) return false;
  return known == L7Protocol::kUnknown ||
         (known == L7Protocol::kHttp2 && seen == L7Protocol::kGrpc);
}

void AddLosses(std::vector<wire::LossCount> from, std::vector<wire::LossCount>& into) {
  for (wire::LossCount& loss : from) into.push_back(std::move(loss));
}

}  // namespace

TaggedBatch Tagger::Tag(wire::Batch batch) {
  TaggedBatch out;
  out.second = batch.second;
  out.agent = batch.agent;
  out.losses = std::move(batch.losses);
  out.health = std::move(batch.health);
  if (!agents_.contains(batch.agent) && agents_.size() >= kMaxAgents) {
    out.losses.push_back({"agent_limit", 1});
    return out;
  }
  Agent& agent = agents_[batch.agent];
  if (agent.first_second == 0) agent.first_second = batch.second;

  TakeInstances(agent, batch, out);
  uint64_t over_limit = 0;
  for (wire::EdgeSample& sample : batch.edges) {
    const TaggedKey key = Resolve(agent, batch.agent, sample.key);
    if (key.dropped) {
      ++over_limit;
      continue;
    }
    out.edges.push_back({key.edge, key.client_instance, key.server_instance, sample.key.point,
                         sample.values, std::move(sample.rrt), std::move(sample.rtt)});
  }
  for (wire::EndpointSample& sample : batch.endpoints) {
    const TaggedKey key = Resolve(agent, batch.agent, sample.key);
    if (key.dropped) continue;
    EndpointRow row{key.edge, sample.key.point, directory_.EndpointId(sample.endpoint), {}};
    row.sample = std::move(sample);
    row.sample.key = {};
    row.sample.endpoint.clear();
    out.endpoints.push_back(std::move(row));
  }
  for (wire::RequestRecord& record : batch.requests) {
    const TaggedKey key = Resolve(agent, batch.agent, record.key);
    if (!key.dropped) out.requests.emplace_back(key.edge, std::move(record));
  }
  for (const wire::InstanceSample& sample : batch.saturation) {
    const auto at = agent.instances.find(sample.instance);
    const Instance* instance =
        at == agent.instances.end() ? nullptr : directory_.FindInstance(at->second);
    if (instance == nullptr) continue;
    out.saturation.push_back({instance->service, instance->id, sample.values});
    NoteOom(batch.second, instance->id,
            sample.values[static_cast<size_t>(schema::InstanceMetric::kOomKill)], out);
  }
  TakeEvents(agent, batch, out);

  if (over_limit > 0) out.losses.push_back({"edge_limit", over_limit});
  AddLosses(directory_.TakeLosses(), out.losses);
  for (EventRow& event : replicas_.Take(batch.second)) out.events.push_back(std::move(event));
  out.new_services = directory_.TakeNewServices();
  out.new_instances = directory_.TakeNewInstances();
  out.new_endpoints = directory_.TakeNewEndpoints();
  return out;
}

bool Tagger::Loud(const Agent& agent, const wire::Batch& batch, const wire::InstanceInfo& info,
                  uint32_t service) const {
  if (batch.second < agent.first_second + kBaselineSeconds) return false;
  // A shell command that comes and goes is not an event; a pod or a server is.
  return !info.container_id.empty() || !info.pod_uid.empty() || servers_.contains(service);
}

void Tagger::TakeInstances(Agent& agent, const wire::Batch& batch, TaggedBatch& out) {
  for (const wire::InstanceInfo& info : batch.instances) {
    if (info.id == 0) continue;
    const Directory::Announced announced = directory_.Announce(batch.agent, info, batch.second);
    if (announced.id == 0) continue;
    agent.instances[info.id] = announced.id;
    const Instance& instance = *directory_.FindInstance(announced.id);
    const Service& service = *directory_.FindService(instance.service);
    const bool loud = Loud(agent, batch, info, instance.service);
    if (info.gone) {
      replicas_.Down(batch.second, service, instance, !loud);
      if (info.oom_killed) NoteOom(batch.second, instance.id, 1, out);
      continue;
    }
    const bool fresh = info.start_time_ns / 1'000'000'000u + kFreshSeconds >= batch.second;
    replicas_.Up(batch.second, service, instance, !(loud && fresh));
  }
}

void Tagger::NoteOom(uint64_t second, uint32_t instance, uint64_t count, TaggedBatch& out) {
  if (count == 0) return;
  // The cgroup's counter and the end of the process tell the same story.
  uint64_t& reported = oom_reported_[instance];
  if (reported != 0 && second < reported + kOomRepeatSeconds) return;
  reported = second;
  const Instance* i = directory_.FindInstance(instance);
  out.events.push_back({second * 1'000'000'000u, EventKind::kOomKill, i->service, instance,
                        fmt::format("{} was killed: out of memory", i->info.instance)});
}

void Tagger::TakeEvents(Agent& agent, wire::Batch& batch, TaggedBatch& out) {
  for (wire::EventRecord& event : batch.events) {
    // Instances that come, go and scale are told from the instances themselves (ReplicaWatch).
    if (event.kind == EventKind::kInstanceUp || event.kind == EventKind::kInstanceDown ||
        event.kind == EventKind::kScale || event.kind == EventKind::kRestart) {
      continue;
    }
    EventRow row{event.time_ns, event.kind, 0, 0, std::move(event.text)};
    if (const auto at = agent.instances.find(event.instance); at != agent.instances.end()) {
      row.instance = at->second;
      row.service = directory_.FindInstance(at->second)->service;
    } else if (!event.service.empty()) {
      row.service = directory_.ServiceId(event.service, "", NodeKind::kService);
    }
    if (row.kind == EventKind::kOomKill && row.instance != 0) {
      NoteOom(batch.second, row.instance, 1, out);
    } else {
      out.events.push_back(std::move(row));
    }
  }
}

Tagger::End Tagger::ResolveEnd(const Agent& agent, const std::string& agent_name, uint32_t instance,
                               const IpAddress& ip, uint16_t port, bool is_server) {
  if (instance != 0) {
    if (const auto at = agent.instances.find(instance); at != agent.instances.end()) {
      return {directory_.FindInstance(at->second)->service, at->second};
    }
  }
  if (const auto owner = directory_.OwnerOf(ip, is_server ? port : 0, agent_name)) {
    return {owner->service, owner->instance};
  }
  return {directory_.ExternalId(is_server ? ServerPeerName(ip, port) : ClientPeerName(ip)), 0};
}

L7Protocol Tagger::ResolveProtocol(const PortKey& where, L7Protocol seen) {
  // Failed connects and first seconds carry no protocol yet: they belong to the port's own edge.
  const auto [at, inserted] = protocols_.emplace(where, seen);
  if (inserted) return seen;
  if (Stronger(seen, at->second)) at->second = seen;
  const bool weaker = seen == L7Protocol::kUnknown || Stronger(at->second, seen);
  return weaker ? at->second : seen;
}

Tagger::TaggedKey Tagger::Resolve(const Agent& agent, const std::string& agent_name,
                                  const wire::EdgeKey& key) {
  const End client = ResolveEnd(agent, agent_name, key.client_instance, key.client_ip, 0, false);
  const End server =
      ResolveEnd(agent, agent_name, key.server_instance, key.server_ip, key.server_port, true);
  TaggedKey out;
  out.client_instance = client.instance;
  out.server_instance = server.instance;
  out.edge = {client.service, server.service, key.server_port, key.l7_protocol, key.l4_protocol};
  const PortKey where{client.service, server.service, key.server_port,
                      static_cast<uint8_t>(key.l4_protocol)};
  if (!protocols_.contains(where) && protocols_.size() >= limits_.edges) {
    out.dropped = true;
    return out;
  }
  out.edge.l7_protocol = ResolveProtocol(where, key.l7_protocol);
  if (edges_.size() >= limits_.edges && !edges_.contains(out.edge)) {
    out.dropped = true;
    return out;
  }
  edges_[out.edge] = true;
  servers_.insert(server.service);
  directory_.RefineKind(server.service, KindServing(out.edge.l7_protocol));
  if (key.point == schema::ObservationPoint::kServerProcess && server.instance != 0) {
    directory_.LearnListener(server.instance, key.server_port);
  }
  return out;
}

}  // namespace pano::tag
