// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/saturation.h"

#include <algorithm>

namespace pano::analysis {
namespace {

// 0 below `from`, 1 above `to`, linear between.
double Ramp(double value, double from, double to) {
  return std::clamp((value - from) / (to - from), 0.0, 1.0);
}

void FoldNode(const Node& node, Saturation& s) {
  double seconds = 0;
  double memory = 0;
  for (const NodeSecond& n : node.seconds) {
    if (!n.known) continue;
    ++seconds;
    s.throttled += std::clamp(n.cpu_throttled, 0.0, 1.0);
    s.cpu_use += n.cpu_usage;
    s.cpu_quota = std::max(s.cpu_quota, n.cpu_quota);
    s.run_queue += n.run_queue_wait;
    s.overflow += n.listen_overflow;
    s.oom_kills += n.oom_kills;
    if (n.accept_queue_limit > 0) {
      s.queue_level = std::max(s.queue_level, n.accept_queue / n.accept_queue_limit);
    }
    if (n.memory_limit > 0) memory = std::max(memory, n.memory_used / n.memory_limit);
  }
  if (seconds == 0) return;
  s.known = true;
  s.throttled /= seconds;
  s.cpu_use /= seconds;
  s.run_queue /= seconds;
  s.overflow /= seconds;
  if (s.cpu_quota > 0) s.quota_use = s.cpu_use / s.cpu_quota;
  s.memory = s.oom_kills > 0 ? Ramp(memory, 0.5, 0.9) * 0.3 + 0.7 : 0;
}

}  // namespace

double Saturation::any() const { return std::max({cpu, queue, memory, network}); }

std::vector<Saturation> MeasureSaturation(const Graph& graph) {
  std::vector<Saturation> all(graph.nodes.size());
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    Saturation& s = all[i];
    const Node& node = *graph.nodes[i].node;
    FoldNode(node, s);
    double overflow_seen = 0;
    for (const size_t at : graph.nodes[i].in) {
      const GraphEdge& e = graph.edges[at];
      s.refused += e.caller.server_resets;
      s.failed += e.caller.connect_failures;
      s.retrans_syn += e.caller.retrans_syn;
      overflow_seen += e.caller.accept_overflow;
      if (e.caller.requests > 0) {
        s.retrans_share = std::max(s.retrans_share, e.caller.retrans_share);
      }
    }
    s.overflow = std::max(s.overflow, overflow_seen);
    const double per_instance = s.cpu_use / std::max<double>(node.replicas, 1);
    const bool at_one_core = s.cpu_quota == 0 && per_instance < 1.15;
    s.one_core = at_one_core ? Ramp(per_instance, 0.85, 0.95) : 0;
    s.cpu =
        std::max({Ramp(s.throttled, 0.15, 0.6), Ramp(s.quota_use, 0.75, 0.95), 0.7 * s.one_core});
    s.queue =
        s.overflow > 0 ? Ramp(s.overflow, 0, 1) * 0.4 + 0.6 : Ramp(s.queue_level, 0.5, 1) * 0.7;
    // Dropped SYNs of a full accept queue are not lost on the way.
    s.network = s.queue > 0.3 ? 0 : Ramp(s.retrans_share, 0.005, 0.03);
  }
  return all;
}

}  // namespace pano::analysis
