// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/blame.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/stable_order.h"
#include "server/analysis/localise/robust.h"

namespace pano::analysis {
namespace {

constexpr int kRounds = 64;        // bound on the length of call chains, for cycles
constexpr int kThrough = 3;        // unwatched nodes in a row that are looked through
constexpr double kExplains = 1.1;  // extra waiting below explains a little more than itself
constexpr double kWaitsBehindWait =
    0.7;  // of waiting nothing explains, if a call is far slower: pools
constexpr double kFailsBehindWait = 0.5;  // of waiting nothing explains, if a call fails: retries
constexpr double kWaitsBehindFail =
    0.8;  // of failures nothing explains, if a call is slow: timeouts
constexpr double kGoneBehindFail = 0.6;      // the same if a call got no requests any more
constexpr double kServiceBehindView = 0.35;  // of trouble only a view of a service shows
constexpr double kSharedBehind = 0.75;    // of what nothing explains, if other callers suffer too
constexpr double kStrangerBehind = 0.85;  // of what nothing explains, if calls are missing
constexpr size_t kMostStrangers = 8;
constexpr double kUnseenBehindWait = 0.3;  // the same of a callee that nobody watches
constexpr double kUnseenBehindFail = 0.2;

double Positive(double v) { return std::isfinite(v) ? std::max(v, 0.0) : 0; }

struct Move {
  uint32_t state = 0;
  double part = 0;
};

// Harm of one kind at one node: what of it stays, and where the rest goes.
struct State {
  double stays = 1;
  std::vector<Move> moves;
};

class Walk {
 public:
  Walk(const System& system, const std::vector<uint32_t>& aliases)
      : system_(system), aliases_(aliases), n_(static_cast<uint32_t>(system.nodes.size())) {
    blame_.slow.resize(n_);
    blame_.failed.resize(n_);
    blame_.demand.resize(n_);
    blame_.passed.resize(n_);
    blame_.own_slow.assign(n_, 1);
    blame_.own_failed.assign(n_, 1);
    states_.resize(2 * size_t{n_});
  }

  Blame Run() {
    for (uint32_t i = 0; i < n_; ++i) PrepareSlow(i), PrepareFailed(i);
    FindStrangers();
    for (uint32_t i = 0; i < n_; ++i) AskStrangers(i);
    for (uint32_t i = 0; i < n_; ++i) Suspect(i);
    for (uint32_t i = 0; i < n_; ++i) BlameShared(i);
    for (uint32_t i = 0; i < n_; ++i) FollowAlias(i);
    std::vector<double> mass = Roots();
    for (int round = 0; round < kRounds; ++round) {
      std::vector<double> next(mass.size());
      double left = 0;
      for (uint32_t s = 0; s < mass.size(); ++s) {
        if (mass[s] <= 0) continue;
        blame_.passed[s % n_] += mass[s];
        Settle(s, mass[s] * states_[s].stays);
        for (const Move& move : states_[s].moves) {
          next[move.state] += mass[s] * move.part;
          left += mass[s] * move.part;
        }
      }
      mass = std::move(next);
      if (left < 1e-6) break;
    }
    for (uint32_t s = 0; s < mass.size(); ++s) Settle(s, mass[s]);
    return std::move(blame_);
  }

 private:
  struct Part {
    uint32_t callee = 0;
    double amount = 0;
  };

  static double Slower(const Signals& s) { return std::max(s.latency.change, s.tail.change); }

  // Abnormal nodes that nobody is known to call: the graph is not whole, and any node may wait for
  // them. By how much they changed.
  void FindStrangers() {
    std::vector<bool> above(n_);  // those who call the target
    std::vector<uint32_t> queue{system_.question->target};
    above[queue[0]] = true;
    for (size_t i = 0; i < queue.size(); ++i) {
      for (const uint32_t c : system_.in[queue[i]]) {
        const uint32_t caller = system_.calls[c].caller;
        if (!above[caller]) above[caller] = true, queue.push_back(caller);
      }
    }
    for (uint32_t i = 0; i < n_; ++i) {
      if (above[i] || aliases_[i] != kNoNode) continue;
      const Signals& s = system_.nodes[i];
      const double strange = Strangeness(system_, i);
      const double slow = strange * blame_.own_slow[i] * s.slow();
      const double failed = strange * blame_.own_failed[i] * s.failures.up();
      if (slow > 0.1) slow_strangers_.push_back({i, slow * Slower(s)});
      if (failed > 0.1) failed_strangers_.push_back({i, failed * s.failures.change});
    }
    for (auto* strangers : {&slow_strangers_, &failed_strangers_}) {
      StableOrder(*strangers, [](const Part& a, const Part& b) { return a.amount > b.amount; });
      if (strangers->size() > kMostStrangers) strangers->resize(kMostStrangers);
    }
  }

