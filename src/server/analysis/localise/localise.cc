// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/localise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "server/analysis/localise/alias.h"
#include "server/analysis/localise/blame.h"
#include "server/analysis/localise/change_point.h"
#include "server/analysis/localise/findings.h"
#include "server/analysis/localise/harm.h"
#include "server/analysis/localise/paths.h"
#include "server/analysis/localise/system.h"
#include "server/analysis/robust.h"
#include "server/analysis/words.h"

namespace pano::analysis {
namespace {

// Weights of a score, together 1: harm that ends at the node, evidence of another kind, own
// trouble.
constexpr double kHarmWeight = 0.60;
constexpr double kDirectWeight = 0.30;
constexpr double kOwnWeight = 0.10;
constexpr double kUpstream = 0.35;     // of a score, for those who call the target
constexpr double kElsewhere = 0.15;    // for those who neither call it nor are called
constexpr double kStranger = 0.8;      // for those whom nobody is known to call
constexpr double kNamed = 0.30;        // score from which a bottleneck is named
constexpr double kNamedSurely = 0.45;  // and confidence
constexpr double kNamedDemand = 0.3;   // logarithm of how far requests must fall: days differ
constexpr double kNotFelt = 0.01;      // extra waiting, of all the waiting for the target, that
constexpr double kFelt = 0.05;         // nobody there notices, and that some do
constexpr double kAbnormal = 0.25;     // strength from which there surely is trouble
constexpr double kSuspicious = 0.04;   // strength from which candidates are worth listing

class Localiser {
 public:
  explicit Localiser(const Question& question)
      : question_(question),
        system_(BuildSystem(question, TroubleSpan(question))),
        aliases_(FindAliases(system_)),
        blame_(FindBlame(system_, aliases_)),
        reach_(question.nodes.size(), kElsewhere) {}

  Localisation Run() {
    MeasureReach();
    MeasureTrouble();
    CompareEvidence();
    if (trouble_ < kSuspicious) return Calm();
    Rank();
    Finish();
    return std::move(answer_);
  }

 private:
  void Carry(const std::vector<std::vector<uint32_t>>& calls, bool down, double value) {
    std::vector<uint32_t> queue{question_.target};
    std::vector<bool> seen(reach_.size());
    seen[question_.target] = true;
    for (size_t i = 0; i < queue.size(); ++i) {
      reach_[queue[i]] = std::max(reach_[queue[i]], value);
      for (const uint32_t c : calls[queue[i]]) {
        const uint32_t next = down ? system_.calls[c].callee : system_.calls[c].caller;
        if (!seen[next]) seen[next] = true, queue.push_back(next);
      }
    }
  }

  void MeasureReach() {
    const bool lost = system_.out[question_.target].empty() && system_.in[question_.target].empty();
    if (lost) std::ranges::fill(reach_, 1.0);
    // Whom nobody is known to call may be called by anybody: the graph is not whole.
    for (uint32_t i = 0; i < reach_.size(); ++i) {
      reach_[i] = std::max(reach_[i], kStranger * Strangeness(system_, i));
    }
    const bool demand = question_.metric == TargetMetric::kThroughput;
    Carry(system_.in, false, demand ? 1 : kUpstream);
    Carry(system_.out, true, 1);
    // Waiting that is not seen below the target may be made by who waits.
    for (const uint32_t c : system_.in[question_.target]) {
      const uint32_t client = system_.calls[c].caller;
      if (system_.in[client].empty() && blame_.slow[client] > 0) reach_[client] = 1;
    }
  }

