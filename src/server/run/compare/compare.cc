// SPDX-License-Identifier: Apache-2.0
#include "server/run/compare/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "base/stable_order.h"
#include "server/analysis/words.h"
#include "server/run/compare/compare_load.h"
#include "server/run/compare/compare_metric.h"
#include "server/run/compare/compare_series.h"
#include "server/run/compare/compare_words.h"
#include "server/run/compare/significance.h"
#include "server/run/window_fold.h"

namespace pano::run {
namespace {

using schema::EdgeMetric;

constexpr size_t kLeastPoints = 8;
// A change is told when its interval keeps this part of min_change away from none.
constexpr double kDeadBand = 0.4;

Cell WholeOf(const Side& side) {
  const Cells whole = Blocks(side.cells, side.cells.size());
  return whole.empty() ? Cell{} : whole.front();
}

// Everything but q and what follows from it.
Delta DeltaOf(const Key& key, const Side& a, const Side& b, CompareMetric m) {
  Delta d;
  const MetricFacts& facts = FactsOf(m);
  if (a.seen()) d.a = ValueOf(WholeOf(a), m);
  if (b.seen()) d.b = ValueOf(WholeOf(b), m);
  if (d.a > 0 && analysis::Known(d.b)) d.change = d.b / d.a - 1;
  const bool latency = m <= CompareMetric::kLatencyP99;
  if (!a.seen() || !b.seen() || (latency && !LatencyCounts(key))) return d;
  if (facts.share && d.a == 0 && d.b == 0) return d;  // nothing happened: nothing to ask
  const Difference difference = Test(a, b, m);
  if (!difference.enough) return d;
  d.p = difference.p;
  d.low = facts.share ? difference.low : std::expm1(difference.low);
  d.high = facts.share ? difference.high : std::expm1(difference.high);
  return d;
}

void Conclude(Delta& d, const MetricFacts& facts, const CompareOptions& options) {
  const double least = facts.share ? options.min_share : options.min_change;
  const double size = facts.share ? std::abs(d.b - d.a) : std::abs(d.change);
  const bool clear = d.low > least * kDeadBand || d.high < -least * kDeadBand;
  // The whole stretch and the typical block must agree, else a few odd seconds speak for all.
  const bool up = d.b > d.a;
  const bool agrees = up ? d.low > 0 : d.high < 0;
  d.significant = d.q <= options.alpha && size >= least && clear && agrees;
  if (!d.significant) return;
  d.direction = facts.growth == Direction::kDifferent ? Direction::kDifferent
                : up                                  ? facts.growth
                                                      : Direction::kBetter;
}

// Per request of the entry: what a service adds itself, beyond the calls it makes.
double OwnTime(const Side& side) {
  if (side.latency_count <= 0) return analysis::kUnknown;
  return std::max(0.0, (side.latency_sum - side.child_sum) / side.latency_count);
}

double EntryShift(const Side& a, const Side& b, const EntryLoad& entry_a,
                  const EntryLoad& entry_b) {
  if (entry_a.requests <= 0 || entry_b.requests <= 0) return analysis::kUnknown;
  const double visits =
      (a.latency_count / entry_a.requests + b.latency_count / entry_b.requests) / 2;
  return (OwnTime(b) - OwnTime(a)) * visits;
}

// How much of the allowed false discoveries a question gets: what people compare for comes first.
double QuestionWeight(bool edge, Family family) {
  if (family == Family::kLatency) return edge ? 1 : 4;
  return !edge && family == Family::kErrors ? 1 : 0.5;
}

// What a change means to one request of the entry: its time, or its chance to fail.
double WeightOf(const Compared& c, CompareMetric m, double own_us, double share_of_entry,
                const EntryLoad& entry) {
  const Delta& d = c.metrics[static_cast<size_t>(m)];
  switch (FamilyOf(m)) {
    case Family::kLatency:
      return analysis::Known(own_us) && entry.latency_us > 0 ? std::abs(own_us) / entry.latency_us
                                                             : std::abs(d.change) * 0.01;
    case Family::kErrors:
    case Family::kFailures:
      return std::abs(d.b - d.a) * std::min(1.0, share_of_entry) * 10;
    case Family::kConnect:
      return std::min(1.0, std::abs(d.change)) * 0.05;
    case Family::kRate:
      return std::min(1.0, std::abs(d.change)) * 0.02;
    case Family::kCpu:
    case Family::kThrottled:
      return std::min(1.0, std::abs(analysis::Known(d.change) ? d.change : d.b - d.a)) * 0.03;
  }
  return 0;
}

class Comparer {
 public:
  Comparer(const Stretch& a, const Stretch& b, const CompareOptions& options)
      : options_(options),
        sides_a_(SubjectsOf(a)),
        sides_b_(SubjectsOf(b)),
        entry_a_(EntryOf(a)),
        entry_b_(EntryOf(b)),
        shortest_(std::min(a.buckets.size(), b.buckets.size())) {}

