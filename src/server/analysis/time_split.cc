// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/time_split.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>

namespace pano::analysis {
namespace {

constexpr double kPlainTime = 0.02;     // weight of time that is not in the tail
constexpr double kSlowChild = 0.4;      // share of a node's time that makes a call its slow call
constexpr double kStarvedChild = 0.02;  // the same when the node's workers are all taken
constexpr double kSlowFrom = 0.25;      // of its latency limit: a quicker call holds nobody up
constexpr double kSaturated = 0.5;      // strength from which saturation explains slowness

// Own time = what callers wait, less the union of the calls made meanwhile. Of the union only
// bounds are known: at most the sum (one after the other), at least the longest (all at once). A
// sum longer than the wait proves that calls overlap.
double OwnTime(double in, double sum, double longest) {
  if (in <= 0) return 0;
  const double overlap = std::clamp(sum / in - 1, 0.0, 1.0);
  return std::max({0.0, in - sum, 0.25 * overlap * (in - longest)});
}

}  // namespace

std::vector<size_t> EdgesFromEntry(const Graph& graph) {
  std::vector<size_t> order;
  std::vector<bool> seen(graph.nodes.size());
  const auto visit = [&](size_t start) {
    std::deque<size_t> queue{start};
    seen[start] = true;
    while (!queue.empty()) {
      const size_t at = queue.front();
      queue.pop_front();
      for (const size_t e : graph.nodes[at].out) {
        order.push_back(e);
        const size_t next = graph.edges[e].server;
        if (!seen[next]) seen[next] = true, queue.push_back(next);
      }
    }
  };
  if (graph.entry != kNoIndex) visit(graph.entry);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!seen[i]) visit(i);
  }
  return order;
}

TimeMap::TimeMap(const Graph& graph, const std::vector<Saturation>& saturation,
                 const std::vector<size_t>& order)
    : graph_(graph),
      saturation_(saturation),
      order_(order),
      time_(graph.edges.size()),
      down_(graph.edges.size()),
      late_(graph.nodes.size()),
      below_(graph.nodes.size()),
      starved_(graph.nodes.size()),
      splits_(graph.nodes.size()) {
  for (size_t i = 0; i < graph.nodes.size(); ++i) starved_[i] = IsStarved(i);
}

// Signs that a call waits in front of its server.
double TimeMap::QueueSign(const GraphEdge& e) const {
  const Saturation& s = saturation_[e.server];
  const bool slow_connects = e.is_over(Metric::kConnectLatency) || e.caller.accept_overflow > 0;
  return std::max({s.cpu, s.queue, slow_connects ? 0.8 : 0.0});
}

// Does the caller see most of its calls, to several servers, answered long after they were?
bool TimeMap::SlowToTakeUp(size_t node) const {
  double late = 0;
  double calls = 0;
  for (const size_t at : graph_.nodes[node].out) {
    const GraphEdge& e = graph_.edges[at];
    if (!e.sync || !e.has_both || e.caller.samples < 5) continue;
    ++calls;
    late += e.caller.latency_avg_us > 2 * e.callee.latency_avg_us &&
            e.caller.latency_avg_us > e.callee.latency_avg_us + 5000;
  }
  return calls >= 2 && late >= 0.7 * calls;
}

// Between a caller's and its server's view of one call lie network, queue and the caller's own
// slowness. The share of that difference the caller is to blame for.
double TimeMap::CallerBlame(const GraphEdge& e) const {
  const double caller = saturation_[e.client].cpu;
  const double server = QueueSign(e);
  if (caller >= 0.3 && caller > server) return 0.9;
  if (caller >= 0.3) return 0.3;
  return server < 0.3 && SlowToTakeUp(e.client) ? 0.7 : 0;
}

void TimeMap::Measure(double tail_from) {
  double limit = 0;
  for (const GraphEdge& e : graph_.edges) {
    const auto& own = e.limits[Metric::kLatency];
    if (e.sync && own && (limit == 0 || *own < limit)) limit = *own;
  }
  if (limit == 0) limit = *DefaultLimits()[Metric::kLatency];
  const double from = tail_from * limit;
  std::fill(late_.begin(), late_.end(), 0.0);
  for (size_t i = 0; i < graph_.edges.size(); ++i) {
    const GraphEdge& e = graph_.edges[i];
    time_[i] = down_[i] = 0;
    if (!e.sync) continue;
    time_[i] = TailConcurrency(e.caller_view(), e.caller, from) + kPlainTime * e.caller.busy;
    double late = 0;
    if (e.has_both) {
      const double inside =
          TailConcurrency(e.callee_view(), e.callee, from) + kPlainTime * e.callee.busy;
      late = std::max(0.0, time_[i] - inside) * CallerBlame(e);
    }
    late_[e.client] += late;
    down_[i] = time_[i] - late;
  }
  SplitNodes();
  FindSaturationBelow();
  for (size_t i = 0; i < graph_.nodes.size(); ++i) DoubtOwnTime(i);
}

