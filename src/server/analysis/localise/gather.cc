// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/gather.h"

#include <algorithm>
#include <cmath>

namespace pano::analysis {
namespace {

using enum SeriesMetric;

constexpr double kAlwaysKnown = 0.95;  // of the baseline, and
constexpr double kHardlyKnown = 0.5;   // of the incident: then its gaps mean no requests

std::vector<double>& At(SeriesSet& set, SeriesMetric m) { return set[static_cast<size_t>(m)]; }

double ShareKnown(const std::vector<double>& values) {
  if (values.empty()) return 0;
  const auto known = std::ranges::count_if(values, [](double v) { return std::isfinite(v); });
  return static_cast<double>(known) / static_cast<double>(values.size());
}

// Adds what a caller sees of a node to what all of them see: counts as they are, times by requests.
class CallerSum {
 public:
  void Add(const SeriesSet& view) {
    for (const SeriesMetric m : {kRequests, kErrors, kInFlight, kConnectFailures, kRetransSyn}) {
      AddTo(At(sum_, m), view[static_cast<size_t>(m)]);
    }
    const auto& requests = view[static_cast<size_t>(kRequests)];
    for (const SeriesMetric m : {kLatencyAvg, kLatencyP50, kLatencyP90, kLatencyP95, kLatencyP99,
                                 kAvailability, kConnectLatency}) {
      const auto& values = view[static_cast<size_t>(m)];
      if (values.empty()) continue;
      std::vector<double> weighted(values.size());
      std::vector<double> weights(values.size());
      for (size_t i = 0; i < values.size(); ++i) {
        weights[i] = !std::isfinite(values[i])                           ? kNotKnown
                     : i < requests.size() && std::isfinite(requests[i]) ? requests[i]
                                                                         : 1;
        weighted[i] = values[i] * weights[i];
      }
      AddTo(At(sum_, m), weighted);
      AddTo(At(weights_, m), weights);
    }
  }

  SeriesSet Take() {
    for (size_t m = 0; m < kSeriesMetrics; ++m) {
      for (size_t i = 0; i < weights_[m].size(); ++i) {
        sum_[m][i] = weights_[m][i] > 0 ? sum_[m][i] / weights_[m][i] : kNotKnown;
      }
    }
    return std::move(sum_);
  }

 private:
  static void AddTo(std::vector<double>& sum, const std::vector<double>& values) {
    if (values.empty()) return;
    if (sum.empty()) sum.assign(values.size(), kNotKnown);
    for (size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) continue;
      sum[i] = std::isfinite(sum[i]) ? sum[i] + values[i] : values[i];
    }
  }

  SeriesSet sum_;
  SeriesSet weights_;
};

// Time series of the mean as percentiles let it be guessed: the area under the quantile curve.
// Only percentiles that both windows have.
std::vector<double> MeanFromPercentiles(const SeriesSet& set, const std::array<bool, 5>& use) {
  constexpr std::array<double, 5> kRank = {0, 0.50, 0.90, 0.95, 0.99};
  size_t length = 0;
  for (size_t m = 1; m < 5; ++m) length = use[m] ? std::max(length, set[m].size()) : length;
  std::vector<double> mean(length, kNotKnown);
  for (size_t i = 0; i < length; ++i) {
    double area = 0;
    double rank = 0;
    double last = kNotKnown;
    bool complete = true;
    for (size_t m = 1; m < 5; ++m) {
      if (!use[m]) continue;
      const double v = set[m][i];
      complete = complete && std::isfinite(v);
      area += (kRank[m] - rank) * (rank > 0 ? (v + last) / 2 : v);
      rank = kRank[m];
      last = v;
    }
    if (complete && rank > 0) mean[i] = area + (1 - rank) * last;
  }
  return mean;
}

// Those who began to wait in an interval, and those who still do: where nothing is answered any
// more, nobody new may come.
std::vector<double> Waiting(const SeriesSet& set) {
  std::vector<double> waiting = set[static_cast<size_t>(kRequests)];
  const auto& in_flight = set[static_cast<size_t>(kInFlight)];
  for (size_t i = 0; i < std::min(waiting.size(), in_flight.size()); ++i) {
    if (std::isfinite(in_flight[i])) {
      waiting[i] = (std::isfinite(waiting[i]) ? waiting[i] : 0) + std::max(in_flight[i], 0.0);
    }
  }
  return waiting;
}

void Weigh(Sample& sample, const Subject& s) {
  if (s.usual_of(kRequests).empty() && !s.usual_of(kLatencyAvg).empty()) return;
  sample.usual_weights = Waiting(s.usual);
  sample.now_weights = Waiting(s.now);
}

std::vector<double> FailedShare(const SeriesSet& set) {
  const auto& availability = set[static_cast<size_t>(kAvailability)];
  const auto& errors = set[static_cast<size_t>(kErrors)];
  const auto& requests = set[static_cast<size_t>(kRequests)];
  std::vector<double> share(std::max(availability.size(), std::min(errors.size(), requests.size())),
                            kNotKnown);
  for (size_t i = 0; i < share.size(); ++i) {
    if (i < errors.size() && i < requests.size() && std::isfinite(errors[i]) && requests[i] > 0) {
      share[i] = std::clamp(errors[i] / requests[i], 0.0, 1.0);
    } else if (i < availability.size() && std::isfinite(availability[i])) {
      share[i] = std::clamp(1 - availability[i], 0.0, 1.0);
    }
  }
  return share;
}

bool AllUnknown(const std::vector<double>& values) {
  return std::ranges::none_of(values, [](double v) { return std::isfinite(v); });
}

}  // namespace

