// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/harm.h"

#include <algorithm>
#include <cmath>

#include "server/analysis/robust.h"

namespace pano::analysis {
namespace {

constexpr int kThrough = 3;  // unwatched nodes in a row that are looked through

double Positive(double v) { return std::isfinite(v) ? std::max(v, 0.0) : 0; }

// `below`: what the callee's own calls wait, where nobody watches it.
double WaitOf(const System& system, const Call& call, double below) {
  if (!call.waits) return 0;
  if (std::isfinite(call.view.wait)) return Positive(call.view.wait);
  const Signals& callee = system.nodes[call.callee];
  return call.share * (callee.latency.known ? Positive(callee.wait) : below);
}

double FailedOf(const System& system, const Call& call, double below) {
  const Signals& callee = system.nodes[call.callee];
  double failed = std::isfinite(call.view.failed) ? Positive(call.view.failed)
                                                  : call.share * Positive(callee.failed);
  if (!call.view.failures.known && !callee.failures.known) failed += call.share * below;
  const Judged& connects = call.view.connect_failures;
  const Judged& all = callee.connect_failures;
  if (connects.up() > 0) {
    failed += connects.now - (connects.has_usual ? connects.usual : 0);
  } else if (!connects.known && all.up() > 0) {
    failed += call.share * (all.now - (all.has_usual ? all.usual : 0));
  }
  return failed;
}

// The harm of every call, step by step from those at the end of what is looked through.
template <typename HarmOf>
std::vector<double> LookThrough(const System& system, HarmOf harm_of) {
  std::vector<double> harm;
  std::vector<double> below(system.nodes.size());
  for (int step = 0; step <= kThrough; ++step) {
    harm.clear();
    for (const Call& call : system.calls) harm.push_back(harm_of(system, call, below[call.callee]));
    std::ranges::fill(below, 0);
    for (size_t c = 0; c < harm.size(); ++c) below[system.calls[c].caller] += harm[c];
  }
  return harm;
}

const Judged& Requests(const System& system, const Call& call) {
  return call.view.requests.has_usual ? call.view.requests : system.nodes[call.callee].requests;
}

}  // namespace

bool Watched(const System& system, const Call& call) {
  return call.view.latency.known || call.view.failures.known ||
         system.nodes[call.callee].latency.known || system.nodes[call.callee].failures.known;
}

double FarSlower(const System& system, const Call& call) {
  const Signals& callee = system.nodes[call.callee];
  const double seen = call.view.latency.up() * SmoothStep(call.view.latency.change, 0.5, 1.8);
  return std::max(seen, callee.latency.up() * SmoothStep(callee.latency.change, 0.5, 1.8));
}

std::vector<double> WaitsOf(const System& system) { return LookThrough(system, WaitOf); }

std::vector<double> FailuresOf(const System& system) { return LookThrough(system, FailedOf); }

double SlowToCallers(const System& system, uint32_t node) {
  double seen = 0;
  for (const uint32_t c : system.in[node]) {
    seen += system.calls[c].share * system.calls[c].view.slow();
  }
  return std::max(system.nodes[node].slow(), seen);
}

double BadToCallers(const System& system, uint32_t node) {
  double seen = 0;
  for (const uint32_t c : system.in[node]) {
    seen += system.calls[c].share * Badness(system.calls[c].view);
  }
  return std::max(Badness(system.nodes[node]), seen);
}

double WholeWait(const System& system, uint32_t node) {
  double seen_by_callers = 0;
  for (const uint32_t c : system.in[node]) seen_by_callers += Positive(system.calls[c].view.wait);
  return std::max(Positive(system.nodes[node].wait), seen_by_callers);
}

double WholeFailed(const System& system, uint32_t node) {
  double seen_by_callers = 0;
  for (const uint32_t c : system.in[node]) {
    seen_by_callers += Positive(system.calls[c].view.failed);
  }
  return std::max(Positive(system.nodes[node].failed), seen_by_callers);
}

std::vector<Part> Gone(const System& system, uint32_t node) {
  std::vector<double> changes;
  for (const uint32_t c : system.out[node]) {
    const Judged& r = Requests(system, system.calls[c]);
    if (r.has_usual) changes.push_back(r.change);
  }
  if (changes.empty()) return {};
  const Judged& own = system.nodes[node].requests;
  const double others = changes.size() > 1 ? Median(changes) : own.has_usual ? own.change : 0;
  std::vector<Part> gone;
  for (const uint32_t c : system.out[node]) {
    const Judged& r = Requests(system, system.calls[c]);
    if (!r.has_usual || r.down() <= 0) continue;
    const double more = std::min(others, 0.0) - r.change;
    // A caller that stands still calls nobody either, unless somebody sees it wait.
    const Judged& waiting = system.calls[c].view.in_flight;
    const double sure = changes.size() > 1 ? 1 : std::max(0.4, waiting.up());
    const double amount = sure * r.down() * SmoothStep(more, 0.2, 0.8);
    if (amount > 0) gone.push_back({system.calls[c].callee, amount});
  }
  return gone;
}

double DirectEvidence(const Signals& s) {
  return std::max({s.throttled.up(), 0.9 * s.cpu.up(), 0.7 * s.memory.up(),
                   0.6 * s.connect_failures.up(), 0.4 * s.retrans_syn.up()});
}

double Strangeness(const System& system, uint32_t node) {
  if (!system.in[node].empty() || node == system.question->entry) return 0;
  if (system.out[node].empty()) return 1;
  // It calls others: a client of its own, unless calls are missing everywhere.
  size_t seen = 0;
  size_t uncalled = 0;
  for (size_t i = 0; i < system.nodes.size(); ++i) {
    if (!system.nodes[i].seen) continue;
    ++seen;
    uncalled += system.in[i].empty();
  }
  const double share =
      static_cast<double>(uncalled) / static_cast<double>(std::max<size_t>(seen, 1));
  return SmoothStep(share, 0.15, 0.35);
}

double Badness(const Signals& s) { return std::max(s.slow(), s.failures.up()); }

}  // namespace pano::analysis
