// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/roots.h"

#include <algorithm>
#include <utility>

#include "server/analysis/localise/harm.h"
#include "server/analysis/robust.h"

namespace pano::analysis {
namespace {

constexpr double kClientsSide = 0.8;     // of waiting between a client and the target
constexpr double kSurelyOnTheWay = 0.5;  // Call::on_the_way from which it is there

std::vector<bool> Reached(const System& system, uint32_t from) {
  std::vector<bool> reached(system.nodes.size());
  std::vector<uint32_t> stack{from};
  reached[from] = true;
  while (!stack.empty()) {
    const uint32_t node = stack.back();
    stack.pop_back();
    for (const uint32_t c : system.out[node]) {
      const uint32_t next = system.calls[c].callee;
      if (!reached[next]) reached[next] = true, stack.push_back(next);
    }
  }
  return reached;
}

// The target shows nothing: wherever it hurts without a caller that is hurt as well. A target
// that nobody watches hides what it calls, not what others do.
Roots Elsewhere(const System& system, uint32_t hidden) {
  const auto n = static_cast<uint32_t>(system.nodes.size());
  Roots out;
  out.mass.resize(2 * size_t{n});
  const std::vector<bool> reached = Reached(system, system.question->target);
  double sum = 0;
  for (uint32_t i = 0; i < n; ++i) {
    const Signals& s = system.nodes[i];
    const double badness = Badness(s);
    if (badness <= 0) continue;
    const bool below = std::ranges::any_of(system.in[i], [&](uint32_t c) {
      return Badness(system.nodes[system.calls[c].caller]) >= 0.5 * badness;
    });
    if (below) continue;
    const bool grown = system.calls.empty();
    const double weight = badness * (reached[i] ? 1 : 0.2) *
                          (grown ? 0.2 + std::min(std::max(s.latency.change, 0.0), 4.0) : 1);
    out.mass[s.slow() >= s.failures.up() ? i : n + i] += weight;
    sum += weight;
  }
  out.at_target = hidden != kNoNode;
  for (double& m : out.mass) m = sum > 0 ? m / sum : 0;
  return out;
}

// The highest caller whose requests fell with the target's.
uint32_t FirstThatFell(const System& system) {
  uint32_t top = system.question->target;
  std::vector<bool> seen(system.nodes.size());
  for (bool climbing = system.nodes[top].requests.down() > 0; climbing;) {
    climbing = false;
    seen[top] = true;
    const double fell = system.nodes[top].requests.change;
    uint32_t best = kNoNode;
    for (const uint32_t c : system.in[top]) {
      const uint32_t caller = system.calls[c].caller;
      const Judged& r = system.nodes[caller].requests;
      const bool unseen_root = !r.known && system.in[caller].empty();
      if (seen[caller] || (!unseen_root && (r.down() <= 0 || r.change > 0.5 * fell))) continue;
      if (best == kNoNode || system.calls[c].share > 0.5) best = caller;
    }
    if (best != kNoNode) top = best, climbing = true;
  }
  return top;
}

// Requests are missing. Where something waits or fails below, that holds them back (users of a
// closed system wait); else whoever stopped sending them.
Roots ThroughputRoots(const System& system) {
  const uint32_t top = FirstThatFell(system);
  Roots out;
  out.mass.resize(2 * system.nodes.size());
  const std::vector<bool> reached = Reached(system, top);
  // Who is held back waits for the target or is failed by it, if anybody looks.
  const Signals& target = system.nodes[system.question->target];
  double held = Badness(target);
  for (uint32_t i = 0; i < system.nodes.size() && !target.latency.has_usual; ++i) {
    if (reached[i]) held = std::max(held, Badness(system.nodes[i]));
  }
  const bool fell = system.nodes[system.question->target].requests.down() > 0;
  if (held > 0) out = Elsewhere(system, kNoNode);
  const double kept = fell ? 0.85 * held : held > 0 ? 1 : 0;
  for (double& m : out.mass) m *= kept;
  if (fell) {
    out.stopped = top;
    out.demand = 1 - kept;
  }
  out.at_target = fell;
  return out;
}

// What callers wait for the target and it knows nothing of is theirs or on the way. Where nothing
// is wrong with connects, a client that takes up its answers late is as likely as any.
void BlameClients(const System& system, Roots& out) {
  const uint32_t target = system.question->target;
  const Signals& t = system.nodes[target];
  const double connects =
      std::max({t.connect_latency.up(), t.connect_failures.up(), t.retrans_syn.up()});
  const double whole = WholeWait(system, target);
  double moved = 0;
  for (const uint32_t c : system.in[target]) {
    const Call& call = system.calls[c];
    if (!system.in[call.caller].empty() || call.on_the_way <= 0) continue;
    const double beyond = call.view.wait - call.share * std::max(t.wait, 0.0);
    const double sure = SmoothStep(call.on_the_way, 0.0, kSurelyOnTheWay) * (1 - connects);
    const double part = kClientsSide * sure * beyond / whole;
    out.clients.emplace_back(call.caller, part * out.mass[target]);
    moved += part;
  }
  out.mass[target] *= std::max(1 - moved, 0.0);
}

}  // namespace

Roots FindRoots(const System& system) {
  const uint32_t target = system.question->target;
  const Signals& t = system.nodes[target];
  const double slow =
      WholeWait(system, target) > 0 ? std::max(SlowToCallers(system, target), 0.02) : 0;
  const double failed = WholeFailed(system, target) > 0 ? std::max(t.failures.up(), 0.02) : 0;
  double first = system.question->metric == TargetMetric::kLatency ? slow : failed;
  double second = system.question->metric == TargetMetric::kLatency ? failed : slow;
  if (system.question->metric == TargetMetric::kThroughput) return ThroughputRoots(system);
  if (first + second <= 0) {
    if (!t.latency.known && !t.failures.known) return Elsewhere(system, target);
    return Elsewhere(system, kNoNode);
  }
  Roots out;
  out.mass.resize(2 * system.nodes.size());
  out.at_target = true;
  second *= first > 0.3 ? 0.3 : 1;
  if (system.question->metric != TargetMetric::kLatency) std::swap(first, second);
  out.mass[target] = first / (first + second);
  BlameClients(system, out);
  out.mass[system.nodes.size() + target] = second / (first + second);
  return out;
}

}  // namespace pano::analysis