  // What nothing explains may be waiting for strangers that changed more, the more they did so.
  void AskStrangers(State& state, uint32_t node, const std::vector<Part>& strangers, double change,
                    double doubt, uint32_t layer) {
    std::vector<Part> more;
    double most = 0;
    for (const Part& p : strangers) {
      if (p.callee == node || p.amount <= 1.02 * change) continue;
      more.push_back({p.callee, p.amount * p.amount});
      most = std::max(most, p.amount);
    }
    const double clear = change > 0 ? SmoothStep(most / change, 0.9, 1.5) : 1;
    Forward(state, kStrangerBehind * clear * doubt, more, layer);
  }
  void AskStrangers(uint32_t node) {
    const Signals& s = system_.nodes[node];
    const double doubt = 1 - DirectEvidence(s);
    AskStrangers(states_[Slow(node)], node, slow_strangers_, s.slow() * Slower(s), doubt, 0);
    State& failed = states_[Failed(node)];
    AskStrangers(failed, node, failed_strangers_, s.failures.up() * s.failures.change, doubt, n_);
    AskStrangers(failed, node, slow_strangers_, 1.0, doubt, 0);
  }

  uint32_t Slow(uint32_t node) const { return node; }
  uint32_t Failed(uint32_t node) const { return n_ + node; }
  void Settle(uint32_t state, double mass) {
    (state < n_ ? blame_.slow[state] : blame_.failed[state - n_]) += mass;
  }

  bool Watched(const Call& call) const {
    return call.view.latency.known || call.view.failures.known ||
           system_.nodes[call.callee].latency.known || system_.nodes[call.callee].failures.known;
  }

  // A call that takes several times as long as usual, 0..1.
  double FarSlower(const Call& call) const {
    const Signals& callee = system_.nodes[call.callee];
    const double seen = call.view.latency.up() * SmoothStep(call.view.latency.change, 0.5, 1.8);
    return std::max(seen, callee.latency.up() * SmoothStep(callee.latency.change, 0.5, 1.8));
  }

