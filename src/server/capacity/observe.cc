// SPDX-License-Identifier: Apache-2.0
#include "server/capacity/observe.h"

#include <algorithm>
#include <cmath>

namespace pano::capacity {
namespace {

using analysis::EdgeSecond;
using analysis::Graph;
using analysis::GraphEdge;
using analysis::kUnknown;
using analysis::Metric;
using analysis::NodeSecond;

constexpr size_t kBlockSeconds = 5;
// A few strays do not say that a load is too much.
constexpr double kStrayShare = 0.005;

bool Known(double value) { return std::isfinite(value); }

void TakeMin(double& to, double value) {
  if (Known(value) && !(Known(to) && to <= value)) to = value;
}
void TakeMax(double& to, double value) {
  if (Known(value) && !(Known(to) && to >= value)) to = value;
}

double LatencyLimit(const GraphEdge& e) {
  const auto& limit = e.limits[Metric::kLatency];
  return limit ? *limit / 1e6 : kUnknown;
}

bool KeepsLimits(const GraphEdge& e) {
  const double limit = LatencyLimit(e);
  if (Known(limit) && e.caller.latency_p95_us / 1e6 > limit) return false;
  const double bad = e.caller.errors() + e.caller.connect_failures;
  return bad <= kStrayShare * std::max(e.caller.requests, 1.0);
}

double Second(const std::vector<EdgeSecond>& seconds, size_t at, double EdgeSecond::* field) {
  return at < seconds.size() && seconds[at].known ? seconds[at].*field : 0;
}

// Requests answered and in progress at a service, second by second.
struct Timeline {
  std::vector<double> rate;
  std::vector<double> level;
};

Timeline TimelineOf(const Graph& graph, size_t node, size_t seconds) {
  Timeline t{std::vector<double>(seconds), std::vector<double>(seconds)};
  for (const size_t at : graph.nodes[node].in) {
    const auto& series = graph.edges[at].callee_view().seconds;
    for (size_t i = 0; i < seconds; ++i) {
      const double rate = Second(series, i, &EdgeSecond::responses);
      t.rate[i] += rate;
      // Little's law where more passed than stood.
      t.level[i] += std::max(Second(series, i, &EdgeSecond::in_flight),
                             Second(series, i, &EdgeSecond::latency_sum_us) / 1e6);
    }
  }
  return t;
}

void MeasureCpu(const analysis::Node& node, const Timeline& timeline, Served& out) {
  double cpu = 0;
  double quota = 0;
  double throttled = 0;
  size_t known = 0;
  double block_cpu = 0;
  double block_requests = 0;
  for (size_t i = 0; i < node.seconds.size(); ++i) {
    const NodeSecond& s = node.seconds[i];
    if (s.known) {
      ++known;
      cpu += s.cpu_usage;
      quota += s.cpu_quota;
      throttled += s.cpu_throttled;
      block_cpu += s.cpu_usage;
      block_requests += i < timeline.rate.size() ? timeline.rate[i] : 0;
    }
    if ((i + 1) % kBlockSeconds == 0) {
      if (block_requests > 0) out.cost_blocks_s.push_back(block_cpu / block_requests);
      block_cpu = block_requests = 0;
    }
  }
  if (known == 0) return;
  const auto n = static_cast<double>(known);
  out.cpu = cpu / n;
  if (quota > 0) out.quota = quota / n;
  out.throttled = throttled / n;
}

Served ObserveService(const Graph& graph, size_t at) {
  const analysis::GraphNode& node = graph.nodes[at];
  Served out;
  out.service = node.node->name;
  out.replicas = std::max(1u, node.node->replicas);
  size_t seconds = node.node->seconds.size();
  for (const size_t edge : node.in) {
    const GraphEdge& e = graph.edges[edge];
    seconds = std::max(seconds, e.callee_view().seconds.size());
    out.rate += e.callee.responses;
    out.responses += e.callee.samples;
    out.asked += e.caller.requests + e.caller.connect_failures;
    if (!e.sync) continue;
    out.waited_for = true;
    TakeMin(out.limit_s, LatencyLimit(e));
    TakeMax(out.p95_s, e.caller.latency_p95_us / 1e6);
    out.within_limits = out.within_limits && KeepsLimits(e);
  }
  const Timeline timeline = TimelineOf(graph, at, seconds);
  MeasureCpu(*node.node, timeline, out);
  for (size_t i = 0; i < seconds; ++i) {
    out.points.push_back({timeline.level[i] / out.replicas, timeline.rate[i] / out.replicas});
  }
  return out;
}

}  // namespace

const Served* Observed::Find(std::string_view service) const {
  const auto at = std::ranges::find(services, service, &Served::service);
  return at == services.end() ? nullptr : &*at;
}

Observed Observe(const Stretch& stretch, const analysis::Limits& limits) {
  Observed out;
  const Graph graph = analysis::BuildGraph(stretch.input, limits);
  if (graph.entry == analysis::kNoIndex) return out;
  out.seconds = graph.window_s;
  double waited = 0;
  for (const size_t at : graph.nodes[graph.entry].out) {
    const GraphEdge& e = graph.edges[at];
    out.asked += e.caller.requests + e.caller.connect_failures;
    out.answered += e.caller.responses;
    out.good += std::max(0.0, e.caller.responses - e.caller.errors());
    if (Known(e.caller.latency_avg_us))
      waited += e.caller.responses * e.caller.latency_avg_us / 1e6;
    TakeMin(out.limit_s, LatencyLimit(e));
  }
  if (!(out.answered > 0)) return out;
  out.known = true;
  out.latency_s = waited / out.answered;
  for (const GraphEdge& e : graph.edges) {
    if (e.sync && !KeepsLimits(e)) out.within_limits = false;
  }
  // As many connections as users only where each waits for its answer: more stand than are busy.
  if (stretch.connections >= 2 && stretch.connections >= 0.9 * out.answered * out.latency_s) {
    out.users = stretch.connections;
  }
  for (size_t at = 0; at < graph.nodes.size(); ++at) {
    if (at != graph.entry && !graph.nodes[at].in.empty()) {
      out.services.push_back(ObserveService(graph, at));
    }
  }
  return out;
}

}  // namespace pano::capacity
