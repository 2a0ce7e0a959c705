// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/system.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "server/analysis/localise/gather.h"
#include "server/analysis/localise/links.h"
#include "server/analysis/robust.h"

namespace pano::analysis {
namespace {

using enum SeriesMetric;

constexpr double kBelievedFrom = 1.0;  // z from which extra waiting begins to count
constexpr double kBelievedTo = 4.0;    // z from which it counts in full
constexpr double kTroubleSum = 4;      // of a run of bad points that stands for itself
constexpr double kTypicalPart = 0.2;   // of what nodes have on average: less does not matter
constexpr double kNobodyWaits = 1.5;   // a callee that takes so many times its caller's time

class Builder {
 public:
  Builder(const Question& question, Span span) : subjects_(Gather(question)) {
    system_.question = &question;
    system_.span = span;
    system_.has_baseline = question.baseline.times.size() >= 3;
    times_ = question.incident.times.size();
    step_ = Step(question.incident.times);
  }

  System Build() {
    const size_t n = system_.question->nodes.size();
    system_.nodes.resize(n);
    for (const SeriesMetric m : {kCpuUse, kMemoryUse}) offsets_.push_back(Offset(m));
    for (const auto& [key, subject] : subjects_) {
      if (key.first != kNoNode) continue;
      Signals& s = system_.nodes[key.second] = SignalsOf(subject);
      if (!s.latency.known) CountUnanswered(s);
    }
    MakeCalls();
    JudgeShares();
    FindAsync();
    JudgeLinks(system_);
    return std::move(system_);
  }

 private:
  static double Step(const std::vector<double>& times) {
    std::vector<double> steps;
    for (size_t i = 1; i < times.size(); ++i) steps.push_back(times[i] - times[i - 1]);
    return Median(std::move(steps));
  }

  // What is too little of a level to matter: a part of what is typical among all nodes.
  double Offset(SeriesMetric metric) const {
    std::vector<double> typical;
    for (const auto& [key, subject] : subjects_) {
      if (key.first != kNoNode) continue;
      std::vector<double> known;
      for (const auto* values : {&subject.usual_of(metric), &subject.now_of(metric)}) {
        for (const double v : *values) {
          if (std::isfinite(v)) known.push_back(v);
        }
        if (!known.empty()) break;
      }
      if (!known.empty()) typical.push_back(Median(std::move(known)));
    }
    return kTypicalPart * Mean(typical);
  }

  Judged JudgeCut(std::optional<Sample> sample) const {
    if (!sample) return {};
    Cut(*sample, system_.span.begin, system_.span.end);
    return Judge(*sample);
  }

  // A count that the baseline never mentions was 0.
  Judged JudgeEvents(const Subject& subject, SeriesMetric metric) const {
    auto sample = CountSample(subject, metric);
    if (sample && sample->usual.empty() && system_.has_baseline) {
      sample->usual.assign(system_.question->baseline.times.size(), 0.0);
    }
    return JudgeCut(std::move(sample));
  }

  Signals SignalsOf(const Subject& subject) const {
    Signals s;
    s.seen = subject.is_seen();
    s.latency = JudgeCut(LatencySample(subject));
    for (size_t m = 0; m < kLatencyStatistics; ++m) {
      const Judged one = JudgeCut(StatisticSample(subject, static_cast<SeriesMetric>(m)));
      if (one.known && (!s.tail.known || one.strength > s.tail.strength)) s.tail = one;
    }
    s.failures = JudgeCut(FailureSample(subject));
    s.requests = JudgeCut(RequestSample(subject, times_));
    s.cpu = JudgeCut(LevelSample(subject, kCpuUse, offsets_[0]));
    s.memory = JudgeCut(LevelSample(subject, kMemoryUse, offsets_[1]));
    s.in_flight = JudgeCut(CountSample(subject, kInFlight));
    s.connect_latency = JudgeCut(StatisticSample(subject, kConnectLatency));
    s.connect_failures = JudgeEvents(subject, kConnectFailures);
    s.retrans_syn = JudgeEvents(subject, kRetransSyn);
    s.throttled = JudgeCut(FractionSample(subject, kCpuThrottled));
    s.usual_latency = UsualLatency(subject, s);
    DiscountDemand(s);
    DiscountWaiting(s);
    Amounts(s);
    return s;
  }

