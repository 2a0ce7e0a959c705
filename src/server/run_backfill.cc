// SPDX-License-Identifier: Apache-2.0
#include "server/run_backfill.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace pano::server {

std::vector<live::WindowSet> SecondsOf(api::Archive& archive, live::LiveState& live, uint64_t from,
                                       uint64_t to) {
  constexpr uint64_t kMostSeconds = 600;
  if (from >= to) return {};
  to = std::min(to, from + kMostSeconds);
  std::map<uint64_t, live::WindowSet> seconds;
  std::set<uint32_t> services;
  const auto edges = archive.Edges(std::nullopt, from, to, 1);
  if (!edges) return {};
  for (const api::Archive::EdgePoint& p : *edges) {
    if (p.time < from || p.time >= to) continue;
    live::WindowSet& second = seconds[p.time];
    second.edges.push_back({live.edge_directory().IdOf(p.edge), p.edge, p.window});
    services.insert({p.edge.client_service, p.edge.server_service});
  }
  for (const uint32_t service : services) {
    const auto nodes = archive.Nodes(service, from, to, 1);
    if (!nodes) continue;
    for (const api::Archive::NodePoint& p : *nodes) {
      const auto at = seconds.find(p.time);
      if (at != seconds.end()) at->second.nodes.push_back({service, p.window});
    }
  }
  std::vector<live::WindowSet> out;
  for (auto& [time, window] : seconds) {
    window.from = time;
    window.to = time + 1;
    out.push_back(std::move(window));
  }
  return out;
}

}  // namespace pano::server
