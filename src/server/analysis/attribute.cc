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
constexpr double kSlowFrom = 0.25;       // of its latency limit: a quicker call holds nobody up
constexpr double kTimesOut = 0.8;        // of its limit: such a call makes callers give up
constexpr double kFailureWeight = 3;     // a failed request is worse than a slow one
constexpr double kHandled = 0.25;        // client errors of a call are mostly handled by the caller
constexpr double kSaturated = 0.5;       // strength from which saturation explains slowness
constexpr int kRounds = 64;              // bound on the length of call chains, for cycles

class Walk {
 public:
  Walk(const Graph& graph, const std::vector<Saturation>& saturation)
      : graph_(graph),
        saturation_(saturation),
        order_(EdgesFromEntry(graph)),
        time_(graph, saturation, order_) {
    const size_t n = graph.nodes.size();
    result_.slow.resize(n);
    result_.failed.resize(n);
    result_.refused.resize(n);
    result_.flow.resize(graph.edges.size());
    waiting_inside_.resize(n);
  }

  Attribution Run() {
    time_.Measure(kTailFrom);
    const std::vector<double> failures = FailureRoots();
    std::vector<double> waits = WaitRoots();
    if (Sum(failures) + Sum(waits) == 0 && !ConnectsAreSlow()) {
      time_.Measure(kTailFromWithin);
      waits = WithinLimitsRoots();
      result_.within_limits = Sum(waits) > 0;
    }
    PassFailures(failures);
    PassWaits(waits);
    BlameSlowConnects();
    for (size_t i = 0; i < graph_.nodes.size(); ++i) result_.total += result_.harm(i);
    result_.split = time_.splits();
    return std::move(result_);
  }

 private:
  static double Sum(const std::vector<double>& v) {
    return std::accumulate(v.begin(), v.end(), 0.0);
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
    const bool waits_below = time_.below(e.server) >= kSaturated &&
                             saturation_[e.server].cpu < 0.3 &&
                             e.caller.server_resets < 0.5 * e.caller.connect_failures;
    const double below = waits_below && time_.HasSlowCall(e.server, kSlowFrom) ? 0.7 : 0;
    result_.refused[e.server] += outside * (1 - below);
    waiting_inside_[e.server] += outside * below;
  }

  void PassFailures(const std::vector<double>& roots) {
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
    const bool waits = time_.HasSlowCall(i, kTimesOut) && saturation_[i].any() < 0.5;
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
      const double below = time_.whole(at) > 0 ? time_.down(at) / time_.whole(at) : 1;
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
    const TimeSplit& split = time_.splits()[i];
    double whole = split.own;
    for (const size_t e : graph_.nodes[i].out) whole += time_.down(e);
    if (whole <= 0) {
      result_.slow[i] += mass;
      return;
    }
    result_.slow[i] += mass * split.own / whole;
    for (const size_t e : graph_.nodes[i].out) {
      if (time_.down(e) <= 0) continue;
      const double part = mass * time_.down(e) / whole;
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
  TimeMap time_;
  std::vector<double> waiting_inside_;  // per node: harm found to be waiting
  Attribution result_;
};

}  // namespace

Attribution Attribute(const Graph& graph, const std::vector<Saturation>& saturation) {
  return Walk(graph, saturation).Run();
}

}  // namespace pano::analysis
