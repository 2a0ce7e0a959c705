// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/stable_order.h"
#include "server/analysis/localise/links.h"
#include "server/analysis/words.h"

namespace pano::analysis {
namespace {

constexpr double kTells = 0.3;      // strength from which a signal is evidence
constexpr double kAllAround = 0.5;  // of a node's calls in both directions, held up on the way
constexpr double kAmplified = 1.4;  // requests per request of the callers, against the usual

// The strongest of a signal at a node and at calls to it.
Judged AtDoor(const System& system, uint32_t node, Judged Signals::* signal) {
  Judged best = system.nodes[node].*signal;
  for (const uint32_t c : system.in[node]) {
    const Judged& seen = system.calls[c].view.*signal;
    if (seen.up() > best.up()) best = seen;
  }
  return best;
}

// How many more requests come for each request that the callers got: 1 is as usual.
double Amplification(const System& system, uint32_t node) {
  const Judged& own = system.nodes[node].requests;
  if (!own.has_usual || own.up() < kTells) return 1;
  double expected = 0;
  double weights = 0;
  for (const uint32_t c : system.in[node]) {
    const Judged& caller = system.nodes[system.calls[c].caller].requests;
    if (!caller.has_usual || caller.usual <= 0) continue;
    expected += system.calls[c].share * caller.now / caller.usual;
    weights += system.calls[c].share;
  }
  if (weights <= 0 || expected <= 0 || own.usual <= 0) return 1;
  return own.now / own.usual / (expected / weights);
}

// Callers wait longer for it than it works longer: the difference is on the way or in its queue.
bool WaitsAtDoor(const System& system, uint32_t node) {
  const Signals& own = system.nodes[node];
  if (!own.latency.has_usual) return false;
  double seen = 0;
  double inside = 0;
  for (const uint32_t c : system.in[node]) {
    const Signals& view = system.calls[c].view;
    if (!std::isfinite(view.wait) || view.latency.up() <= 0) continue;
    seen += view.wait;
    inside += std::max(system.calls[c].share * own.wait, 0.0);
  }
  return seen > 0 && inside < 0.4 * seen;
}

bool IsWatched(const System& system, uint32_t node) {
  const Signals& s = system.nodes[node];
  if (!system.out[node].empty()) return true;
  return s.cpu.known || s.throttled.known || s.memory.known || s.in_flight.known ||
         s.latency.known || s.requests.known;
}

std::string SayChange(std::string_view what, const Judged& j, std::string (*say)(double),
                      double unit) {
  if (!j.has_usual) return fmt::format("{} {}", what, say(j.now * unit));
  return fmt::format("{} {} instead of {}", what, say(j.now * unit), say(j.usual * unit));
}

std::string SayFailures(const Judged& j) {
  if (j.has_usual && j.now > 1) return SayChange("errors per interval", j, SayNumber, 1);
  return SayChange("failed requests", j, SayPercent, 1);
}

}  // namespace

FaultClass Classify(const System& system, const Blame& blame, uint32_t node) {
  const Signals& s = system.nodes[node];
  const Judged refused = AtDoor(system, node, &Signals::connect_failures);
  const Judged syn = AtDoor(system, node, &Signals::retrans_syn);
  const Judged connect = AtDoor(system, node, &Signals::connect_latency);
  // A load generator: nobody calls it, and it calls one.
  const bool is_entry =
      node == system.question->entry && system.in[node].empty() && system.out[node].size() == 1;
  if (blame.demand[node] > blame.slow[node] + blame.failed[node]) return FaultClass::kDemandDrop;
  if (s.throttled.up() >= kTells) return FaultClass::kCpuThrottled;
  const bool fails = blame.failed[node] > blame.slow[node];
  if (s.cpu.up() >= kTells) {
    return is_entry ? FaultClass::kClientLimit : FaultClass::kCpuSaturated;
  }
  if (refused.up() >= kTells && syn.up() < kTells) return FaultClass::kRefused;
  if (HeldUpAllAround(system, node) >= kAllAround) {
    return FaultClass::kNetworkLoss;
  }
  if (syn.up() >= kTells || connect.up() >= kTells) {
    const bool queue = refused.up() >= kTells || s.in_flight.up() >= kTells || s.slow() >= kTells;
    return queue ? FaultClass::kAcceptQueue : FaultClass::kNetworkLoss;
  }
  if (s.memory.up() >= kTells) return FaultClass::kMemory;
  if (fails) {
    return Amplification(system, node) >= kAmplified ? FaultClass::kRetryStorm
                                                     : FaultClass::kErrorOrigin;
  }
  if (WaitsAtDoor(system, node)) return FaultClass::kNetworkLoss;
  if (!IsWatched(system, node)) return FaultClass::kSlowDependencyOutside;
  if (s.slow() > 0 || blame.slow[node] > 0.05) {
    return is_entry ? FaultClass::kClientLimit : FaultClass::kOwnTime;
  }
  if (s.failures.up() > 0) return FaultClass::kErrorOrigin;
  return FaultClass::kUnclear;
}

std::vector<std::string> Evidence(const System& system, const Blame& blame, uint32_t node) {
  const Signals& s = system.nodes[node];
  std::vector<std::pair<double, std::string>> lines;  // weight, text
  const auto add = [&](double weight, std::string text) {
    if (weight > 0.05) lines.emplace_back(weight, std::move(text));
  };
  add(1.2 * s.throttled.up(), SayChange("CPU periods throttled", s.throttled, SayPercent, 1));
  add(1.1 * s.cpu.up(), SayChange("CPU use", s.cpu, SayNumber, 1));
  add(0.9 * s.memory.up(), SayChange("memory", s.memory, SayNumber, 1));
  const Judged refused = AtDoor(system, node, &Signals::connect_failures);
  add(1.15 * refused.up(), SayChange("failed connects per interval", refused, SayNumber, 1));
  const Judged syn = AtDoor(system, node, &Signals::retrans_syn);
  add(1.05 * syn.up(), SayChange("SYN retransmits per interval", syn, SayNumber, 1));
  const Judged connect = AtDoor(system, node, &Signals::connect_latency);
  add(0.85 * connect.up(), SayChange("connect latency", connect, SayDuration, 1e6));
  add(s.failures.up(), SayFailures(s.failures));
  const Judged latency = AtDoor(system, node, &Signals::latency);
  if (latency.up() > 0) {
    add(latency.up(), SayChange("latency", latency, SayDuration, 1e6));
  } else {
    add(0.8 * s.tail.up(), SayChange("tail latency", s.tail, SayDuration, 1e6));
  }
  add(0.6 * s.in_flight.up(), SayChange("requests in flight", s.in_flight, SayNumber, 1));
  add(0.5 * s.requests.strength, SayChange("requests per interval", s.requests, SayNumber, 1));
  const double slow = blame.slow[node];
  const double failed = blame.failed[node];
  if (slow >= 0.1) {
    add(0.7 * slow, fmt::format("{} of the extra waiting is made here, not by what it calls",
                                SayPercent(slow)));
  }
  if (failed >= 0.1) {
    add(0.7 * failed,
        fmt::format("{} of the failures are made here, not by what it calls", SayPercent(failed)));
  }
  if (blame.demand[node] >= 0.1) {
    add(1, "requests stop coming from here; nothing below it waits or fails");
  }
  StableOrder(lines, [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::string> texts;
  texts.reserve(lines.size());
  for (auto& [weight, text] : lines) texts.push_back(std::move(text));
  if (texts.empty()) {
    texts.emplace_back(s.seen ? "nothing of its own is abnormal" : "it has no series of its own");
  }
  return texts;
}

std::string_view SayFault(FaultClass fault) {
  switch (fault) {
    case FaultClass::kCpuThrottled:
      return "its CPU quota holds it back";
    case FaultClass::kCpuSaturated:
      return "it uses far more CPU than usual";
    case FaultClass::kAcceptQueue:
      return "connections wait before it accepts them";
    case FaultClass::kRefused:
      return "connections to it are refused";
    case FaultClass::kOwnTime:
      return "it is slow by itself";
    case FaultClass::kSlowDependencyOutside:
      return "it is slow, outside of what is watched";
    case FaultClass::kErrorOrigin:
      return "errors are made there";
    case FaultClass::kNetworkLoss:
      return "calls are held up on the way to it";
    case FaultClass::kMemory:
      return "its memory grows";
    case FaultClass::kClientLimit:
      return "the load generator itself is the limit";
    case FaultClass::kRetryStorm:
      return "it fails and its callers ask again and again";
    case FaultClass::kDemandDrop:
      return "requests stop coming from there";
    case FaultClass::kUnclear:
      break;
  }
  return "it is the most suspicious";
}

}  // namespace pano::analysis
