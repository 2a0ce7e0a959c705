// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/evidence.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/analysis/state.h"
#include "server/analysis/words.h"

namespace pano::analysis {
namespace {

bool Harmed(const GraphEdge& e, bool within_limits) {
  if (e.is_over(Metric::kLatency) || e.is_over(Metric::kErrors) ||
      e.is_over(Metric::kConnectFailures) || e.is_over(Metric::kConnectLatency)) {
    return true;
  }
  const auto& limit = e.limits[Metric::kLatency];
  const double from = within_limits ? 0.5 : kNearShare;
  return e.sync && limit && e.caller.samples >= 5 && e.caller.latency_p95_us >= from * *limit;
}

FaultClass Classify(const Graph& graph, const Suspect& suspect, const Saturation& s,
                    const Attribution& a) {
  const size_t i = suspect.node;
  const bool is_entry = i == graph.entry && graph.nodes[i].in.empty();
  if (is_entry) return FaultClass::kClientLimit;
  const bool mostly_failed = a.failed[i] > a.slow[i] + a.refused[i];
  const bool mostly_refused = a.refused[i] > a.slow[i] + a.failed[i];
  if (s.memory >= 0.5) return FaultClass::kMemory;
  if (mostly_refused && s.refused >= 0.5 * s.failed && s.refused > 0 && s.queue < 0.3 &&
      s.cpu < 0.5) {
    return FaultClass::kRefused;
  }
  if (mostly_failed && s.cpu < 0.5) return FaultClass::kErrorOrigin;
  if (s.throttled >= 0.3) return FaultClass::kCpuThrottled;
  if (s.cpu >= 0.4) return FaultClass::kCpuSaturated;
  if (s.queue >= 0.3) return FaultClass::kAcceptQueue;
  if (s.network >= 0.3) return FaultClass::kNetworkLoss;
  if (mostly_refused && s.refused > 0) return FaultClass::kRefused;
  if (mostly_refused && s.retrans_syn > 0) return FaultClass::kAcceptQueue;
  if (a.slow[i] <= 0) return FaultClass::kUnclear;
  const bool unseen = !s.known && std::ranges::none_of(graph.nodes[i].in, [&graph](size_t e) {
    return !graph.edges[e].edge->server_view.seconds.empty();
  });
  const bool outside = graph.nodes[i].node->kind == schema::NodeKind::kExternal;
  if (outside || (unseen && graph.nodes[i].out.empty())) return FaultClass::kSlowDependencyOutside;
  return suspect.own_share >= 0.3 ? FaultClass::kOwnTime : FaultClass::kUnclear;
}

// Evidence of another kind than the harm itself.
double Strength(const Suspect& suspect, const Saturation& s) {
  double strength = s.any();
  if (s.failed > 0 && s.refused >= 0.5 * s.failed) strength = std::max(strength, 0.9);
  if (suspect.fault == FaultClass::kErrorOrigin && suspect.requests > 0) {
    strength = std::max(strength, std::clamp(0.4 + suspect.errors / suspect.requests, 0.0, 1.0));
  }
  if (s.retrans_syn > 0 && s.failed > 0) strength = std::max(strength, 0.6);
  const bool grows = suspect.in_flight_last > 1.5 * suspect.in_flight_first + 2;
  return std::min(1.0, strength + (grows ? 0.1 : 0));
}

std::string SayCallers(const Graph& graph, const Suspect& suspect) {
  if (suspect.callers.empty()) return {};
  if (suspect.callers.size() == 1) {
    return fmt::format("{} waits for it", graph.name(suspect.callers.front()));
  }
  return fmt::format("{} callers wait for it", suspect.callers.size());
}

void MeasureEdgesInto(const Graph& graph, bool within_limits, Suspect& suspect) {
  std::vector<std::pair<double, size_t>> callers;
  std::vector<size_t> all;
  ExpHistogram latency;
  for (const size_t at : graph.nodes[suspect.node].in) {
    const GraphEdge& e = graph.edges[at];
    if (e.client == e.server || e.caller.requests + e.caller.connects <= 0) continue;
    all.push_back(e.client);
    suspect.samples += e.caller.samples + e.caller.connect_failures * e.caller.known_seconds;
    suspect.requests += e.caller.requests;
    suspect.errors += e.caller.errors();
    suspect.in_flight_first += e.caller.in_flight_first;
    suspect.in_flight_last += e.caller.in_flight_last;
    if (e.lag && (!suspect.lag || e.lag->time_us > suspect.lag->time_us)) suspect.lag = e.lag;
    if (Harmed(e, within_limits)) callers.emplace_back(-e.caller.requests, e.client);
    if (e.sync) latency.Merge(e.caller_view().latency);
    // A handful of slow answers does not speak for the node.
    const bool telling = e.sync && e.caller.samples >= 5 && Known(e.caller.latency_p95_us);
    if (telling && !(suspect.latency_us >= e.caller.latency_p95_us)) {
      suspect.latency_us = e.caller.latency_p95_us;
      const auto& limit = e.limits[Metric::kLatency];
      suspect.limit_us = limit ? *limit : kUnknown;
    }
  }
  // What all callers together see, unless it hides that one of them is over its limit.
  const double together = latency.Quantile(0.95);
  if (!latency.empty() &&
      (together > suspect.limit_us || !(suspect.latency_us > suspect.limit_us))) {
    suspect.latency_us = together;
  }
  std::ranges::sort(callers);
  for (const auto& [requests, node] : callers) {
    if (std::ranges::find(suspect.callers, node) == suspect.callers.end()) {
      suspect.callers.push_back(node);
    }
  }
  std::ranges::sort(all);
  suspect.all_callers = static_cast<size_t>(std::ranges::unique(all).begin() - all.begin());
}

}  // namespace

Suspect Examine(const Graph& graph, const std::vector<Saturation>& saturation,
                const Attribution& attribution, size_t node) {
  const Saturation& s = saturation[node];
  Suspect suspect;
  suspect.node = node;
  suspect.share = attribution.share(node);
  const TimeSplit& split = attribution.split[node];
  if (split.in > 0) suspect.own_share = std::min(split.own / split.in, 1.0);
  MeasureEdgesInto(graph, attribution.within_limits, suspect);
  suspect.fault = Classify(graph, suspect, s, attribution);
  suspect.strength = Strength(suspect, s);
  // Several callers that all wait for one server point at the server.
  const bool converge = suspect.callers.size() >= 2;
  suspect.score =
      std::min(1.0, suspect.share * (0.6 + 0.35 * suspect.strength + (converge ? 0.05 : 0)));
  return suspect;
}

std::string SayLag(const Lag& lag) {
  if (lag.rate <= 0)
    return fmt::format("fetching nothing while {} records wait", SayNumber(lag.records));
  return fmt::format("{} behind with {} records", SayDuration(lag.time_us), SayNumber(lag.records));
}

std::string SayHarm(const Suspect& suspect, const Saturation& s, const Attribution& a) {
  const size_t i = suspect.node;
  if (suspect.fault == FaultClass::kClientLimit) {
    return "it is slow to take up answers that were given to it";
  }
  if (a.failed[i] > a.slow[i] + a.refused[i] && suspect.requests > 0) {
    return fmt::format("{} requests/s fail in it ({})", SayNumber(suspect.errors),
                       SayPercent(std::min(suspect.errors / suspect.requests, 1.0)));
  }
  if (suspect.fault == FaultClass::kRefused) {
    return fmt::format("it refuses {} connects/s", SayNumber(std::max(s.refused, s.failed)));
  }
  if (suspect.lag) return "it is " + SayLag(*suspect.lag);
  if (!Known(suspect.latency_us)) return {};
  if (suspect.latency_us > suspect.limit_us) {
    return fmt::format("it answers in {} (limit {})", SayDuration(suspect.latency_us),
                       SayDuration(suspect.limit_us));
  }
  return fmt::format("it answers in {}", SayDuration(suspect.latency_us));
}

std::string SayCause(const Suspect& suspect, const Saturation& s) {
  switch (suspect.fault) {
    case FaultClass::kMemory:
      return fmt::format("it ran out of memory: {}", SayCount(s.oom_kills, "kill", "kills"));
    case FaultClass::kAcceptQueue:
      if (s.overflow > 0) {
        return fmt::format("its accept queue overflows {} times/s", SayNumber(s.overflow));
      }
      if (s.queue_level > 0) {
        return fmt::format("its accept queue is {} full", SayPercent(std::min(s.queue_level, 1.0)));
      }
      return fmt::format("{} SYN/s go unanswered", SayNumber(s.retrans_syn));
    case FaultClass::kNetworkLoss:
      return fmt::format("{} of the segments to and from it are sent again",
                         SayPercent(s.retrans_share));
    case FaultClass::kSlowDependencyOutside:
      return "it lies outside of what is watched";
    default:
      break;
  }
  if (s.throttled >= 0.15) {
    return fmt::format("its CPU quota held it back {} of the time", SayPercent(s.throttled));
  }
  if (s.quota_use >= 0.75)
    return fmt::format("it uses {} of its CPU quota", SayPercent(s.quota_use));
  if (s.one_core >= 0.4) {
    return fmt::format("each instance keeps one core busy ({} cores in all)", SayNumber(s.cpu_use));
  }
  if (suspect.fault == FaultClass::kOwnTime && suspect.own_share >= 0.3) {
    return fmt::format("{} of that is its own time", SayPercent(suspect.own_share));
  }
  return {};
}

std::vector<std::string> ListEvidence(const Graph& graph, const Suspect& suspect,
                                      const Saturation& s, const Attribution& a) {
  std::vector<std::string> list;
  const auto add = [&list](const std::string& text) {
    if (!text.empty() && std::ranges::find(list, text) == list.end()) list.push_back(text);
  };
  if (s.throttled >= 0.05)
    add(fmt::format("CPU throttled {} of the time", SayPercent(s.throttled)));
  if (s.quota_use >= 0.5) {
    add(fmt::format("uses {} of {} cores of CPU quota", SayPercent(s.quota_use),
                    SayNumber(s.cpu_quota)));
  }
  if (s.one_core >= 0.4) add(SayCause(suspect, s));
  if (s.overflow > 0) add(fmt::format("accept queue overflows {}/s", SayNumber(s.overflow)));
  if (s.queue_level >= 0.5) {
    add(fmt::format("accept queue up to {} full", SayPercent(std::min(s.queue_level, 1.0))));
  }
  if (s.failed > 0) add(fmt::format("{} connects/s to it fail", SayNumber(s.failed)));
  if (s.refused > 0) add(fmt::format("{} connects/s refused (RST)", SayNumber(s.refused)));
  if (s.retrans_syn > 0) add(fmt::format("{} SYN retransmits/s", SayNumber(s.retrans_syn)));
  if (s.oom_kills > 0) add(SayCount(s.oom_kills, "out-of-memory kill", "out-of-memory kills"));
  if (s.network >= 0.1) {
    add(fmt::format("{} of segments retransmitted", SayPercent(s.retrans_share)));
  }
  if (suspect.errors > 0) {
    add(fmt::format("{} of {} requests/s fail", SayNumber(suspect.errors),
                    SayNumber(suspect.requests)));
  }
  if (suspect.lag) {
    add(SayLag(*suspect.lag));
    if (suspect.lag->growth > 0) {
      add(fmt::format("{} records/s more than it takes", SayNumber(suspect.lag->growth)));
    }
  }
  if (Known(suspect.latency_us) && !suspect.lag) {
    add(fmt::format("answers in {} (p95)", SayDuration(suspect.latency_us)));
  }
  if (a.slow[suspect.node] > 0 && suspect.own_share > 0) {
    add(fmt::format("{} of its callers' slow waiting is spent in it or in front of it",
                    SayPercent(suspect.own_share)));
  }
  if (graph.nodes[suspect.node].out.empty()) add("calls nothing itself");
  if (suspect.callers.size() >= 2) {
    add(fmt::format("{} of {} callers are held up", suspect.callers.size(), suspect.all_callers));
  }
  if (suspect.in_flight_last > 1.5 * suspect.in_flight_first + 2) {
    add(fmt::format("requests in flight grew from {} to {}", SayNumber(suspect.in_flight_first),
                    SayNumber(suspect.in_flight_last)));
  }
  if (s.run_queue >= 0.5 * s.cpu_use && s.run_queue >= 0.1) {
    add(fmt::format("its threads waited {} s for a CPU each second", SayNumber(s.run_queue)));
  }
  add(fmt::format("explains {} of all waiting and failing", SayPercent(suspect.share)));
  return list;
}

std::string SayBottleneck(const Graph& graph, const Suspect& suspect, const Saturation& s,
                          const Attribution& a) {
  std::vector<std::string> parts;
  const auto add = [&parts](std::string text) {
    if (!text.empty()) parts.push_back(std::move(text));
  };
  add(SayHarm(suspect, s, a));
  add(SayCause(suspect, s));
  if (!suspect.lag || suspect.callers.size() > 1) add(SayCallers(graph, suspect));
  if (s.failed > 0 && suspect.fault != FaultClass::kRefused) {
    add(fmt::format("{} connects/s fail", SayNumber(s.failed)));
  }
  return fmt::format("{} is the bottleneck{}: {}.", graph.name(suspect.node),
                     a.within_limits ? ", though nothing is over its limits yet" : "",
                     fmt::join(parts, ", "));
}

}  // namespace pano::analysis