  static double UsualLatency(const Subject& subject, const Signals& s) {
    double seconds = 0;
    double requests = 0;
    const auto& means = subject.usual_of(kLatencyAvg);
    const auto& counts = subject.usual_of(kRequests);
    for (size_t i = 0; i < std::min(means.size(), counts.size()); ++i) {
      if (!std::isfinite(means[i]) || !(counts[i] > 0)) continue;
      seconds += means[i] * counts[i];
      requests += counts[i];
    }
    if (requests > 0) return seconds / requests;
    return s.latency.has_usual ? s.latency.usual : kNotKnown;
  }

  // CPU that more requests need is no finding.
  static void DiscountDemand(Signals& s) {
    if (!s.cpu.has_usual || !s.requests.has_usual || s.requests.change <= 0) return;
    const double rest = s.cpu.change - s.requests.change;
    if (s.cpu.change <= 0) return;
    s.cpu.strength *= SmoothStep(rest / s.cpu.change, 0.05, 0.6);
  }

  // Nor is memory that is held by requests that wait for something.
  static void DiscountWaiting(Signals& s) {
    if (!s.in_flight.has_usual || s.in_flight.change <= 0) return;
    s.memory.strength *= 1 - s.in_flight.up() * SmoothStep(s.in_flight.change, 0.7, 2.0);
  }

  // Who is not answered at all has no latency yet, but waits: by Little's law a second for each
  // second and request in progress.
  void CountUnanswered(Signals& s) const {
    if (!s.in_flight.has_usual || s.in_flight.up() <= 0 || step_ <= 0) return;
    const double more = step_ * (s.in_flight.now - s.in_flight.usual) * s.in_flight.up();
    if (more > 0 && !(s.wait > more)) s.wait = more;
  }

  void Amounts(Signals& s) const {
    if (s.requests.known) s.rate = s.requests.now;
    const double rate = s.requests.known ? s.rate : 1;
    if (s.latency.has_usual) {
      const double believed = SmoothStep(std::abs(s.latency.z), kBelievedFrom, kBelievedTo);
      s.wait = rate * (s.latency.now - s.latency.usual) * believed;
    } else if (s.latency.known && !system_.has_baseline) {
      s.wait = rate * s.latency.now;
    }
    if (s.failures.known) {
      const double usual = s.failures.has_usual ? s.failures.usual : 0;
      const double believed =
          s.failures.has_usual ? SmoothStep(std::abs(s.failures.z), kBelievedFrom, kBelievedTo) : 1;
      s.failed = rate * (s.failures.now - usual) * believed;
      if (!s.failures.has_usual) {
        s.failures.change = s.failures.now;
        s.failures.strength = SmoothStep(s.failures.now, 0.01, 0.10);
        s.failures.z = 6 * s.failures.strength;
      }
    }
    if (s.throttled.known && !s.throttled.has_usual) {
      s.throttled.change = s.throttled.now;
      s.throttled.strength = SmoothStep(s.throttled.now, 0.05, 0.5);
    }
    for (Judged* events : {&s.connect_failures, &s.retrans_syn}) {
      if (!events->known || events->has_usual || events->now <= 0) continue;
      events->change = std::log1p(events->now);
      events->strength = 0.5 * SmoothStep(events->change, 0.1, 1);
    }
  }

  void MakeCalls() {
    std::vector<std::pair<uint32_t, uint32_t>> calls = system_.question->calls;
    for (const auto& [key, subject] : subjects_) {
      if (key.first != kNoNode && key.first != key.second) calls.push_back(key);
    }
    std::ranges::sort(calls);
    calls.erase(std::ranges::unique(calls).begin(), calls.end());
    system_.out.resize(system_.nodes.size());
    system_.in.resize(system_.nodes.size());
    for (const auto& [caller, callee] : calls) {
      const auto at = static_cast<uint32_t>(system_.calls.size());
      system_.calls.push_back({caller, callee, true, 1, {}});
      if (const auto found = subjects_.find({caller, callee}); found != subjects_.end()) {
        system_.calls.back().view = SignalsOf(found->second);
        CountUnanswered(system_.calls.back().view);
      }
      system_.out[caller].push_back(at);
      system_.in[callee].push_back(at);
    }
  }