bool Subject::is_seen() const {
  return std::ranges::any_of(now, [](const auto& values) { return !values.empty(); });
}

Subjects Gather(const Question& question) {
  Subjects subjects;
  for (const Series& s : question.baseline.series) {
    At(subjects[{s.caller, s.node}].usual, s.metric) = s.values;
  }
  for (const Series& s : question.incident.series) {
    At(subjects[{s.caller, s.node}].now, s.metric) = s.values;
  }
  std::map<uint32_t, std::pair<CallerSum, CallerSum>> sums;
  for (const auto& [key, subject] : subjects) {
    if (key.first == kNoNode) continue;
    auto& [usual, now] = sums[key.second];
    usual.Add(subject.usual);
    now.Add(subject.now);
  }
  for (auto& [node, sum] : sums) {
    Subject& own = subjects[{kNoNode, node}];
    const SeriesSet usual = sum.first.Take();
    const SeriesSet now = sum.second.Take();
    for (size_t m = 0; m < kSeriesMetrics; ++m) {
      if (!own.now[m].empty() || !own.usual[m].empty()) continue;
      own.usual[m] = usual[m];
      own.now[m] = now[m];
    }
  }
  return subjects;
}

std::optional<Sample> StatisticSample(const Subject& s, SeriesMetric statistic) {
  if (!s.has(statistic)) return std::nullopt;
  Sample sample{.kind = ValueKind::kTime};
  sample.usual = s.usual_of(statistic);
  sample.now = s.now_of(statistic);
  Weigh(sample, s);
  return sample;
}

std::optional<Sample> LatencySample(const Subject& s) {
  const bool averages = !s.usual_of(kLatencyAvg).empty();
  std::array<bool, 5> use{};
  bool any = false;
  for (size_t m = 1; m < kLatencyStatistics; ++m) {
    use[m] = !s.now[m].empty() && !s.usual[m].empty();
    any = any || use[m];
  }
  if (s.has(kLatencyAvg) && (averages || !any)) return StatisticSample(s, kLatencyAvg);
  if (!any) {
    for (size_t m = 1; m < kLatencyStatistics; ++m) any = use[m] = any || !s.now[m].empty();
  }
  if (!any) return std::nullopt;
  for (size_t m = 1; m < kLatencyStatistics; ++m) use[m] = use[m] && !s.now[m].empty();
  Sample sample{.kind = ValueKind::kTime};
  sample.now = MeanFromPercentiles(s.now, use);
  std::array<bool, 5> use_usual = use;
  for (size_t m = 1; m < kLatencyStatistics; ++m) use_usual[m] = use[m] && !s.usual[m].empty();
  if (use_usual == use) sample.usual = MeanFromPercentiles(s.usual, use);
  if (AllUnknown(sample.now)) return std::nullopt;
  sample.usual_weights = Waiting(s.usual);
  sample.now_weights = Waiting(s.now);
  return sample;
}

std::optional<Sample> FailureSample(const Subject& s) {
  Sample sample{.kind = ValueKind::kShare};
  sample.now = FailedShare(s.now);
  if (!AllUnknown(sample.now)) {
    sample.usual = FailedShare(s.usual);
    sample.usual_weights = s.usual_of(kRequests);
    sample.now_weights = s.now_of(kRequests);
    return sample;
  }
  if (!s.has(kErrors) || s.has(kRequests)) return std::nullopt;
  return CountSample(s, kErrors);
}

std::optional<Sample> CountSample(const Subject& s, SeriesMetric metric) {
  if (!s.has(metric)) return std::nullopt;
  Sample sample{.kind = ValueKind::kCount};
  sample.usual = s.usual_of(metric);
  sample.now = s.now_of(metric);
  return sample;
}

std::optional<Sample> RequestSample(const Subject& s, size_t times) {
  const bool always = ShareKnown(s.usual_of(kRequests)) >= kAlwaysKnown;
  auto sample = CountSample(s, kRequests);
  if (!sample && always && !s.is_seen()) {  // it vanished
    sample = Sample{.kind = ValueKind::kCount};
    sample->usual = s.usual_of(kRequests);
    sample->now.assign(times, 0.0);
  }
  if (sample && always && ShareKnown(sample->now) < kHardlyKnown) {
    for (double& v : sample->now) v = std::isfinite(v) ? v : 0;
  }
  return sample;
}

std::optional<Sample> LevelSample(const Subject& s, SeriesMetric metric, double offset) {
  auto sample = CountSample(s, metric);
  if (!sample) return sample;
  sample->kind = ValueKind::kLevel;
  sample->offset = offset;
  return sample;
}

std::optional<Sample> FractionSample(const Subject& s, SeriesMetric metric) {
  auto sample = CountSample(s, metric);
  if (sample) sample->kind = ValueKind::kFraction;
  return sample;
}

void Cut(Sample& sample, size_t begin, size_t end) {
  const auto cut = [&](std::vector<double>& values) {
    if (values.empty()) return;
    const auto first = values.begin() + static_cast<ptrdiff_t>(std::min(begin, values.size()));
    const auto last = values.begin() + static_cast<ptrdiff_t>(std::min(end, values.size()));
    values = std::vector<double>(first, last);
  };
  cut(sample.now);
  cut(sample.now_weights);
}

}  // namespace pano::analysis
