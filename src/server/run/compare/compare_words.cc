// SPDX-License-Identifier: Apache-2.0
#include "server/run/compare/compare_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/analysis/words.h"
#include "server/run/compare/compare_metric.h"

namespace pano::run {

std::string SubjectName(const Compared& c) {
  return c.edge ? c.client + " > " + c.server : c.server;
}

std::string SayValue(CompareMetric m, double value) {
  if (!analysis::Known(value)) return "unknown";
  if (FactsOf(m).share) return fmt::format("{:.2f} %", value * 100);
  switch (m) {
    case CompareMetric::kRequestRate:
      return analysis::SayNumber(value) + "/s";
    case CompareMetric::kTraffic:
      return analysis::SayBytes(value) + "/s";
    case CompareMetric::kCpuUsage:
      return fmt::format("{:.2f} cores", value);
    default:
      return analysis::SayDuration(value);
  }
}

std::string SayMetric(CompareMetric m) {
  std::string name(Name(m));
  std::ranges::replace(name, '_', ' ');
  return name;
}

std::string SayChange(CompareMetric m, const Delta& d) {
  if (FactsOf(m).share) {
    return fmt::format("{:+.2f} points, {:+.2f} to {:+.2f}", (d.b - d.a) * 100, d.low * 100,
                       d.high * 100);
  }
  return fmt::format("{:+.0f} %, {:+.0f} to {:+.0f} %", d.change * 100, d.low * 100, d.high * 100);
}

}  // namespace pano::run
