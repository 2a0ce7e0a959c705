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
#include "server/run/compare/compare_discovery.h"
#include "server/run/compare/compare_load.h"
#include "server/run/compare/compare_metric.h"
#include "server/run/compare/compare_series.h"
#include "server/run/compare/compare_shared.h"
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
Delta DeltaOf(const Key& key, const Side& a, const Side& b, CompareMetric m,
              Difference& difference) {
  Delta d;
  const MetricFacts& facts = FactsOf(m);
  if (a.seen()) d.a = ValueOf(WholeOf(a), m);
  if (b.seen()) d.b = ValueOf(WholeOf(b), m);
  if (d.a > 0 && analysis::Known(d.b)) d.change = d.b / d.a - 1;
  const bool latency = m <= CompareMetric::kLatencyP99;
  if (!a.seen() || !b.seen() || (latency && !LatencyCounts(key))) return d;
  if (facts.share && d.a == 0 && d.b == 0) return d;  // nothing happened: nothing to ask
  const bool own = m == CompareMetric::kOwnTime;
  // Without calls of its own it is its latency; with calls side by side it cannot be told.
  if (own && a.child_sum <= 0 && b.child_sum <= 0) return d;
  if (own && !(d.a > 0 && d.b > 0)) return d;
  difference = Test(a, b, m);
  if (!difference.enough) return d;
  d.p = difference.p;
  const auto scaled = [&](double x) { return facts.share ? x : own ? x / d.a : std::expm1(x); };
  d.low = scaled(difference.low);
  d.high = scaled(difference.high);
  return d;
}

bool WorthTelling(const Delta& d, double q, const MetricFacts& facts,
                  const CompareOptions& options) {
  const double least = facts.share ? options.min_share : options.min_change;
  const double size = facts.share ? std::abs(d.b - d.a) : std::abs(d.change);
  const bool clear = d.low > least * kDeadBand || d.high < -least * kDeadBand;
  // The whole stretch and the typical block must agree, else a few odd seconds speak for all.
  const bool agrees = d.b > d.a ? d.low > 0 : d.high < 0;
  return q <= options.alpha && size >= least && clear && agrees;
}

void Conclude(Delta& d, double raw_q, const MetricFacts& facts, const CompareOptions& options) {
  d.significant = WorthTelling(d, d.q, facts, options);
  d.shared = !d.significant && WorthTelling(d, raw_q, facts, options);
  if (!d.significant) return;
  d.direction = facts.growth == Direction::kDifferent ? Direction::kDifferent
                : d.b > d.a                           ? facts.growth
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

// What a change means to one request of the entry: its time, or its chance to fail.
double WeightOf(const Compared& c, CompareMetric m, double own_us, double share_of_entry,
                const EntryLoad& entry) {
  const Delta& d = c.metrics[static_cast<size_t>(m)];
  switch (FamilyOf(m)) {
    case Family::kLatency:
    case Family::kOwn:
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
      Differences& differences = differences_.emplace_back();
      for (const MetricFacts& facts : kMetricFacts) {
        if (facts.services_only && key.edge) continue;
        const auto at = static_cast<size_t>(facts.metric);
        c.metrics[at] = DeltaOf(key, a, b, facts.metric, differences[at]);
      }
      if (!key.edge && a.seen() && b.seen()) {
        c.entry_us = EntryShift(a, b, entry_a_, entry_b_);
        shared_.Add(a, b, differences);
      }
      out_.subjects.push_back(std::move(c));
    }
    shared_.Settle();
    out_.shared = shared_.shift();
  }

  // Where the load differs it moves all services too; that is what one compares for then.
  bool Shared() const { return out_.shared.found && out_.load.matched; }

  void Correct() {
    std::vector<TestedMetric> raw;
    for (size_t i = 0; i < out_.subjects.size(); ++i) {
      const Compared& c = out_.subjects[i];
      for (const MetricFacts& facts : kMetricFacts) {
        const Delta& d = c.metrics[static_cast<size_t>(facts.metric)];
        if (analysis::Known(d.p)) raw.push_back({i, c.edge, facts.metric, d.p});
      }
    }
    std::vector<TestedMetric> beside = raw;
    for (TestedMetric& t : beside) {
      const Difference& d = differences_[t.subject][static_cast<size_t>(t.metric)];
      if (Shared()) t.p = std::max(t.p, shared_.P(FamilyOf(t.metric), d));
    }
    const Discoveries seen = Discover(raw);
    const Discoveries found = Discover(beside);
    out_.tests = found.questions;
    for (size_t i = 0; i < raw.size(); ++i) {
      Delta& d = out_.subjects[raw[i].subject].metrics[static_cast<size_t>(raw[i].metric)];
      d.q = found.q[i];
      run::Conclude(d, seen.q[i], FactsOf(raw[i].metric), options_);
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

  void NoteShift() {
    if (out_.shared.found) out_.warnings.push_back(out_.shared.text);
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
    const bool alike = std::ranges::any_of(out_.subjects, [](const Compared& c) {
      return std::ranges::any_of(c.metrics, &Delta::shared);
    });
    if (out_.ranked.empty() && alike) {
      out_.verdict = CompareVerdict::kShared;
      out_.sentence = fmt::format("No service stands out: {}.", out_.shared.text);
      return;
    }
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
  std::vector<Key> keys_;                 // of out_.subjects
  std::vector<Differences> differences_;  // the same
  SharedNull shared_;
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
