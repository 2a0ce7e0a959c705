// SPDX-License-Identifier: Apache-2.0
// What is compared, and what more of it means.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "server/run/compare/compare.h"

namespace pano::run {

struct MetricFacts {
  CompareMetric metric;
  std::string_view name;
  bool services_only;
  bool share;        // absolute differences
  Direction growth;  // what more of it means
};
extern const std::array<MetricFacts, kCompareMetrics> kMetricFacts;
inline const MetricFacts& FactsOf(CompareMetric m) { return kMetricFacts[static_cast<size_t>(m)]; }

// What asks the same question.
enum class Family : uint8_t {
  kLatency,
  kErrors,
  kRate,
  kConnect,
  kFailures,
  kCpu,
  kThrottled,
  kOwn
};
Family FamilyOf(CompareMetric m);

}  // namespace pano::run
