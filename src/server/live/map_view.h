// SPDX-License-Identifier: Apache-2.0
// in: WindowSet, Names, Limits  out: MapView, the map as docs/api.md describes it
// Immutable once published: any number of threads read one MapView while the next is made.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/analysis/diagnose.h"
#include "server/analysis/limits.h"
#include "server/analysis/state.h"
#include "server/live/metric_table.h"
#include "server/live/window.h"

namespace pano::live {

struct MapInstance {
  uint32_t id = 0;
  std::string name;
  uint32_t pid = 0;
  bool gone = false;
  uint64_t gone_since = 0;  // second
};

// Who the ids are.
struct Names {
  std::map<uint32_t, tag::Service> services;
  std::map<uint32_t, std::vector<MapInstance>> instances;  // by service

  const std::string& ServiceName(uint32_t id) const;
  uint32_t ServiceId(std::string_view name) const;  // 0: none
  // Instances that are up; 1 where none was ever seen (an outside peer).
  uint32_t Replicas(uint32_t service) const;
};

struct Standing {
  analysis::State state = analysis::State::kNoData;
  uint64_t since = 0;  // 0: not known
  std::optional<analysis::Worst> worst;
  std::array<analysis::State, analysis::kMetrics> states{};
};

struct MapNode {
  uint32_t id = 0;
  std::string name;
  std::string name_space;
  schema::NodeKind kind = schema::NodeKind::kService;
  bool entry = false;
  std::vector<MapInstance> instances;
  uint32_t replicas = 1;
  Standing standing;
  analysis::MetricValues metrics;
  std::vector<double> edge_details;  // EdgeDetails() of what it serves
  std::vector<double> node_details;  // NodeNumbers()
  analysis::Role role = analysis::Role::kNone;
};

struct MapEdge {
  uint32_t id = 0;
  tag::EdgeId edge;
  Standing standing;
  analysis::MetricValues metrics;
  std::vector<double> details;  // EdgeDetails()
  EdgeCounts counts;
  bool on_path = false;
};

struct MapEvent {
  uint64_t number = 0;  // grows by one per event while the server runs
  tag::EventRow row;
  std::string service;
  std::string instance;
};

struct MapView {
  uint64_t time = 0;  // end of the window
  uint64_t from = 0;
  uint64_t to = 0;
  bool live = false;
  uint64_t topology = 0;
  std::vector<MapNode> nodes;
  std::vector<MapEdge> edges;
  std::shared_ptr<const analysis::Diagnosis> verdict;
  std::shared_ptr<const Names> names;
  std::vector<std::pair<std::string, uint64_t>> losses;
  std::string stage;
  std::string tier;
  std::vector<MapEvent> events;  // live: since the view before
  analysis::State worst_state = analysis::State::kNoData;
  double entry_request_rate = 0;
};

// Values, names and entries; standings by judging the window's own values once.
MapView BuildMap(const WindowSet& windows, std::shared_ptr<const Names> names,
                 const analysis::Limits& limits);
// The window of what each node serves, or calls when it serves nothing. By service id.
std::map<uint32_t, EdgeWindow> ServedWindows(const WindowSet& windows);
// Whether a node's latency is judged: see analysis::LatencyCounts.
std::map<uint32_t, bool> NodeLatencyCounts(const WindowSet& windows);
// Puts the verdict's path and roles onto nodes and edges.
void ApplyVerdict(MapView& map, std::shared_ptr<const analysis::Diagnosis> verdict);

Standing Judge(const analysis::MetricValues& values, const analysis::LimitSet& limits,
               bool latency_counts);
// over before near before ok before nodata before idle
analysis::State WorseOf(analysis::State a, analysis::State b);

}  // namespace pano::live
