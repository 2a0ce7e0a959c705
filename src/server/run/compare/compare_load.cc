// SPDX-License-Identifier: Apache-2.0
#include "server/run/compare/compare_load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "server/analysis/words.h"
#include "server/run/compare/compare_series.h"
#include "server/run/load_series.h"

namespace pano::run {
namespace {

using schema::EdgeMetric;

constexpr double kLoadTolerance = 0.1;

std::vector<uint32_t> EntryEdgesOf(const Stretch& s) {
  std::set<uint32_t> called;
  std::set<std::pair<uint32_t, uint32_t>> clients;  // edge id, client
  for (const live::WindowSet& w : s.buckets) {
    for (const live::EdgeEntry& e : w.edges) {
      if (e.edge.client_service != e.edge.server_service) called.insert(e.edge.server_service);
      if (e.edge.l7_protocol != schema::L7Protocol::kDns) {
        clients.insert({e.id, e.edge.client_service});
      }
    }
  }
  std::vector<uint32_t> out;
  for (const auto& [id, client] : clients) {
    if (!called.contains(client)) out.push_back(id);
  }
  return out;
}

}  // namespace

EntryLoad EntryOf(const Stretch& s) {
  EntryLoad out;
  const std::vector<uint32_t> edges = EntryEdgesOf(s);
  double seconds = 0;
  double offered = 0;
  double latency = 0;
  double answered = 0;
  for (const live::WindowSet& w : s.buckets) {
    const LoadPoint p = LoadOf(w, edges);
    for (const live::EdgeEntry& e : w.edges) {
      if (!std::ranges::binary_search(edges, e.id)) continue;
      out.requests += Count(e.window.Requests(), EdgeMetric::kRequest);
      latency += Count(e.window.Requests(), EdgeMetric::kRrtSum);
      answered += Count(e.window.Requests(), EdgeMetric::kRrtCount);
    }
    const auto length = static_cast<double>(w.to - w.from);
    seconds += length;
    offered += p.offered * length;
  }
  if (seconds > 0) out.offered = offered / seconds;
  if (answered > 0) out.latency_us = latency / answered;
  return out;
}

LoadMatch MatchLoad(const EntryLoad& a, const EntryLoad& b) {
  LoadMatch out;
  out.a = a.offered;
  out.b = b.offered;
  if (!(a.offered > 0) || !analysis::Known(b.offered)) {
    out.matched = a.offered == b.offered;
    out.text = "the load at the entry is not known on both sides";
    return out;
  }
  out.change = b.offered / a.offered - 1;
  out.matched = std::abs(out.change) <= kLoadTolerance;
  if (!out.matched) {
    out.text = fmt::format(
        "the load differs: {}/s and {}/s at the entry ({:+.0f} %). Differences may come from that",
        analysis::SayNumber(a.offered), analysis::SayNumber(b.offered), out.change * 100);
  }
  return out;
}

}  // namespace pano::run
