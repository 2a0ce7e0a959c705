// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/attribute.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>

namespace pano::analysis {
namespace {

constexpr double kTailFrom = 0.2;        // of the latency limit: faster than that harms nobody
constexpr double kTailFromWithin = 0.1;  // the same while all is within limits
constexpr double kPlainTime = 0.02;      // weight of time that is not in the tail
constexpr double kSlowChild = 0.4;       // share of a node's time that makes a call its slow call
constexpr double kStarvedChild = 0.02;   // the same when the node's workers are all taken
constexpr double kSlowFrom = 0.25;       // of its latency limit: a quicker call holds nobody up
constexpr double kTimesOut = 0.8;        // of its limit: such a call makes callers give up
constexpr double kFailureWeight = 3;     // a failed request is worse than a slow one
constexpr double kHandled = 0.25;        // client errors of a call are mostly handled by the caller
constexpr double kSaturated = 0.5;       // strength from which saturation explains slowness
constexpr int kRounds = 64;              // bound on the length of call chains, for cycles

class Walk {
 public:
  Walk(const Graph& graph, const std::vector<Saturation>& saturation)
      : graph_(graph), saturation_(saturation), order_(FromEntry(graph)) {
    const size_t n = graph.nodes.size();
    result_.slow.resize(n);
    result_.failed.resize(n);
    result_.refused.resize(n);
    result_.split.resize(n);
    result_.flow.resize(graph.edges.size());
    time_.resize(graph.edges.size());
    down_.resize(graph.edges.size());
    below_.resize(n);
    late_.resize(n);
    starved_.resize(n);
    for (size_t i = 0; i < n; ++i) starved_[i] = IsStarved(i);
  }

  Attribution Run() {
    MeasureTime(kTailFrom);
    const std::vector<double> failures = FailureRoots();
    std::vector<double> waits = WaitRoots();
    if (Sum(failures) + Sum(waits) == 0 && !ConnectsAreSlow()) {
      MeasureTime(kTailFromWithin);
      waits = WithinLimitsRoots();
      result_.within_limits = Sum(waits) > 0;
    }
    PassFailures(failures);
    PassWaits(waits);
    BlameSlowConnects();
    for (size_t i = 0; i < graph_.nodes.size(); ++i) result_.total += result_.harm(i);
    return std::move(result_);
  }

 private:
  static double Sum(const std::vector<double>& v) {
    return std::accumulate(v.begin(), v.end(), 0.0);
  }