  Comparison Run() {
    out_.load = MatchLoad(entry_a_, entry_b_);
    if (!out_.load.text.empty()) out_.warnings.push_back(out_.load.text);
    Measure();
    Correct();
    Rank();
    NotePresence();
    NoteShift();
    Conclude();
    return std::move(out_);
  }

 private:
  const Side& SideOf(const Subjects& sides, const Key& key) const {
    static const Side kNone;
    const auto at = sides.find(key);
    return at == sides.end() ? kNone : at->second;
  }

  void Measure() {
    std::set<Key> keys;
    for (const auto& [key, side] : sides_a_) keys.insert(key);
    for (const auto& [key, side] : sides_b_) keys.insert(key);
    keys_.assign(keys.begin(), keys.end());
    StableOrder(keys_,
                [](const Key& x, const Key& y) { return x.edge && !y.edge; });  // edges first
    for (const Key& key : keys_) {
      const Side& a = SideOf(sides_a_, key);
      const Side& b = SideOf(sides_b_, key);
      Compared c;
      c.edge = key.edge;
      c.client = key.client;
      c.server = key.server;
      c.port = key.port;
      c.protocol = key.protocol;
      c.id_a = a.id;
      c.id_b = b.id;
      c.presence = !a.seen() ? Presence::kNew : !b.seen() ? Presence::kVanished : Presence::kBoth;
      for (const MetricFacts& facts : kMetricFacts) {
        if (facts.services_only && key.edge) continue;
        c.metrics[static_cast<size_t>(facts.metric)] = DeltaOf(key, a, b, facts.metric);
      }
      if (!key.edge && a.seen() && b.seen()) c.entry_us = EntryShift(a, b, entry_a_, entry_b_);
      out_.subjects.push_back(std::move(c));
    }
  }

  // The four latencies of a subject are one question: their p is Simes', and the false discovery
  // rate is over questions, weighted (Genovese, Roeder, Wasserman). A metric is told when its
  // question is and its own p agrees.
  void Correct() {
    struct Question {
      std::vector<Delta*> deltas;
      double p = 1;
      double weight = 1;
    };
    std::vector<Question> questions;
    double weights = 0;
    for (Compared& c : out_.subjects) {
      std::map<Family, Question> of_subject;
      for (const MetricFacts& facts : kMetricFacts) {
        Delta& d = c.metrics[static_cast<size_t>(facts.metric)];
        if (analysis::Known(d.p)) of_subject[FamilyOf(facts.metric)].deltas.push_back(&d);
      }
      for (auto& [family, question] : of_subject) {
        question.weight = QuestionWeight(c.edge, family);
        weights += question.weight;
        questions.push_back(std::move(question));
      }
    }
    std::vector<double> p;
    for (Question& q : questions) {
      std::ranges::sort(q.deltas, {}, &Delta::p);
      const auto count = static_cast<double>(q.deltas.size());
      for (size_t i = 0; i < q.deltas.size(); ++i) {
        q.p = std::min(q.p, q.deltas[i]->p * count / static_cast<double>(i + 1));
      }
      const double weight = q.weight * static_cast<double>(questions.size()) / weights;
      p.push_back(std::min(1.0, q.p / weight));
    }
    const std::vector<double> rates = FalseDiscoveryRates(p);
    out_.tests = static_cast<uint32_t>(p.size());
    for (size_t i = 0; i < questions.size(); ++i) {
      for (Delta* d : questions[i].deltas) d->q = std::max(rates[i], d->p);
    }
    for (Compared& c : out_.subjects) {
      for (const MetricFacts& facts : kMetricFacts) {
        Delta& d = c.metrics[static_cast<size_t>(facts.metric)];
        if (analysis::Known(d.q)) run::Conclude(d, facts, options_);
      }
    }
  }

  // An edge stands for the own time of its server, by its part of the server's calls.
  double OwnShift(const Compared& c) const {
    if (!c.edge) return c.entry_us;
    const Key service{false, {}, c.server, 0, {}};
    const Side& a = SideOf(sides_a_, service);
    const Side& b = SideOf(sides_b_, service);
    if (!a.seen() || !b.seen() || b.latency_count <= 0) return analysis::kUnknown;
    const Key edge{true, c.client, c.server, c.port, c.protocol};
    double calls = 0;
    for (const Cell& cell : SideOf(sides_b_, edge).cells) {
      calls += Count(cell.edge.Requests(), EdgeMetric::kRrtCount);
    }
    return EntryShift(a, b, entry_a_, entry_b_) * calls / b.latency_count;
  }