  // Whether there is anything to answer: at the target, or surely elsewhere within reach.
  void MeasureTrouble() {
    const Signals& t = system_.nodes[question_.target];
    const double requests = t.requests.down();
    at_target_ = question_.metric == TargetMetric::kThroughput
                     ? requests
                     : BadToCallers(system_, question_.target);
    trouble_ = at_target_;
    const double many = std::log2(2 + static_cast<double>(system_.nodes.size()) / 16);
    for (uint32_t i = 0; i < system_.nodes.size(); ++i) {
      const Signals& s = system_.nodes[i];
      // One of many nodes is always a little out of line.
      const auto sure = [&](const Judged& j) {
        return j.up() * SmoothStep(std::abs(j.z), 4 + many, 9 + 2 * many);
      };
      const double slow = std::max(sure(s.latency), sure(s.tail)) * Felt(s);
      const double worst = std::max({slow, sure(s.failures), 0.8 * sure(s.throttled),
                                     0.8 * sure(s.cpu), 0.8 * sure(s.connect_failures)});
      elsewhere_ = std::max(elsewhere_, worst * reach_[i]);
    }
    if (!system_.has_baseline) trouble_ = std::max(trouble_, Absolute());
    trouble_ = std::max(trouble_, elsewhere_);
  }

  // Whether a target that is known could notice how much longer a node takes at all, 0..1.
  double Felt(const Signals& s) const {
    const Signals& t = system_.nodes[question_.target];
    const double busy = t.requests.usual * t.usual_latency;
    if (!t.latency.has_usual || !(busy > 0) || !std::isfinite(s.wait)) return 1;
    return SmoothStep(s.wait / busy, kNotFelt, kFelt);
  }

  // Without a past: whether anything looks bad in itself. Slow is relative, so it never is.
  double Absolute() const {
    double worst = 0;
    for (const Signals& s : system_.nodes) {
      worst = std::max({worst, s.failures.up(), s.throttled.up(), s.connect_failures.up()});
    }
    const bool has_any =
        std::ranges::any_of(system_.nodes, [](const Signals& s) { return s.seen; });
    return has_any ? std::max(worst, kAbnormal) : 0;
  }

  Localisation Calm() {
    const Signals& t = system_.nodes[question_.target];
    const std::string& name = question_.nodes[question_.target];
    const bool any = std::ranges::any_of(system_.nodes, [](const Signals& s) { return s.seen; });
    if (!any) {
      answer_.sentence = "Nothing can be said: the incident has no values.";
      return std::move(answer_);
    }
    answer_.verdict = Verdict::kNone;
    answer_.confidence = 0.95 - 0.45 * trouble_ / kSuspicious;
    answer_.sentence = fmt::format("No bottleneck: {} and what it calls are as usual.", name);
    if (!t.seen) {
      answer_.confidence *= 0.5;
      answer_.notes.push_back(fmt::format("{} has no series of its own in the incident", name));
    }
    return std::move(answer_);
  }

  double OwnTrouble(uint32_t node) const {
    const Signals& s = system_.nodes[node];
    return std::max(s.slow() * blame_.own_slow[node], s.failures.up() * blame_.own_failed[node]);
  }

  // Evidence that no other node has: of many that could be short of something, one is.
  double Exclusive(uint32_t node) const {
    const double direct = DirectEvidence(system_.nodes[node]);
    return node == most_direct_ ? std::max(direct - second_direct_, 0.0) : 0;
  }

  void CompareEvidence() {
    double most = 0;
    size_t known = 0;
    for (uint32_t i = 0; i < system_.nodes.size(); ++i) {
      const Signals& s = system_.nodes[i];
      known += s.cpu.has_usual || s.memory.has_usual || s.throttled.known;
      const double direct = DirectEvidence(s);
      if (direct > most) {
        second_direct_ = most;
        most = direct;
        most_direct_ = i;
      } else {
        second_direct_ = std::max(second_direct_, direct);
      }
    }
    if (known < 3) most_direct_ = kNoNode;
  }

  double Score(uint32_t node) const {
    const Signals& s = system_.nodes[node];
    const double harm = std::min(blame_.of(node), 1.0);
    const double direct = DirectEvidence(s);
    const double bad = std::max(Badness(s), harm);
    const double fits = 0.35 + 0.65 * std::max(bad, Exclusive(node));
    return reach_[node] *
           (kHarmWeight * harm + kDirectWeight * direct * fits + kOwnWeight * OwnTrouble(node));
  }