  // Edges, breadth first from the entry, then the rest in input order.
  static std::vector<size_t> FromEntry(const Graph& graph) {
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

  // Signs that a call waits in front of its server.
  double QueueSign(const GraphEdge& e) const {
    const Saturation& s = saturation_[e.server];
    const bool slow_connects = e.is_over(Metric::kConnectLatency) || e.caller.accept_overflow > 0;
    return std::max({s.cpu, s.queue, slow_connects ? 0.8 : 0.0});
  }

  // Does the caller see most of its calls, to several servers, answered long after they were?
  bool SlowToTakeUp(size_t node) const {
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
  double CallerBlame(const GraphEdge& e) const {
    const double caller = saturation_[e.client].cpu;
    const double server = QueueSign(e);
    if (caller >= 0.3 && caller > server) return 0.9;
    if (caller >= 0.3) return 0.3;
    return server < 0.3 && SlowToTakeUp(e.client) ? 0.7 : 0;
  }

  void MeasureTime(double tail_from) {
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

  // Own time = what callers wait, less the union of the calls made meanwhile. Of the union only
  // bounds are known: at most the sum (one after the other), at least the longest (all at once). A
  // sum longer than the wait proves that calls overlap.
  static double OwnTime(double in, double sum, double longest) {
    if (in <= 0) return 0;
    const double overlap = std::clamp(sum / in - 1, 0.0, 1.0);
    return std::max({0.0, in - sum, 0.25 * overlap * (in - longest)});
  }

  // Callers before what they call, as far as cycles allow.
  void SplitNodes() {
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
  void SplitNode(size_t i) {
    TimeSplit& split = result_.split[i];
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
  void FindSaturationBelow() {
    std::fill(below_.begin(), below_.end(), 0.0);
    for (int round = 0; round < 8; ++round) {
      for (size_t i = 0; i < graph_.edges.size(); ++i) {
        const GraphEdge& e = graph_.edges[i];
        if (!IsSlowCall(i)) continue;
        const double sign = std::max(saturation_[e.server].any(), below_[e.server]);
        below_[e.client] = std::max(below_[e.client], sign);
      }
    }
  }

  // A call that takes a good part of its caller's time, and is not quick in itself either. A caller
  // whose workers are all taken shows only a small part of its own callers' waiting in its calls.
  bool IsSlowCall(size_t e, double slow_from = kSlowFrom) const {
    const GraphEdge& edge = graph_.edges[e];
    const TimeSplit& caller = result_.split[edge.client];
    const double part = starved_[edge.client] ? kStarvedChild : kSlowChild;
    if (down_[e] <= 0 || caller.in <= 0 || down_[e] < part * caller.in) return false;
    const auto& limit = edge.limits[Metric::kLatency];
    const double allowed = limit ? *limit : *DefaultLimits()[Metric::kLatency];
    return std::max(Known(edge.caller.latency_p95_us) ? edge.caller.latency_p95_us : 0.0,
                    edge.caller.oldest_us) >= slow_from * allowed;
  }

  bool HasSlowCall(size_t node, double slow_from = kSlowFrom) const {
    return std::ranges::any_of(graph_.nodes[node].out,
                               [this, slow_from](size_t e) { return IsSlowCall(e, slow_from); });
  }

  // Calls in flight that stay level while requests pile up in front: a pool of workers or
  // connections is exhausted. Free arrivals vary by the root of their number.
  bool IsStarved(size_t node) const {
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
  void DoubtOwnTime(size_t i) {
    if (saturation_[i].any() >= 0.3 || !HasSlowCall(i)) return;
    result_.split[i].own *= starved_[i] ? 0.05 : below_[i] >= kSaturated ? 0.3 : 0.7;
  }

  // Over edges of one kind whose caller is not itself reached by such edges: there it hurts first.
  template <typename Over>
  std::vector<size_t> Roots(Over over) const {
    std::vector<size_t> roots;
    std::vector<bool> covered(graph_.nodes.size());
    for (const size_t at : order_) {
      const GraphEdge& e = graph_.edges[at];
      if (!over(e) || covered[e.client]) continue;
      roots.push_back(at);
      std::deque<size_t> queue{e.server};
      covered[e.server] = true;
      while (!queue.empty()) {
        const size_t node = queue.front();
        queue.pop_front();
        for (const size_t next : graph_.nodes[node].out) {
          const size_t server = graph_.edges[next].server;
          if (!over(graph_.edges[next]) || covered[server]) continue;
          covered[server] = true;
          queue.push_back(server);
        }
      }
    }
    return roots;
  }

  std::vector<double> WaitRoots() const {
    std::vector<double> mass(graph_.edges.size());
    for (const size_t at :
         Roots([](const GraphEdge& e) { return e.sync && e.is_over(Metric::kLatency); })) {
      const GraphEdge& e = graph_.edges[at];
      const double limit = *e.limits[Metric::kLatency];
      const double slow = std::max(SlowerShare(e.caller_view().latency, limit),
                                   e.caller.responses < 0.5 * e.caller.requests ? 1.0 : 0.05);
      const double worst = std::max(Known(e.caller.latency_p95_us) ? e.caller.latency_p95_us : 0.0,
                                    e.caller.oldest_us);
      const double how_bad = std::clamp(1 + std::log2(std::max(worst / limit, 1.0)), 1.0, 3.0);
      mass[at] = e.caller.requests * slow * how_bad;
    }
    return mass;
  }

  // Nothing is over. A node that is surely short of CPU or queue, and halfway to its latency limit,
  // is still what will break first.
  std::vector<double> WithinLimitsRoots() const {
    std::vector<double> mass(graph_.edges.size());
    for (size_t at = 0; at < graph_.edges.size(); ++at) {
      const GraphEdge& e = graph_.edges[at];
      const auto& limit = e.limits[Metric::kLatency];
      if (!e.sync || !limit || *limit <= 0 || e.caller.samples < 20) continue;
      const Saturation& s = saturation_[e.server];
      if (s.throttled < 0.5 && s.queue < 0.6) continue;
      if (!(e.caller.latency_p95_us >= 0.5 * *limit)) continue;
      mass[at] = e.caller.requests * SlowerShare(e.caller_view().latency, 0.25 * *limit);
    }
    return mass;
  }

  std::vector<double> FailureRoots() const {
    std::vector<double> mass(graph_.edges.size());
    for (const size_t at : Roots([](const GraphEdge& e) {
           return e.is_over(Metric::kErrors) || e.is_over(Metric::kConnectFailures);
         })) {
      mass[at] = kFailureWeight * Failures(graph_.edges[at]);
    }
    return mass;
  }

  static double Failures(const GraphEdge& e) {
    return e.caller.errors() + e.caller.connect_failures;
  }
  // As a cause of its caller's own failures.
  static double PassedFailures(const GraphEdge& e) {
    return kHandled * e.caller.client_errors + e.caller.server_errors + e.caller.timeouts +
           e.caller.connect_failures;
  }

  bool ConnectsAreSlow() const {
    return std::ranges::any_of(
        graph_.edges, [](const GraphEdge& e) { return e.is_over(Metric::kConnectLatency); });
  }

  // Harm `mass` reaches the server of edge `at`; a connect that failed stays outside of it.
  void Arrive(size_t at, double mass, std::vector<double>& inside) {
    const GraphEdge& e = graph_.edges[at];
    result_.flow[at] += mass;
    const double all = Failures(e);
    const double outside = all > 0 ? mass * e.caller.connect_failures / all : 0;
    inside[e.server] += mass - outside;
    // A full queue in front of a node that waits for others is their doing.
    const bool waits_below = below_[e.server] >= kSaturated && saturation_[e.server].cpu < 0.3 &&
                             e.caller.server_resets < 0.5 * e.caller.connect_failures;
    const double below = waits_below && HasSlowCall(e.server) ? 0.7 : 0;
    result_.refused[e.server] += outside * (1 - below);
    waiting_inside_.resize(graph_.nodes.size());
    waiting_inside_[e.server] += outside * below;
  }

  void PassFailures(const std::vector<double>& roots) {
    waiting_inside_.assign(graph_.nodes.size(), 0.0);
    std::vector<double> mass(graph_.nodes.size());
    for (const size_t at : order_) {
      if (roots[at] > 0) Arrive(at, roots[at], mass);
    }
    for (int round = 0; round < kRounds && Sum(mass) > 1e-9; ++round) {
      std::vector<double> next(graph_.nodes.size());
      for (size_t i = 0; i < mass.size(); ++i) {
        if (mass[i] > 0) PassFailuresOf(i, mass[i], next);
      }
      mass = std::move(next);
    }
    for (size_t i = 0; i < mass.size(); ++i) result_.failed[i] += mass[i];
  }

  void PassFailuresOf(size_t i, double mass, std::vector<double>& next) {
    double in = 0;
    double out = 0;
    for (const size_t e : graph_.nodes[i].in) {
      if (graph_.edges[e].client != i) in += graph_.edges[e].caller.errors();
    }
    for (const size_t e : graph_.nodes[i].out) {
      if (graph_.edges[e].server != i) out += PassedFailures(graph_.edges[e]);
    }
    const double own = mass * (in > 0 ? std::clamp(1 - out / in, 0.0, 1.0) : out > 0 ? 0.0 : 1.0);
    // Failures of a node that waits for a slow call are timeouts in disguise.
    const bool waits = HasSlowCall(i, kTimesOut) && saturation_[i].any() < 0.5;
    const double waiting = waits ? 0.8 * own : 0;
    result_.failed[i] += own - waiting;
    waiting_inside_[i] += waiting;
    if (out <= 0) return;
    for (const size_t e : graph_.nodes[i].out) {
      const double part = PassedFailures(graph_.edges[e]) / out;
      if (graph_.edges[e].server != i && part > 0) Arrive(e, (mass - own) * part, next);
    }
  }

  void PassWaits(const std::vector<double>& roots) {
    std::vector<double> mass = waiting_inside_;
    for (const size_t at : order_) {
      if (roots[at] <= 0) continue;
      const double below = time_[at] > 0 ? down_[at] / time_[at] : 1;
      result_.flow[at] += roots[at];
      mass[graph_.edges[at].server] += roots[at] * below;
      result_.slow[graph_.edges[at].client] += roots[at] * (1 - below);
    }
    for (int round = 0; round < kRounds && Sum(mass) > 1e-9; ++round) {
      std::vector<double> next(graph_.nodes.size());
      for (size_t i = 0; i < mass.size(); ++i) {
        if (mass[i] > 0) PassWaitsOf(i, mass[i], next);
      }
      mass = std::move(next);
    }
    for (size_t i = 0; i < mass.size(); ++i) result_.slow[i] += mass[i];
  }

  void PassWaitsOf(size_t i, double mass, std::vector<double>& next) {
    const TimeSplit& split = result_.split[i];
    double whole = split.own;
    for (const size_t e : graph_.nodes[i].out) whole += down_[e];
    if (whole <= 0) {
      result_.slow[i] += mass;
      return;
    }
    result_.slow[i] += mass * split.own / whole;
    for (const size_t e : graph_.nodes[i].out) {
      if (down_[e] <= 0) continue;
      const double part = mass * down_[e] / whole;
      result_.flow[e] += part;
      next[graph_.edges[e].server] += part;
    }
  }

  // Slow connects harm less than slow answers and stay where they are met.
  void BlameSlowConnects() {
    for (size_t at = 0; at < graph_.edges.size(); ++at) {
      const GraphEdge& e = graph_.edges[at];
      if (!e.is_over(Metric::kConnectLatency)) continue;
      const double limit = *e.limits[Metric::kConnectLatency];
      const double mass =
          0.3 * e.caller.connects * SlowerShare(e.caller_view().connect_latency, limit);
      result_.flow[at] += mass;
      result_.refused[e.server] += mass;
    }
  }

  const Graph& graph_;
  const std::vector<Saturation>& saturation_;
  const std::vector<size_t> order_;
  std::vector<double> time_;            // per edge: callers waiting in the tail
  std::vector<double> down_;            // of that, not the caller's own doing
  std::vector<double> late_;            // per node: answered calls it was slow to take up
  std::vector<double> below_;           // per node: strongest saturation down its slow calls
  std::vector<bool> starved_;           // per node: its workers are all taken
  std::vector<double> waiting_inside_;  // per node: harm found to be waiting
  Attribution result_;
};

}  // namespace

Attribution Attribute(const Graph& graph, const std::vector<Saturation>& saturation) {
  return Walk(graph, saturation).Run();
}

}  // namespace pano::analysis
