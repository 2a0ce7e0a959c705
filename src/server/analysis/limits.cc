// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/limits.h"

namespace pano::analysis {
namespace {

constexpr std::array<std::string_view, kMetrics> kNames{
    "traffic", "request_rate", "errors", "latency", "connect_latency", "connect_failures"};

void Apply(const std::array<std::optional<std::optional<double>>, kMetrics>& changes,
           LimitSet& set) {
  for (size_t i = 0; i < kMetrics; ++i) {
    if (changes[i]) set.at[i] = *changes[i];
  }
}

}  // namespace

std::string_view Name(Metric metric) { return kNames[static_cast<size_t>(metric)]; }

std::optional<Metric> MetricByName(std::string_view name) {
  for (size_t i = 0; i < kMetrics; ++i) {
    if (kNames[i] == name) return static_cast<Metric>(i);
  }
  return std::nullopt;
}

LimitSet DefaultLimits() {
  LimitSet set;
  set[Metric::kErrors] = 0;
  set[Metric::kLatency] = 1'000'000;
  set[Metric::kConnectLatency] = 10'000;
  set[Metric::kConnectFailures] = 0;
  return set;
}

Limits::Limits(LimitSet defaults, std::vector<LimitOverride> overrides)
    : defaults_(defaults), overrides_(std::move(overrides)) {
  for (const LimitOverride& o : overrides_) {
    PerMetric& where = o.service.empty() ? by_edge_[{o.client, o.server}] : by_service_[o.service];
    where[static_cast<size_t>(o.metric)] = o.limit;
  }
}

LimitSet Limits::ForNode(std::string_view service) const {
  LimitSet set = defaults_;
  if (const auto it = by_service_.find(service); it != by_service_.end()) Apply(it->second, set);
  return set;
}

LimitSet Limits::ForEdge(std::string_view client, std::string_view server) const {
  LimitSet set = ForNode(server);
  if (by_edge_.empty()) return set;
  const auto it = by_edge_.find({std::string(client), std::string(server)});
  if (it != by_edge_.end()) Apply(it->second, set);
  return set;
}

}  // namespace pano::analysis
