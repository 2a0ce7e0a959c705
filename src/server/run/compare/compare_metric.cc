// SPDX-License-Identifier: Apache-2.0
#include "server/run/compare/compare_metric.h"

namespace pano::run {

constexpr std::array<MetricFacts, kCompareMetrics> kMetricFacts{{
    {CompareMetric::kLatencyAvg, "latency_avg", false, false, Direction::kWorse},
    {CompareMetric::kLatencyP50, "latency_p50", false, false, Direction::kWorse},
    {CompareMetric::kLatencyP95, "latency_p95", false, false, Direction::kWorse},
    {CompareMetric::kLatencyP99, "latency_p99", false, false, Direction::kWorse},
    {CompareMetric::kErrorShare, "error_share", false, true, Direction::kWorse},
    {CompareMetric::kRequestRate, "request_rate", false, false, Direction::kDifferent},
    {CompareMetric::kTraffic, "traffic", false, false, Direction::kDifferent},
    {CompareMetric::kConnectLatency, "connect_latency", false, false, Direction::kWorse},
    {CompareMetric::kConnectFailShare, "connect_failure_share", false, true, Direction::kWorse},
    {CompareMetric::kCpuUsage, "cpu_usage", true, false, Direction::kWorse},
    {CompareMetric::kCpuThrottled, "cpu_throttled", true, true, Direction::kWorse},
    {CompareMetric::kOwnTime, "own_time", true, false, Direction::kWorse},
}};

Family FamilyOf(CompareMetric m) {
  switch (m) {
    case CompareMetric::kErrorShare:
      return Family::kErrors;
    case CompareMetric::kRequestRate:
    case CompareMetric::kTraffic:
      return Family::kRate;
    case CompareMetric::kConnectLatency:
      return Family::kConnect;
    case CompareMetric::kConnectFailShare:
      return Family::kFailures;
    case CompareMetric::kCpuUsage:
      return Family::kCpu;
    case CompareMetric::kCpuThrottled:
      return Family::kThrottled;
    case CompareMetric::kOwnTime:
      return Family::kOwn;
    default:
      return Family::kLatency;
  }
}

std::string_view Name(CompareMetric metric) { return FactsOf(metric).name; }

std::optional<CompareMetric> CompareMetricByName(std::string_view name) {
  for (const MetricFacts& facts : kMetricFacts) {
    if (facts.name == name) return facts.metric;
  }
  return std::nullopt;
}

bool IsShare(CompareMetric metric) { return FactsOf(metric).share; }

std::string_view Name(Direction direction) {
  switch (direction) {
    case Direction::kNone:
      return "none";
    case Direction::kWorse:
      return "worse";
    case Direction::kBetter:
      return "better";
    case Direction::kDifferent:
      return "different";
  }
  return "";
}

std::string_view Name(Presence presence) {
  switch (presence) {
    case Presence::kBoth:
      return "both";
    case Presence::kNew:
      return "new";
    case Presence::kVanished:
      return "vanished";
  }
  return "";
}

std::string_view Name(CompareVerdict verdict) {
  switch (verdict) {
    case CompareVerdict::kSame:
      return "same";
    case CompareVerdict::kChanged:
      return "changed";
    case CompareVerdict::kShared:
      return "shared";
    case CompareVerdict::kNotEnoughData:
      return "not_enough_data";
  }
  return "";
}

}  // namespace pano::run