  void Rank() {
    for (size_t i = 0; i < out_.subjects.size(); ++i) {
      const Compared& c = out_.subjects[i];
      const double own = OwnShift(c);
      double requests = 0;
      for (const Cell& cell : SideOf(sides_b_, keys_[i]).cells) {
        requests += Count(cell.edge.Requests(), EdgeMetric::kRequest);
      }
      const double share = entry_b_.requests > 0 ? requests / entry_b_.requests : 0;
      std::map<Family, Ranked> best;
      for (const MetricFacts& facts : kMetricFacts) {
        const Delta& d = c.metrics[static_cast<size_t>(facts.metric)];
        if (!d.significant) continue;
        Ranked line{i, facts.metric, WeightOf(c, facts.metric, own, share, entry_a_), {}};
        const auto at = best.find(FamilyOf(facts.metric));
        if (at != best.end() && c.metrics[static_cast<size_t>(at->second.metric)].q <= d.q) {
          continue;
        }
        line.text = fmt::format("{}: {} {} -> {} ({})", SubjectName(c), SayMetric(facts.metric),
                                SayValue(facts.metric, d.a), SayValue(facts.metric, d.b),
                                SayChange(facts.metric, d));
        best[FamilyOf(facts.metric)] = std::move(line);
      }
      for (auto& [family, line] : best) out_.ranked.push_back(std::move(line));
    }
    StableOrder(out_.ranked, [this](const Ranked& x, const Ranked& y) {
      if (x.weight != y.weight) return x.weight > y.weight;
      return !out_.subjects[x.subject].edge && out_.subjects[y.subject].edge;
    });
    if (out_.ranked.size() > options_.max_ranked) out_.ranked.resize(options_.max_ranked);
  }

  void NotePresence() {
    for (const Compared& c : out_.subjects) {
      if (!c.edge || c.presence == Presence::kBoth) continue;
      if (out_.warnings.size() >= 50) return;
      out_.warnings.push_back(fmt::format("{} is {}", SubjectName(c), Name(c.presence)));
    }
  }

  // Everything slower at once is the machine, or its neighbours, rather than one service.
  void NoteShift() {
    double known = 0;
    double worse = 0;
    double better = 0;
    for (const Compared& c : out_.subjects) {
      const Delta& d = c.metrics[static_cast<size_t>(CompareMetric::kLatencyP50)];
      if (c.edge || !analysis::Known(d.p)) continue;
      known += 1;
      worse += d.significant && d.direction == Direction::kWorse ? 1 : 0;
      better += d.significant && d.direction == Direction::kBetter ? 1 : 0;
    }
    if (known >= 4 && std::max(worse, better) > 0.6 * known) {
      out_.warnings.push_back(fmt::format(
          "{:.0f} of {:.0f} services are {} alike: the machine or what else runs on it may differ",
          std::max(worse, better), known, worse > better ? "slower" : "faster"));
    }
  }

  void Conclude() {
    if (shortest_ < kLeastPoints || out_.tests == 0) {
      out_.verdict = CompareVerdict::kNotEnoughData;
      out_.sentence = fmt::format("Not enough data: {} points on the shorter side, {} are needed.",
                                  shortest_, kLeastPoints);
      return;
    }
    const auto fresh = std::ranges::count_if(
        out_.subjects, [](const Compared& c) { return c.edge && c.presence != Presence::kBoth; });
    if (out_.ranked.empty()) {
      out_.verdict = CompareVerdict::kSame;
      out_.sentence = fmt::format(
          "No significant difference in {} tests{}.", out_.tests,
          fresh > 0 ? fmt::format(", but {} came or went",
                                  analysis::SayCount(static_cast<double>(fresh), "edge", "edges"))
                    : "");
      return;
    }
    out_.verdict = CompareVerdict::kChanged;
    out_.sentence = out_.ranked.front().text;
    const size_t others = out_.ranked.size() - 1;
    if (others > 0) {
      out_.sentence += fmt::format(
          "; {}", analysis::SayCount(static_cast<double>(others), "other change", "other changes"));
    }
    out_.sentence += ".";
  }

  const CompareOptions& options_;
  Subjects sides_a_;
  Subjects sides_b_;
  EntryLoad entry_a_;
  EntryLoad entry_b_;
  size_t shortest_;
  std::vector<Key> keys_;  // of out_.subjects
  Comparison out_;
};

}  // namespace

void Equalise(Stretch& a, Stretch& b) {
  if (a.buckets.empty() || b.buckets.empty()) return;
  const auto length = [](const Stretch& s) {
    return s.buckets.front().to - s.buckets.front().from;
  };
  Stretch& fine = length(a) < length(b) ? a : b;
  const uint64_t ratio = std::max(length(a), length(b)) / std::max<uint64_t>(1, length(fine));
  if (ratio < 2) return;
  std::vector<live::WindowSet> folded;
  for (size_t i = 0; i + ratio <= fine.buckets.size(); i += ratio) {
    WindowFold fold;
    for (size_t k = i; k < i + ratio; ++k) {
      double watched = 0;
      for (const live::EdgeEntry& e : fine.buckets[k].edges) {
        watched = std::max(watched, e.window.seconds);
      }
      fold.Add(fine.buckets[k], watched);
    }
    folded.push_back(fold.Take());
  }
  fine.buckets = std::move(folded);
}

Comparison Compare(const Stretch& a, const Stretch& b, const CompareOptions& options) {
  return Comparer(a, b, options).Run();
}

}  // namespace pano::run
