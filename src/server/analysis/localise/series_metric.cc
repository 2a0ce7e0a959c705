// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/series_metric.h"

namespace pano::analysis {
namespace {

constexpr std::array<std::string_view, kSeriesMetrics> kNames = {
    "latency_avg",      "latency_p50", "latency_p90",  "latency_p95",   "latency_p99",
    "requests",         "errors",      "availability", "in_flight",     "connect_latency",
    "connect_failures", "retrans_syn", "cpu_use",      "cpu_throttled", "memory_use"};
constexpr std::array<std::string_view, 4> kTargets = {"latency", "availability", "errors",
                                                      "throughput"};

}  // namespace

std::string_view Name(SeriesMetric metric) { return kNames[static_cast<size_t>(metric)]; }
std::string_view Name(TargetMetric metric) { return kTargets[static_cast<size_t>(metric)]; }

std::optional<SeriesMetric> SeriesMetricNamed(std::string_view name) {
  // Records that wait for a consumer are its requests in progress.
  if (name == "consumer_lag") return SeriesMetric::kInFlight;
  for (size_t i = 0; i < kNames.size(); ++i) {
    const bool short_form = i < kLatencyStatistics && kNames[i].substr(8) == name;
    if (kNames[i] == name || short_form) return static_cast<SeriesMetric>(i);
  }
  return std::nullopt;
}

std::optional<TargetMetric> TargetMetricNamed(std::string_view name) {
  for (size_t i = 0; i < kTargets.size(); ++i) {
    if (kTargets[i] == name) return static_cast<TargetMetric>(i);
  }
  const auto series = SeriesMetricNamed(name);
  if (series && IsLatency(*series)) return TargetMetric::kLatency;
  if (series == SeriesMetric::kRequests) return TargetMetric::kThroughput;
  return std::nullopt;
}

std::string_view SeriesMetricNames() {
  return "latency_avg, latency_p50, latency_p90, latency_p95, latency_p99, requests, errors, "
         "availability, in_flight, connect_latency, connect_failures, retrans_syn, cpu_use, "
         "cpu_throttled, memory_use, consumer_lag";
}

}  // namespace pano::analysis
