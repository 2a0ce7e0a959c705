// SPDX-License-Identifier: Apache-2.0
// The metrics a file may carry (docs/diagnose.md), and what kind of number each is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pano::analysis {

enum class SeriesMetric : uint8_t {
  kLatencyAvg,  // s
  kLatencyP50,
  kLatencyP90,
  kLatencyP95,
  kLatencyP99,
  kRequests,         // per interval
  kErrors,           // per interval, of `requests`
  kAvailability,     // 0..1
  kInFlight,         // level
  kConnectLatency,   // s
  kConnectFailures,  // per interval
  kRetransSyn,       // per interval
  kCpuUse,           // any unit
  kCpuThrottled,     // 0..1, or seconds per second
  kMemoryUse,        // any unit
};
inline constexpr size_t kSeriesMetrics = 15;
inline constexpr size_t kLatencyStatistics = 5;  // the first five

// What the target of a question is judged by.
enum class TargetMetric : uint8_t { kLatency, kAvailability, kErrors, kThroughput };

std::string_view Name(SeriesMetric metric);
std::string_view Name(TargetMetric metric);
// "latency_p50" is also read from "p50".
std::optional<SeriesMetric> SeriesMetricNamed(std::string_view name);
// Also from the name of a series of that kind: "latency_p95" is latency.
std::optional<TargetMetric> TargetMetricNamed(std::string_view name);
// Every name, for messages.
std::string_view SeriesMetricNames();

inline constexpr bool IsLatency(SeriesMetric metric) {
  return static_cast<size_t>(metric) < kLatencyStatistics;
}

}  // namespace pano::analysis
