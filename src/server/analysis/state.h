// SPDX-License-Identifier: Apache-2.0
// in: one second's six values of a node or edge  out: its state, since when, its worst metric
// Hysteresis: over after 2 bad seconds of the last 3, cleared after 5 good ones in a row; near from
// 80 % of a non-zero limit. Pure: time comes in with the values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "server/analysis/limits.h"

namespace pano::analysis {

enum class State : uint8_t { kOk, kNear, kOver, kNoData, kIdle };
std::string_view Name(State state);  // "ok", "near", "over", "nodata", "idle"

inline constexpr uint32_t kBadSeconds = 2;  // of the last kBadWindow known ones: over
inline constexpr uint32_t kBadWindow = 3;
inline constexpr uint32_t kGoodSeconds = 5;   // in a row: clear
inline constexpr uint32_t kQuietSeconds = 5;  // without any value: nodata; without traffic: idle
inline constexpr double kNearShare = 0.8;

struct Worst {
  Metric metric = Metric::kLatency;
  double value = 0;
  double limit = 0;
  double severity = 0;  // see Severity
};

// How far over: value / limit. A limit of 0 has no ratio, so there it is 1 + 10 x the share of
// requests concerned (errors or failed connects per request): 1.1 at 1 %, 11 when all fail.
double Severity(Metric metric, double value, double limit, double request_rate);

// Of the metrics at or over the near mark (or above 0 where the limit is 0), the one with the
// highest severity; on a tie failures, errors, latency, connect latency, then the rest.
std::optional<Worst> FindWorst(const MetricValues& values, const LimitSet& limits);

// What one second says about a node or edge. While requests hang and nothing is answered, give the
// age of the oldest as latency, so that the hang shows while it lasts.
struct Observation {
  MetricValues values;
  bool awaiting = false;  // requests are in flight: quiet is not idle
};

// State of one node or edge. Plain data, one per subject; feed it once per second.
class StateTracker {
 public:
  // `second` is unix time and grows; seconds left out count as unknown. A limit that changed takes
  // effect from this second on.
  void Update(uint64_t second, const Observation& seen, const LimitSet& limits);

  // The worst of the metrics; idle and nodata as described at kQuietSeconds.
  State state() const { return state_; }
  State state(Metric m) const { return metrics_[static_cast<size_t>(m)].state; }
  // First second of the present state; 0 before the first Update. For over: the first bad second.
  uint64_t since() const { return since_; }
  uint64_t since(Metric m) const { return metrics_[static_cast<size_t>(m)].since; }
  // Set while state() is near or over: the worst of the metrics in that state, with the last value
  // known of it.
  const std::optional<Worst>& worst() const { return worst_; }

 private:
  struct PerMetric {
    State state = State::kNoData;
    uint64_t since = 0;
    uint64_t first_bad = 0;   // of the seconds in `recent`
    double value = kUnknown;  // last known
    uint8_t recent = 0;       // last kBadWindow known seconds, newest in bit 0; 1 = bad
    uint8_t good = 0;         // good ones in a row
    uint8_t unknown = 0;      // unknown ones in a row
  };

  void UpdateMetric(PerMetric& m, uint64_t second, double value,
                    const std::optional<double>& limit);
  void UpdateOverall(uint64_t second, const LimitSet& limits);

  std::array<PerMetric, kMetrics> metrics_{};
  State state_ = State::kNoData;
  uint64_t since_ = 0;
  uint64_t last_second_ = 0;
  uint32_t quiet_ = 0;  // seconds without traffic in a row
  std::optional<Worst> worst_;
};

}  // namespace pano::analysis