  // Extra waiting of a caller for one call. Of a callee that nobody watches: what its own calls
  // wait.
  double WaitOf(const Call& call, int depth = 0) const {
    if (!call.waits) return 0;
    if (std::isfinite(call.view.wait)) return Positive(call.view.wait);
    const Signals& callee = system_.nodes[call.callee];
    if (callee.latency.known || depth >= kThrough) return call.share * Positive(callee.wait);
    double below = 0;
    for (const uint32_t c : system_.out[call.callee]) below += WaitOf(system_.calls[c], depth + 1);
    return call.share * below;
  }
  double FailedOf(const Call& call, int depth = 0) const {
    const Signals& callee = system_.nodes[call.callee];
    double failed = std::isfinite(call.view.failed) ? Positive(call.view.failed)
                                                    : call.share * Positive(callee.failed);
    if (!call.view.failures.known && !callee.failures.known && depth < kThrough) {
      for (const uint32_t c : system_.out[call.callee]) {
        failed += call.share * FailedOf(system_.calls[c], depth + 1);
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

  // All there is at a node, seen from inside or by its callers.
  double WholeWait(uint32_t node) const {
    double seen_by_callers = 0;
    for (const uint32_t c : system_.in[node])
      seen_by_callers += Positive(system_.calls[c].view.wait);
    return std::max(Positive(system_.nodes[node].wait), seen_by_callers);
  }
  double WholeFailed(uint32_t node) const {
    double seen_by_callers = 0;
    for (const uint32_t c : system_.in[node]) {
      seen_by_callers += Positive(system_.calls[c].view.failed);
    }
    return std::max(Positive(system_.nodes[node].failed), seen_by_callers);
  }

  // Another name of a callee that is there as well explains nothing on top of it.
  double Explained(const std::vector<Part>& parts) const {
    double sum = 0;
    for (const Part& p : parts) {
      const uint32_t service = aliases_[p.callee];
      const bool doubled = std::ranges::any_of(parts, [&](const Part& other) {
        return other.callee == service && other.amount > 0.5 * p.amount;
      });
      if (!doubled) sum += p.amount;
    }
    return sum;
  }

  // Splits a state's harm between what stays and `parts`, by their amounts of `whole`.
  double Split(State& state, double whole, const std::vector<Part>& parts, uint32_t layer) {
    double all = 0;
    for (const Part& p : parts) all += p.amount;
    if (all <= 0) return 1;
    const double own =
        whole > 0 ? std::clamp(1 - kExplains * Explained(parts) / whole, 0.0, 1.0) : 0;
    for (const Part& p : parts) {
      state.moves.push_back({layer + p.callee, (1 - own) * p.amount / all});
    }
    state.stays = own;
    return own;
  }

  // Sends `part` of what stays on to `weights`, in their proportion.
  void Forward(State& state, double part, const std::vector<Part>& weights, uint32_t layer) {
    double all = 0;
    for (const Part& w : weights) all += w.amount;
    if (all <= 0 || part <= 0) return;
    const double moved = state.stays * std::min(part, 1.0);
    for (const Part& w : weights) {
      if (w.amount > 0) state.moves.push_back({layer + w.callee, moved * w.amount / all});
    }
    state.stays -= moved;
  }

  static double Largest(const std::vector<Part>& parts) {
    double largest = 0;
    for (const Part& p : parts) largest = std::max(largest, p.amount);
    return largest;
  }

  void PrepareSlow(uint32_t node) {
    State& state = states_[Slow(node)];
    std::vector<Part> waits;
    std::vector<Part> fails;
    std::vector<Part> unseen;
    std::vector<Part> slow;
    for (const uint32_t c : system_.out[node]) {
      const Call& call = system_.calls[c];
      if (const double wait = WaitOf(call); wait > 0) waits.push_back({call.callee, wait});
      if (call.waits && FarSlower(call) > 0) slow.push_back({call.callee, FarSlower(call)});
      const Signals& callee = system_.nodes[call.callee];
      const double failing =
          std::max({call.view.failures.up(), callee.failures.up(), call.view.connect_failures.up(),
                    call.view.retrans_syn.up()});
      if (failing > 0) fails.push_back({call.callee, failing});
      if (!Watched(call)) unseen.push_back({call.callee, 1});
    }
    blame_.own_slow[node] = Split(state, WholeWait(node), waits, 0);
    const double doubt = 1 - DirectEvidence(system_.nodes[node]);
    // Workers that all wait for one slow call let everybody else queue for a worker.
    Forward(state, kWaitsBehindWait * Largest(slow) * doubt, slow, 0);
    Forward(state, kFailsBehindWait * Largest(fails) * doubt, fails, n_);
    Forward(state, kUnseenBehindWait * doubt, unseen, 0);
  }

  void PrepareFailed(uint32_t node) {
    State& state = states_[Failed(node)];
    std::vector<Part> fails;
    std::vector<Part> waits;
    std::vector<Part> unseen;
    for (const uint32_t c : system_.out[node]) {
      const Call& call = system_.calls[c];
      if (const double failed = FailedOf(call); failed > 0) fails.push_back({call.callee, failed});
      const Signals& callee = system_.nodes[call.callee];
      const double slow = std::max(call.view.slow(), callee.slow()) *
                          SmoothStep(std::max({call.view.latency.change, callee.latency.change,
                                               call.view.tail.change, callee.tail.change}),
                                     0.4, 1.2);
      if (slow > 0) waits.push_back({call.callee, slow});
      if (!Watched(call)) unseen.push_back({call.callee, 1});
    }
    blame_.own_failed[node] = Split(state, WholeFailed(node), fails, n_);
    const double doubt = 1 - DirectEvidence(system_.nodes[node]);
    Forward(state, kWaitsBehindFail * Largest(waits) * doubt, waits, 0);
    const std::vector<Part> gone = Gone(node);
    Forward(state, kGoneBehindFail * Largest(gone) * doubt, gone, n_);
    Forward(state, kUnseenBehindFail * doubt, unseen, n_);
  }

  // Trouble of a node that its calls do not explain, as its callees' callers know it.
  void Suspect(uint32_t node) {
    const Signals& s = system_.nodes[node];
    const double doubt = 1 - DirectEvidence(s);
    suspect_slow_.push_back(s.slow() * states_[Slow(node)].stays * doubt);
    suspect_failed_.push_back(s.failures.up() * states_[Failed(node)].stays * doubt);
  }

  // Two callers do not break at once by themselves: what they both call does it, even if it sees
  // nothing of it itself.
  void BlameShared(uint32_t node) {
    std::vector<Part> slow;
    std::vector<Part> failed;
    for (const uint32_t c : system_.out[node]) {
      const uint32_t callee = system_.calls[c].callee;
      if (!system_.calls[c].waits) continue;
      if (const double by = Accused(callee, suspect_slow_); by > 0) slow.push_back({callee, by});
      if (const double by = Accused(callee, suspect_failed_); by > 0) {
        failed.push_back({callee, by});
      }
    }
    if (suspect_slow_[node] > 0.3) {
      Forward(states_[Slow(node)], kSharedBehind * Largest(slow), slow, 0);
    }
    if (suspect_failed_[node] > 0.3) {
      Forward(states_[Failed(node)], kSharedBehind * Largest(failed), failed, n_);
    }
  }

  // How far all callers of a node, two at least, are in trouble that nothing explains, 0..1.
  double Accused(uint32_t node, const std::vector<double>& suspect) const {
    double sum = 0;
    size_t count = 0;
    for (const uint32_t c : system_.in[node]) {
      const double by = suspect[system_.calls[c].caller];
      sum += system_.calls[c].share * std::min(by / 0.6, 1.0);
      count += by > 0.3;
    }
    return count < 2 ? 0 : SmoothStep(sum, 0.6, 0.95);
  }

  // Callees whose requests fell by more than their caller's other callees': what cannot be reached
  // gets none.
  std::vector<Part> Gone(uint32_t node) const {
    std::vector<double> changes;
    for (const uint32_t c : system_.out[node]) {
      const Judged& r = Requests(system_.calls[c]);
      if (r.has_usual) changes.push_back(r.change);
    }
    if (changes.empty()) return {};
    const Judged& own = system_.nodes[node].requests;
    const double others = changes.size() > 1 ? Median(changes) : own.has_usual ? own.change : 0;
    const double sole = changes.size() > 1 ? 1 : 0.4;
    std::vector<Part> gone;
    for (const uint32_t c : system_.out[node]) {
      const Judged& r = Requests(system_.calls[c]);
      if (!r.has_usual || r.down() <= 0) continue;
      const double more = std::min(others, 0.0) - r.change;
      const double amount = sole * r.down() * SmoothStep(more, 0.2, 0.8);
      if (amount > 0) gone.push_back({system_.calls[c].callee, amount});
    }
    return gone;
  }
  const Judged& Requests(const Call& call) const {
    return call.view.requests.has_usual ? call.view.requests : system_.nodes[call.callee].requests;
  }

  // What stays at another name of a service is the service's: all of it if that is abnormal itself,
  // else a part.
  void FollowAlias(uint32_t node) {
    const uint32_t service = aliases_[node];
    if (service == kNoNode) return;
    const Signals& s = system_.nodes[service];
    Forward(states_[Slow(node)], std::max(s.slow(), kServiceBehindView), {{service, 1}}, 0);
    Forward(states_[Failed(node)], std::max(s.failures.up(), kServiceBehindView), {{service, 1}},
            n_);
  }

  std::vector<double> Roots() {
    std::vector<double> mass(2 * size_t{n_});
    const uint32_t target = system_.question->target;
    const Signals& t = system_.nodes[target];
    const double slow = WholeWait(target) > 0 ? std::max(t.slow(), 0.02) : 0;
    const double failed = WholeFailed(target) > 0 ? std::max(t.failures.up(), 0.02) : 0;
    double first = system_.question->metric == TargetMetric::kLatency ? slow : failed;
    double second = system_.question->metric == TargetMetric::kLatency ? failed : slow;
    if (system_.question->metric == TargetMetric::kThroughput) return ThroughputRoots();
    if (first + second <= 0) {
      if (!t.latency.known && !t.failures.known) return Elsewhere(target);
      return Elsewhere(kNoNode);
    }
    blame_.at_target = true;
    second *= first > 0.3 ? 0.3 : 1;
    if (system_.question->metric != TargetMetric::kLatency) std::swap(first, second);
    mass[Slow(target)] = first / (first + second);
    mass[Failed(target)] = second / (first + second);
    return mass;
  }

  std::vector<bool> Reached(uint32_t from) const {
    std::vector<bool> reached(n_);
    std::vector<uint32_t> stack{from};
    reached[from] = true;
    while (!stack.empty()) {
      const uint32_t node = stack.back();
      stack.pop_back();
      for (const uint32_t c : system_.out[node]) {
        const uint32_t next = system_.calls[c].callee;
        if (!reached[next]) reached[next] = true, stack.push_back(next);
      }
    }
    return reached;
  }

  // The target shows nothing: wherever it hurts without a caller that is hurt as well. A target
  // that nobody watches hides what it calls, not what others do.
  std::vector<double> Elsewhere(uint32_t hidden) {
    std::vector<double> mass(2 * size_t{n_});
    const std::vector<bool> reached = Reached(system_.question->target);
    double sum = 0;
    for (uint32_t i = 0; i < n_; ++i) {
      const Signals& s = system_.nodes[i];
      const double badness = Badness(s);
      if (badness <= 0) continue;
      const bool below = std::ranges::any_of(system_.in[i], [&](uint32_t c) {
        return Badness(system_.nodes[system_.calls[c].caller]) >= 0.5 * badness;
      });
      if (below) continue;
      const bool grown = system_.calls.empty();
      const double weight = badness * (reached[i] ? 1 : 0.2) *
                            (grown ? 0.2 + std::min(std::max(s.latency.change, 0.0), 4.0) : 1);
      mass[s.slow() >= s.failures.up() ? Slow(i) : Failed(i)] += weight;
      sum += weight;
    }
    blame_.at_target = hidden != kNoNode;
    for (double& m : mass) m = sum > 0 ? m / sum : 0;
    return mass;
  }

  // Requests are missing. Where something waits or fails below, that holds them back (users of a
  // closed system wait); else whoever stopped sending them.
  std::vector<double> ThroughputRoots() {
    uint32_t top = system_.question->target;
    std::vector<bool> seen(n_);
    for (bool climbing = system_.nodes[top].requests.down() > 0; climbing;) {
      climbing = false;
      seen[top] = true;
      const double fell = system_.nodes[top].requests.change;
      uint32_t best = kNoNode;
      for (const uint32_t c : system_.in[top]) {
        const uint32_t caller = system_.calls[c].caller;
        const Judged& r = system_.nodes[caller].requests;
        const bool unseen_root = !r.known && system_.in[caller].empty();
        if (seen[caller] || (!unseen_root && (r.down() <= 0 || r.change > 0.5 * fell))) continue;
        if (best == kNoNode || system_.calls[c].share > 0.5) best = caller;
      }
      if (best != kNoNode) top = best, climbing = true;
    }
    std::vector<double> mass(2 * size_t{n_});
    const std::vector<bool> reached = Reached(top);
    double held = 0;
    for (uint32_t i = 0; i < n_; ++i) {
      if (!reached[i]) continue;
      held = std::max(held, Badness(system_.nodes[i]));
    }
    const bool fell = system_.nodes[system_.question->target].requests.down() > 0;
    if (held > 0) mass = Elsewhere(kNoNode);
    const double kept = fell ? 0.85 * held : held > 0 ? 1 : 0;
    for (double& m : mass) m *= kept;
    if (fell) blame_.demand[top] = 1 - kept;
    blame_.at_target = fell;
    return mass;
  }

  const System& system_;
  const std::vector<uint32_t>& aliases_;
  uint32_t n_;
  std::vector<State> states_;
  std::vector<double> suspect_slow_;
  std::vector<double> suspect_failed_;
  std::vector<Part> slow_strangers_;
  std::vector<Part> failed_strangers_;
  Blame blame_;
};

}  // namespace

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

Blame FindBlame(const System& system, const std::vector<uint32_t>& aliases) {
  return Walk(system, aliases).Run();
}

}  // namespace pano::analysis
