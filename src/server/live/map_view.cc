// SPDX-License-Identifier: Apache-2.0
#include "server/live/map_view.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "server/analysis/input.h"

namespace pano::live {
namespace {

using analysis::Metric;
using analysis::State;

int Weight(State state) {
  switch (state) {
    case State::kOver:
      return 4;
    case State::kNear:
      return 3;
    case State::kOk:
      return 2;
    case State::kNoData:
      return 1;
    case State::kIdle:
      return 0;
  }
  return 0;
}

State JudgeMetric(double value, const std::optional<double>& limit) {
  if (!analysis::Known(value)) return State::kNoData;
  if (!limit) return State::kOk;
  if (value > *limit) return State::kOver;
  return *limit > 0 && value >= *limit * analysis::kNearShare ? State::kNear : State::kOk;
}

double EntryRequestRate(const std::vector<MapEdge>& edges, const std::set<uint32_t>& called) {
  double sum = 0;
  for (const MapEdge& edge : edges) {
    const double rate = edge.metrics[Metric::kRequestRate];
    if (!called.contains(edge.edge.client_service) && analysis::Known(rate)) sum += rate;
  }
  return sum;
}

}  // namespace

const std::string& Names::ServiceName(uint32_t id) const {
  static const std::string kNone;
  const auto at = services.find(id);
  return at == services.end() ? kNone : at->second.name;
}

uint32_t Names::ServiceId(std::string_view name) const {
  for (const auto& [id, service] : services) {
    if (service.name == name) return id;
  }
  return 0;
}

uint32_t Names::Replicas(uint32_t service) const {
  const auto at = instances.find(service);
  if (at == instances.end() || at->second.empty()) return 1;
  return static_cast<uint32_t>(std::ranges::count(at->second, false, &MapInstance::gone));
}

State WorseOf(State a, State b) { return Weight(a) >= Weight(b) ? a : b; }

Standing Judge(const analysis::MetricValues& values, const analysis::LimitSet& limits,
               bool latency_counts) {
  analysis::MetricValues judged = values;
  if (!latency_counts) judged[Metric::kLatency] = analysis::kUnknown;
  Standing out;
  out.state = State::kIdle;
  bool known = false;
  for (const Metric m : analysis::kAllMetrics) {
    const State state = JudgeMetric(judged[m], limits[m]);
    out.states[static_cast<size_t>(m)] = state;
    out.state = WorseOf(out.state, state);
    known = known || analysis::Known(judged[m]);
  }
  const bool quiet = !(judged[Metric::kTraffic] > 0) && !(judged[Metric::kRequestRate] > 0);
  if (!known) {
    out.state = State::kNoData;
  } else if (quiet && out.state == State::kOk) {
    out.state = State::kIdle;
  }
  if (out.state == State::kOver || out.state == State::kNear) {
    out.worst = analysis::FindWorst(judged, limits);
  }
  return out;
}

std::map<uint32_t, EdgeWindow> ServedWindows(const WindowSet& windows) {
  std::map<uint32_t, EdgeWindow> served;
  for (const EdgeEntry& e : windows.edges) served[e.edge.server_service].AddAcross(e.window);
  std::set<uint32_t> serving;
  for (const auto& [id, window] : served) serving.insert(id);
  for (const EdgeEntry& e : windows.edges) {
    if (!serving.contains(e.edge.client_service)) {
      served[e.edge.client_service].AddAcross(e.window);
    }
  }
  return served;
}

std::map<uint32_t, bool> NodeLatencyCounts(const WindowSet& windows) {
  std::map<uint32_t, bool> served;
  std::map<uint32_t, bool> called;
  for (const EdgeEntry& e : windows.edges) {
    const bool counts = analysis::LatencyCounts(e.edge.l7_protocol);
    served[e.edge.server_service] = served[e.edge.server_service] || counts;
    called[e.edge.client_service] = called[e.edge.client_service] || counts;
  }
  called.merge(served);
  for (const auto& [id, counts] : served) called[id] = counts;  // what it serves comes first
  return called;
}

MapEdge BuildEdge(const EdgeEntry& e, const Names& names, const analysis::Limits& limits) {
  MapEdge edge;
  edge.id = e.id;
  edge.edge = e.edge;
  const bool counts = analysis::LatencyCounts(e.edge.l7_protocol);
  edge.metrics = SixOf(e.window, counts);
  edge.details = EdgeDetailsOf(e.window, counts);
  edge.counts = CountsOf(e.window);
  edge.standing = Judge(edge.metrics,
                        limits.ForEdge(names.ServiceName(e.edge.client_service),
                                       names.ServiceName(e.edge.server_service)),
                        counts);
  return edge;
}

MapView BuildMap(const WindowSet& windows, std::shared_ptr<const Names> names,
                 const analysis::Limits& limits) {
  MapView map;
  map.time = map.to = windows.to;
  map.from = windows.from;
  map.losses = windows.losses;

  std::set<uint32_t> ids;
  std::set<uint32_t> called;
  for (const EdgeEntry& e : windows.edges) {
    map.edges.push_back(BuildEdge(e, *names, limits));
    ids.insert({e.edge.client_service, e.edge.server_service});
    if (e.edge.client_service != e.edge.server_service) called.insert(e.edge.server_service);
  }

  std::unordered_map<uint32_t, const NodeWindow*> saturation;
  for (const NodeEntry& n : windows.nodes) saturation[n.service] = &n.window;
  const auto served = ServedWindows(windows);
  const auto latency_counts = NodeLatencyCounts(windows);
  for (const uint32_t id : ids) {
    MapNode node;
    node.id = id;
    if (const auto at = names->services.find(id); at != names->services.end()) {
      node.name = at->second.name;
      node.name_space = at->second.name_space;
      node.kind = at->second.kind;
    }
    node.entry = !called.contains(id);
    if (const auto at = names->instances.find(id); at != names->instances.end()) {
      node.instances = at->second;
    }
    const auto seen = saturation.find(id);
    node.replicas = seen != saturation.end() && seen->second->replicas > 0 ? seen->second->replicas
                                                                           : names->Replicas(id);
    const bool counts = latency_counts.at(id);
    node.metrics = SixOf(served.at(id), counts);
    node.edge_details = EdgeDetailsOf(served.at(id), counts);
    node.node_details = NodeDetailsOf(seen == saturation.end() ? NodeWindow{} : *seen->second);
    node.standing = Judge(node.metrics, limits.ForNode(node.name), counts);
    map.worst_state = WorseOf(map.worst_state, node.standing.state);
    map.nodes.push_back(std::move(node));
  }
  map.entry_request_rate = EntryRequestRate(map.edges, called);
  map.names = std::move(names);
  return map;
}

void ApplyVerdict(MapView& map, std::shared_ptr<const analysis::Diagnosis> verdict) {
  const std::set<uint32_t> path(verdict->path_edges.begin(), verdict->path_edges.end());
  for (MapEdge& edge : map.edges) edge.on_path = path.contains(edge.id);
  std::unordered_map<uint32_t, analysis::Role> roles;
  for (const analysis::NodeRole& r : verdict->roles) roles[r.node] = r.role;
  for (MapNode& node : map.nodes) {
    const auto at = roles.find(node.id);
    node.role = at == roles.end() ? analysis::Role::kNone : at->second;
  }
  map.verdict = std::move(verdict);
}

}  // namespace pano::live
