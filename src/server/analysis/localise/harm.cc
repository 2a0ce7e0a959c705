// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/harm.h"

#include <algorithm>
#include <cmath>

#include "server/analysis/localise/robust.h"

namespace pano::analysis {
namespace {

constexpr int kThrough = 3;  // unwatched nodes in a row that are looked through

double Positive(double v) { return std::isfinite(v) ? std::max(v, 0.0) : 0; }

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

double WaitOf(const System& system, const Call& call, int depth) {
  if (!call.waits) return 0;
  if (std::isfinite(call.view.wait)) return Positive(call.view.wait);
  const Signals& callee = system.nodes[call.callee];
  if (callee.latency.known || depth >= kThrough) return call.share * Positive(callee.wait);
  double below = 0;
  for (const uint32_t c : system.out[call.callee])
    below += WaitOf(system, system.calls[c], depth + 1);
  return call.share * below;
}

double FailedOf(const System& system, const Call& call, int depth) {
  const Signals& callee = system.nodes[call.callee];
  double failed = std::isfinite(call.view.failed) ? Positive(call.view.failed)
                                                  : call.share * Positive(callee.failed);
  if (!call.view.failures.known && !callee.failures.known && depth < kThrough) {
    for (const uint32_t c : system.out[call.callee]) {
      failed += call.share * FailedOf(system, system.calls[c], depth + 1);
    }
  }
  const Judged& connects = call.view.connect_failures;
  const Judged& all = callee.connect_failures;
  if (connects.up() > 0) {
    failed += connects.now - (connects.has_usual ? connects.usual : 0);
  } else if (!connects.known && all.up() > 0) {
    failed += call.share * (all.now - (all.has_usual ? all.usual : 0));
  }
  return failed;
}

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