// Callers before what they call, as far as cycles allow.
void TimeMap::SplitNodes() {
  std::vector<bool> done(graph_.nodes.size());
  for (const size_t e : order_) {
    for (const size_t node : {graph_.edges[e].client, graph_.edges[e].server}) {
      if (!done[node]) SplitNode(node);
      done[node] = true;
    }
  }
}

// The tail alone would take a hundred quick calls for own time, so own time in the tail cannot be
// more than own time at all; what then is missing belongs to the calls as they are.
void TimeMap::SplitNode(size_t i) {
  TimeSplit& split = splits_[i];
  split = {};
  double sum = 0;
  double longest = 0;
  double busy_in = 0;
  double busy_sum = 0;
  double busy_longest = 0;
  for (const size_t e : graph_.nodes[i].in) {
    split.in += down_[e];
    if (graph_.edges[e].sync) busy_in += graph_.edges[e].caller.busy;
  }
  for (const size_t e : graph_.nodes[i].out) {
    if (!graph_.edges[e].sync) continue;
    const double busy = graph_.edges[e].caller.busy;
    sum += down_[e];
    longest = std::max(longest, down_[e]);
    busy_sum += busy;
    busy_longest = std::max(busy_longest, busy);
  }
  // Records that wait in a log wait for a consumer at work; what it does all day is its calls and
  // its own. One that works alone does a second of both in a second.
  const bool consumes = std::ranges::any_of(
      graph_.nodes[i].in, [this](size_t e) { return graph_.edges[e].lag.has_value(); });
  if (consumes) split.in = busy_in = std::max(1.0, busy_sum);
  split.as_client = std::min(late_[i], split.in);
  const double most = OwnTime(busy_in, busy_sum, busy_longest);
  split.own = std::max(split.as_client, std::min(OwnTime(split.in, sum, longest), most));
  const double missing = split.in - split.own - sum;
  if (missing <= 0 || busy_sum <= 0) return;
  for (const size_t e : graph_.nodes[i].out) {
    if (graph_.edges[e].sync) down_[e] += missing * graph_.edges[e].caller.busy / busy_sum;
  }
}

// The strongest sign of saturation down a node's slow calls.
void TimeMap::FindSaturationBelow() {
  std::fill(below_.begin(), below_.end(), 0.0);
  for (int round = 0; round < 8; ++round) {
    for (size_t i = 0; i < graph_.edges.size(); ++i) {
      const GraphEdge& e = graph_.edges[i];
      if (!IsSlowCall(i, kSlowFrom)) continue;
      const double sign = std::max(saturation_[e.server].any(), below_[e.server]);
      below_[e.client] = std::max(below_[e.client], sign);
    }
  }
}

// A call that takes a good part of its caller's time, and is not quick in itself either. A caller
// whose workers are all taken shows only a small part of its own callers' waiting in its calls.
bool TimeMap::IsSlowCall(size_t e, double slow_from) const {
  const GraphEdge& edge = graph_.edges[e];
  const TimeSplit& caller = splits_[edge.client];
  const double part = starved_[edge.client] ? kStarvedChild : kSlowChild;
  if (down_[e] <= 0 || caller.in <= 0 || down_[e] < part * caller.in) return false;
  const auto& limit = edge.limits[Metric::kLatency];
  const double allowed = limit ? *limit : *DefaultLimits()[Metric::kLatency];
  return std::max(Known(edge.caller.latency_p95_us) ? edge.caller.latency_p95_us : 0.0,
                  edge.caller.oldest_us) >= slow_from * allowed;
}

bool TimeMap::HasSlowCall(size_t node, double slow_from) const {
  return std::ranges::any_of(graph_.nodes[node].out,
                             [this, slow_from](size_t e) { return IsSlowCall(e, slow_from); });
}

// Calls in flight that stay level while requests pile up in front: a pool of workers or
// connections is exhausted. Free arrivals vary by the root of their number.
bool TimeMap::IsStarved(size_t node) const {
  std::vector<double> level;
  for (const size_t at : graph_.nodes[node].out) {
    const GraphEdge& e = graph_.edges[at];
    if (!e.sync) continue;
    const auto& seconds = e.caller_view().seconds;
    level.resize(std::max(level.size(), seconds.size()));
    for (size_t i = 0; i < seconds.size(); ++i) {
      if (seconds[i].known) level[i] += seconds[i].in_flight;
    }
  }
  if (level.size() < 5) return false;
  const double n = static_cast<double>(level.size());
  const double mean = std::accumulate(level.begin(), level.end(), 0.0) / n;
  double variance = 0;
  for (const double l : level) variance += (l - mean) * (l - mean) / n;
  return mean >= 5 && std::sqrt(variance) < 0.5 * std::sqrt(mean);
}

// A node whose workers all wait for a slow call lets its own callers queue: that looks like own
// time. Without a sign that the node itself is short of something, most of it belongs below.
void TimeMap::DoubtOwnTime(size_t i) {
  if (saturation_[i].any() >= 0.3 || !HasSlowCall(i, kSlowFrom)) return;
  splits_[i].own *= starved_[i] ? 0.05 : below_[i] >= kSaturated ? 0.3 : 0.7;
}

}  // namespace pano::analysis