  void Rank() {
    const PathFinder paths(system_);
    std::vector<std::pair<double, uint32_t>> order;
    for (uint32_t i = 0; i < system_.nodes.size(); ++i) {
      // On the way of the harm, or simply near: comes after everything with a score.
      const double near = reach_[i] * (1e-3 * std::min(blame_.passed[i], 1.0) +
                                       1e-4 * Badness(system_.nodes[i]) + 1e-6);
      order.emplace_back(Score(i) + near, i);
    }
    std::ranges::sort(order, [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    for (const auto& [score, node] : order) {
      const size_t have = answer_.causes.size();
      if (have >= kMaxCauses || (have >= kMinCauses && score < 0.01)) break;
      Cause cause;
      cause.node = node;
      cause.score = std::min(score, 1.0);
      cause.fault = Classify(system_, blame_, node);
      cause.evidence = Evidence(system_, blame_, node);
      cause.path = paths.To(node);
      answer_.causes.push_back(std::move(cause));
    }
  }

  // That the first is right: how far ahead it is, how much of the harm it explains, whether
  // something else speaks for it, and how sure it is that there is trouble at all.
  double Confidence(size_t rank) const {
    const auto& causes = answer_.causes;
    const Cause& c = causes[rank];
    double rival = 0;
    for (size_t i = 0; i < causes.size(); ++i) {
      if (i != rank) rival = std::max(rival, causes[i].score);
    }
    const double share = c.score / (c.score + rival + 0.02);
    const double direct = DirectEvidence(system_.nodes[c.node]);
    const double harm = std::min(blame_.of(c.node), 1.0);
    const double sure = blame_.at_target ? 0.4 + 0.6 * at_target_ : 0.3 + 0.4 * elsewhere_;
    const double past = system_.has_baseline ? 1 : 0.6;
    return std::clamp((0.75 * share + 0.15 * harm + 0.10 * direct) * sure * past, 0.0, 0.99);
  }

  void Finish() {
    for (size_t i = 0; i < answer_.causes.size(); ++i) answer_.causes[i].confidence = Confidence(i);
    const Cause& first = answer_.causes.front();
    answer_.confidence = first.confidence;
    const std::string& name = question_.nodes[first.node];
    const bool named = first.score >= kNamed && first.confidence >= kNamedSurely &&
                       (at_target_ >= kAbnormal || elsewhere_ >= 0.6) &&
                       (first.fault != FaultClass::kDemandDrop ||
                        system_.nodes[question_.target].requests.change <= -kNamedDemand);
    answer_.verdict = named ? Verdict::kBottleneck : Verdict::kUnknownCause;
    if (named) {
      answer_.sentence = fmt::format("{} is the bottleneck: {} ({}).", name, SayFault(first.fault),
                                     first.evidence.front());
    } else {
      answer_.sentence =
          fmt::format("Something is wrong at {}, but no cause stands out; most likely {} ({}).",
                      question_.nodes[question_.target], name, first.evidence.front());
    }
  }

  const Question& question_;
  System system_;
  std::vector<uint32_t> aliases_;
  Blame blame_;
  std::vector<double> reach_;
  double at_target_ = 0;  // strength of the trouble there
  double elsewhere_ = 0;  // of what is beyond doubt anywhere
  double trouble_ = 0;
  uint32_t most_direct_ = kNoNode;  // the node with the most direct evidence
  double second_direct_ = 0;        // of the one after it
  Localisation answer_;
};

}  // namespace

Localisation Localise(const Question& question) {
  if (question.baseline.times.size() >= 3) return Localiser(question).Run();
  if (const auto split = SplitAtChange(question)) {
    Localisation answer = Localiser(*split).Run();
    answer.notes.push_back(
        fmt::format("no baseline: the first {} of {} points of the incident serve as one",
                    split->baseline.times.size(), question.incident.times.size()));
    return answer;
  }
  Localisation answer = Localiser(question).Run();
  answer.notes.emplace_back(
      "no baseline and no change within the incident: only levels could be compared");
  return answer;
}

}  // namespace pano::analysis
