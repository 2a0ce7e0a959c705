// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/state.h"

#include <algorithm>
#include <bit>

namespace pano::analysis {
namespace {

// Ties of severity: the earlier wins.
constexpr std::array<Metric, kMetrics> kTieOrder{Metric::kConnectFailures, Metric::kErrors,
                                                 Metric::kLatency,         Metric::kConnectLatency,
                                                 Metric::kTraffic,         Metric::kRequestRate};

bool IsBad(double value, double limit) { return value > limit; }
bool IsNear(double value, double limit) { return limit > 0 && value >= kNearShare * limit; }

}  // namespace

std::string_view Name(State state) {
  switch (state) {
    case State::kOk:
      return "ok";
    case State::kNear:
      return "near";
    case State::kOver:
      return "over";
    case State::kNoData:
      return "nodata";
    case State::kIdle:
      return "idle";
  }
  return "nodata";
}

double Severity(Metric metric, double value, double limit, double request_rate) {
  if (limit > 0) return value / limit;
  if (value <= 0) return 0;
  const double requests = Known(request_rate) ? std::max(request_rate, 0.0) : 0;
  // A failed connect carried no request, so it adds to those that were tried.
  const double tried = metric == Metric::kConnectFailures ? requests + value : requests;
  const double share = tried > 0 ? std::min(value / tried, 1.0) : 1.0;
  return 1 + 10 * share;
}

std::optional<Worst> FindWorst(const MetricValues& values, const LimitSet& limits) {
  std::optional<Worst> worst;
  for (const Metric m : kTieOrder) {
    if (!limits[m] || !Known(values[m])) continue;
    const double limit = *limits[m];
    if (!IsBad(values[m], limit) && !IsNear(values[m], limit)) continue;
    const double severity = Severity(m, values[m], limit, values[Metric::kRequestRate]);
    if (!worst || severity > worst->severity) worst = Worst{m, values[m], limit, severity};
  }
  return worst;
}

void StateTracker::UpdateMetric(PerMetric& m, uint64_t second, double value,
                                const std::optional<double>& limit) {
  const auto enter = [&m](State state, uint64_t since) {
    if (m.state == state) return;
    m.state = state;
    m.since = since;
  };
  if (!Known(value)) {
    if (m.unknown < kQuietSeconds) ++m.unknown;
    if (m.unknown >= kQuietSeconds || m.since == 0) {
      m.recent = 0;
      m.good = 0;
      enter(State::kNoData, second);
      if (m.since == 0) m.since = second;
    }
    return;
  }
  m.unknown = 0;
  m.value = value;
  if (!limit) {
    m.recent = 0;
    enter(State::kOk, second);
    return;
  }
  const bool bad = IsBad(value, *limit);
  const auto before = static_cast<uint8_t>((m.recent << 1) & ((1u << kBadWindow) - 1));
  if (bad && before == 0) m.first_bad = second;
  m.recent = static_cast<uint8_t>(before | (bad ? 1 : 0));
  m.good = bad ? 0 : static_cast<uint8_t>(std::min<uint32_t>(m.good + 1u, kGoodSeconds));
  if (m.state == State::kOver && m.good < kGoodSeconds) return;
  if (std::popcount(m.recent) >= static_cast<int>(kBadSeconds)) {
    enter(State::kOver, m.first_bad);
  } else {
    enter(IsNear(value, *limit) ? State::kNear : State::kOk, second);
  }
}

void StateTracker::UpdateOverall(uint64_t second, const LimitSet& limits) {
  bool any_known = false;
  bool any_near = false;
  uint64_t over_since = 0;
  for (const PerMetric& m : metrics_) {
    any_known |= m.state != State::kNoData;
    any_near |= m.state == State::kNear;
    if (m.state == State::kOver && (over_since == 0 || m.since < over_since)) over_since = m.since;
  }
  State now = any_near ? State::kNear : State::kOk;
  if (over_since != 0) {
    now = State::kOver;
  } else if (!any_known) {
    now = State::kNoData;
  } else if (quiet_ >= kQuietSeconds) {
    now = State::kIdle;
  }
  if (now != state_ || since_ == 0) since_ = now == State::kOver ? over_since : second;
  state_ = now;

  worst_.reset();
  if (now != State::kOver && now != State::kNear) return;
  const double request_rate = metrics_[static_cast<size_t>(Metric::kRequestRate)].value;
  for (const Metric metric : kTieOrder) {
    const PerMetric& m = metrics_[static_cast<size_t>(metric)];
    if (m.state != now || !limits[metric]) continue;
    const double severity = Severity(metric, m.value, *limits[metric], request_rate);
    if (!worst_ || severity > worst_->severity) {
      worst_ = Worst{metric, m.value, *limits[metric], severity};
    }
  }
}

void StateTracker::Update(uint64_t second, const Observation& seen, const LimitSet& limits) {
  // Seconds nobody fed are unknown ones; more of them than matter change nothing.
  if (last_second_ != 0 && second > last_second_ + 1) {
    const uint64_t missing = std::min<uint64_t>(second - last_second_ - 1, kQuietSeconds);
    for (uint64_t i = missing; i > 0; --i) {
      for (size_t m = 0; m < kMetrics; ++m) {
        UpdateMetric(metrics_[m], second - i, kUnknown, limits.at[m]);
      }
    }
  }
  last_second_ = second;
  for (size_t m = 0; m < kMetrics; ++m) {
    UpdateMetric(metrics_[m], second, seen.values.at[m], limits.at[m]);
  }
  const auto none = [&seen](Metric m) { return !(seen.values[m] > 0); };
  const bool quiet = !seen.awaiting && none(Metric::kTraffic) && none(Metric::kRequestRate) &&
                     none(Metric::kConnectFailures);
  quiet_ = quiet ? std::min(quiet_ + 1, kQuietSeconds) : 0;
  UpdateOverall(second, limits);
}

}  // namespace pano::analysis
