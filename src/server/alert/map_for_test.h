// SPDX-License-Identifier: Apache-2.0
// Tests say in a line what a second of the map looks like.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "server/alert/observation.h"

namespace pano::alert {

class MapForTest {
 public:
  explicit MapForTest(uint64_t time) {
    map_.time = map_.to = time;
    map_.from = time - 5;
    map_.live = true;
    map_.stage = "full";
    verdict_.time = time;
    verdict_.verdict = analysis::Verdict::kNone;
    verdict_.sentence = "Nothing is over its limits.";
  }

  MapForTest& Node(const std::string& name, analysis::Role role = analysis::Role::kNone) {
    live::MapNode node;
    node.id = IdOf(name);
    node.name = name;
    node.role = role;
    node.standing.state = analysis::State::kOk;
    node.edge_details.assign(live::EdgeDetails().size(), analysis::kUnknown);
    node.node_details.assign(live::NodeNumbers().size(), analysis::kUnknown);
    map_.nodes.push_back(std::move(node));
    return *this;
  }
  // `latency_us` over its limit where it is above one second.
  MapForTest& Edge(const std::string& client, const std::string& server, double latency_us) {
    live::MapEdge edge;
    edge.id = 1000 + static_cast<uint32_t>(map_.edges.size());
    edge.edge = {IdOf(client), IdOf(server), 8080, schema::L7Protocol::kGrpc,
                 schema::L4Protocol::kTcp};
    edge.metrics[analysis::Metric::kLatency] = latency_us;
    edge.details.assign(live::EdgeDetails().size(), analysis::kUnknown);
    edge.standing.state = analysis::State::kOk;
    if (latency_us > 1e6) {
      edge.standing.state = analysis::State::kOver;
      edge.standing.states[static_cast<size_t>(analysis::Metric::kLatency)] =
          analysis::State::kOver;
      edge.standing.worst =
          analysis::Worst{analysis::Metric::kLatency, latency_us, 1e6, latency_us / 1e6};
    }
    map_.edges.push_back(std::move(edge));
    return *this;
  }
  MapForTest& Bottleneck(const std::string& service,
                         analysis::FaultClass fault = analysis::FaultClass::kCpuThrottled,
                         double confidence = 0.9) {
    verdict_.verdict = analysis::Verdict::kBottleneck;
    verdict_.bottleneck = IdOf(service);
    verdict_.bottleneck_service = service;
    verdict_.confidence = confidence;
    verdict_.sentence = service + " holds the others back.";
    verdict_.evidence = {"CPU throttled 92 % of the time"};
    analysis::Candidate candidate;
    candidate.node = verdict_.bottleneck;
    candidate.service = service;
    candidate.fault = fault;
    verdict_.candidates = {candidate};
    return *this;
  }
  MapForTest& Event(schema::EventKind kind, const std::string& service, const std::string& text) {
    live::MapEvent event;
    event.row = {map_.time * 1'000'000'000u, kind, IdOf(service), 0, text};
    event.service = service;
    map_.events.push_back(std::move(event));
    return *this;
  }
  MapForTest& Loss(const std::string& cause, uint64_t total) {
    map_.losses.emplace_back(cause, total);
    return *this;
  }
  live::MapView& map() { return map_; }

  Observation Take() {
    auto names = std::make_shared<live::Names>();
    for (const auto& [name, id] : ids_) {
      names->services[id] = {id, name, "", schema::NodeKind::kService};
    }
    map_.names = names;
    map_.verdict = std::make_shared<const analysis::Diagnosis>(verdict_);
    Observation out;
    out.map = std::make_shared<const live::MapView>(map_);
    out.limits = std::make_shared<const analysis::Limits>();
    out.agents = 1;
    return out;
  }

 private:
  uint32_t IdOf(const std::string& name) {
    return ids_.try_emplace(name, static_cast<uint32_t>(1 + ids_.size())).first->second;
  }

  live::MapView map_;
  analysis::Diagnosis verdict_;
  std::map<std::string, uint32_t> ids_;
};

// The article's first phase: productcatalog holds back everything above it, nine edges are red.
// `share` of its latencies: 0.001 is all well.
inline Observation ArticleSecond(uint64_t time, const std::string& bottleneck = "productcatalog",
                                 double share = 1) {
  using analysis::Role;
  MapForTest map(time);
  const auto role = [&](const std::string& name) {
    return name == bottleneck ? Role::kOrigin : Role::kVictim;
  };
  for (const char* name : {"loadgenerator", "frontend", "recommendation", "checkout", "cart"}) {
    map.Node(name, role(name));
  }
  map.Node("productcatalog", role("productcatalog")).Node("email").Node("redis");
  const auto edge = [&](const char* client, const char* server, double us) {
    map.Edge(client, server, us * share);
  };
  edge("loadgenerator", "frontend", 11e6);
  edge("frontend", "productcatalog", 9e6);
  edge("frontend", "recommendation", 9.5e6);
  edge("recommendation", "productcatalog", 9e6);
  edge("frontend", "checkout", 10e6);
  edge("checkout", "productcatalog", 9e6);
  edge("checkout", "cart", 2e6);
  edge("frontend", "cart", 3e6);
  edge("cart", "productcatalog", 2e6);
  edge("cart", "redis", 900);
  edge("checkout", "email", 4000);
  if (!bottleneck.empty()) map.Bottleneck(bottleneck);
  return map.Take();
}

}  // namespace pano::alert
