// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/blame.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/stable_order.h"
#include "server/analysis/localise/harm.h"
#include "server/analysis/localise/roots.h"
#include "server/analysis/robust.h"

namespace pano::analysis {
namespace {

constexpr int kRounds = 64;        // bound on the length of call chains, for cycles
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
      : system_(system),
        aliases_(aliases),
        n_(static_cast<uint32_t>(system.nodes.size())),
        waits_(WaitsOf(system)),
        failures_(FailuresOf(system)) {
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
    Roots roots = FindRoots(system_);
    blame_.at_target = roots.at_target;
    if (roots.stopped != kNoNode) blame_.demand[roots.stopped] = roots.demand;
    for (const auto& [client, part] : roots.clients) {
      blame_.slow[client] += part;
      blame_.passed[client] += part;
    }
    std::vector<double> mass = std::move(roots.mass);
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
      const double callees = 1 - call.callers_side;
      const double wait = callees * waits_[c];
      if (wait > 0) waits.push_back({call.callee, wait});
      const double slower = call.waits ? callees * FarSlower(system_, call) : 0;
      if (slower > 0) slow.push_back({call.callee, slower});
      const Signals& callee = system_.nodes[call.callee];
      const double failing = std::max({call.view.failures.up(), callee.failures.up(),
                                       callees * call.view.connect_failures.up(),
                                       callees * call.view.retrans_syn.up()});
      if (failing > 0) fails.push_back({call.callee, failing});
      if (!Watched(system_, call)) unseen.push_back({call.callee, 1});
    }
    blame_.own_slow[node] = Split(state, WholeWait(system_, node), waits, 0);
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
      if (const double failed = failures_[c]; failed > 0) fails.push_back({call.callee, failed});
      const Signals& callee = system_.nodes[call.callee];
      const double slow = std::max(call.view.slow(), callee.slow()) *
                          SmoothStep(std::max({call.view.latency.change, callee.latency.change,
                                               call.view.tail.change, callee.tail.change}),
                                     0.4, 1.2);
      if (slow > 0) waits.push_back({call.callee, slow});
      if (!Watched(system_, call)) unseen.push_back({call.callee, 1});
    }
    blame_.own_failed[node] = Split(state, WholeFailed(system_, node), fails, n_);
    const double doubt = 1 - DirectEvidence(system_.nodes[node]);
    // Who gives up waiting has waited: who answers as quickly as ever fails for another reason.
    const double late = system_.nodes[node].latency.has_usual ? SlowToCallers(system_, node) : 1;
    Forward(state, kWaitsBehindFail * Largest(waits) * doubt * late, waits, 0);
    const std::vector<Part> gone = Gone(system_, node);
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

  const System& system_;
  const std::vector<uint32_t>& aliases_;
  uint32_t n_;
  std::vector<double> waits_;  // as system.calls
  std::vector<double> failures_;
  std::vector<State> states_;
  std::vector<double> suspect_slow_;
  std::vector<double> suspect_failed_;
  std::vector<Part> slow_strangers_;
  std::vector<Part> failed_strangers_;
  Blame blame_;
};

}  // namespace

Blame FindBlame(const System& system, const std::vector<uint32_t>& aliases) {
  return Walk(system, aliases).Run();
}

}  // namespace pano::analysis