  // Of all requests to a node, how many come over each call: as the calls tell, or else by how busy
  // the callers are.
  void JudgeShares() {
    for (const auto& in : system_.in) {
      bool all_told = true;
      for (const uint32_t c : in) all_told = all_told && std::isfinite(system_.calls[c].view.rate);
      double sum = 0;
      std::vector<double> weights;
      for (const uint32_t c : in) {
        const double rate =
            all_told ? system_.calls[c].view.rate : system_.nodes[system_.calls[c].caller].rate;
        weights.push_back(std::isfinite(rate) ? std::max(rate, 1e-9) : 1);
        sum += weights.back();
      }
      for (size_t i = 0; i < in.size(); ++i) system_.calls[in[i]].share = weights[i] / sum;
    }
  }

  void FindAsync() {
    for (Call& call : system_.calls) {
      const Signals& caller = system_.nodes[call.caller];
      const Signals& callee = call.view.latency.has_usual ? call.view : system_.nodes[call.callee];
      const double share = call.view.latency.has_usual ? 1 : call.share;
      if (!caller.latency.has_usual || !callee.latency.has_usual) continue;
      if (!caller.requests.has_usual || !callee.requests.has_usual) continue;
      const auto busy = [](const Signals& s) { return s.requests.usual * s.usual_latency; };
      call.waits = share * busy(callee) <= kNobodyWaits * busy(caller);
    }
  }

  Subjects subjects_;
  System system_;
  std::vector<double> offsets_;
  size_t times_ = 0;
  double step_ = 0;  // s, from one time to the next; 0: not known
};

std::vector<std::pair<Sample, double>> TargetSamples(const Question& question) {
  std::vector<std::pair<Sample, double>> samples;  // with the direction that is bad
  Subjects subjects = Gather(question);
  const auto found = subjects.find({kNoNode, question.target});
  if (found == subjects.end()) return samples;
  const Subject& target = found->second;
  const auto add = [&](std::optional<Sample> sample, double direction) {
    if (sample) samples.emplace_back(std::move(*sample), direction);
  };
  switch (question.metric) {
    case TargetMetric::kLatency:
      for (size_t m = 0; m < kLatencyStatistics; ++m) {
        add(StatisticSample(target, static_cast<SeriesMetric>(m)), 1);
      }
      break;
    case TargetMetric::kAvailability:
    case TargetMetric::kErrors:
      add(FailureSample(target), 1);
      break;
    case TargetMetric::kThroughput:
      add(RequestSample(target, question.incident.times.size()), -1);
      break;
  }
  return samples;
}

struct Run {
  Span span;
  double sum = 0;
};

// The run of points with the largest sum of what exceeds 1 spread in the bad direction.
Run WorstRun(const std::vector<std::pair<Sample, double>>& samples, size_t n) {
  std::vector<double> sum(n);
  std::vector<double> count(n);
  for (const auto& [sample, direction] : samples) {
    const std::vector<double> scores = PointScores(sample);
    for (size_t i = 0; i < std::min(n, scores.size()); ++i) {
      if (!std::isfinite(scores[i])) continue;
      sum[i] += std::clamp(direction * scores[i], -4.0, 8.0);
      ++count[i];
    }
  }
  Run best;
  double running = 0;
  size_t begin = 0;
  for (size_t i = 0; i < n; ++i) {
    const double excess = count[i] > 0 ? sum[i] / count[i] - 1 : 0;
    if (running <= 0) running = 0, begin = i;
    running += excess;
    if (running > best.sum) best = {{begin, i + 1}, running};
  }
  return best;
}

}  // namespace

System BuildSystem(const Question& question, Span span) { return Builder(question, span).Build(); }

Span TroubleSpan(const Question& question) {
  const size_t n = question.incident.times.size();
  auto samples = TargetSamples(question);
  const Run now = WorstRun(samples, n);
  // The same search in what was normal: runs as bad as that are no trouble.
  for (auto& [sample, direction] : samples) {
    sample.now = sample.usual;
    sample.now_weights = sample.usual_weights;
  }
  const Run usual = WorstRun(samples, question.baseline.times.size());
  const bool stands_out = now.sum >= std::max(kTroubleSum, 1.3 * usual.sum);
  return stands_out ? now.span : Span{0, n};
}

}  // namespace pano::analysis
