// SPDX-License-Identifier: Apache-2.0
#include "server/report/words.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "server/analysis/words.h"

namespace pano::report {
namespace {
constexpr std::string_view kNothing = "–";
bool Known(double value) { return std::isfinite(value); }
}  // namespace

std::string SayTime(uint64_t second) {
  return fmt::format("{:%F %T} UTC", fmt::gmtime(static_cast<time_t>(second)));
}

std::string SayClock(uint64_t second) {
  return fmt::format("{:%T}", fmt::gmtime(static_cast<time_t>(second)));
}

std::string SayLength(uint64_t seconds) {
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 7200) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

std::string SayRate(double per_second) {
  return Known(per_second) ? analysis::SayNumber(per_second) + "/s" : std::string(kNothing);
}

std::string SayLatency(double us) {
  return Known(us) ? analysis::SayDuration(us) : std::string(kNothing);
}

std::string SayCount(double count) {
  if (!Known(count)) return std::string(kNothing);
  std::string digits = fmt::format("{:.0f}", count);
  for (auto at = static_cast<ptrdiff_t>(digits.size()) - 3; at > (count < 0 ? 1 : 0); at -= 3) {
    digits.insert(static_cast<size_t>(at), ",");
  }
  return digits;
}

std::string SayShare(double part, double all) {
  if (!(all > 0) || !Known(part)) return std::string(kNothing);
  const double percent = 100 * part / all;
  if (percent == 0 || percent == 100) return fmt::format("{:.0f} %", percent);
  return percent < 0.1 ? "< 0.1 %" : fmt::format("{:.1f} %", percent);
}

std::string SayReplicas(const live::MapView& map) {
  std::vector<std::string> parts;
  for (const Replicas& r : ReplicasOf(map))
    parts.push_back(fmt::format("{} x{}", r.service, r.count));
  return parts.empty() ? "one of each" : fmt::format("{}", fmt::join(parts, ", "));
}

std::string SayMetric(analysis::Metric metric) {
  switch (metric) {
    case analysis::Metric::kTraffic:
      return "traffic";
    case analysis::Metric::kRequestRate:
      return "requests";
    case analysis::Metric::kErrors:
      return "errors";
    case analysis::Metric::kLatency:
      return "latency p95";
    case analysis::Metric::kConnectLatency:
      return "TCP connect p95";
    case analysis::Metric::kConnectFailures:
      return "failed connects";
  }
  return std::string(analysis::Name(metric));
}

std::string SayValue(analysis::Metric metric, double value) {
  if (!Known(value)) return std::string(kNothing);
  switch (metric) {
    case analysis::Metric::kLatency:
    case analysis::Metric::kConnectLatency:
      return SayLatency(value);
    case analysis::Metric::kTraffic:
      return analysis::SayBytes(value) + "/s";
    default:
      return SayRate(value);
  }
}

std::string SayEvent(schema::EventKind kind) {
  std::string out(schema::Name(kind));
  std::ranges::replace(out, '_', ' ');
  return out;
}

std::string SayStep(const run::Step& step, size_t index) {
  std::string out = fmt::format("{}", index + 1);
  if (!step.label.empty()) out += ": " + step.label;
  if (step.ramp) out += " (ramp)";
  return out;
}

std::string SayInstances(const capacity::ServicePlan& plan) {
  if (plan.needed == 0) return "not enough data";
  if (plan.needed_low == plan.needed_high) return fmt::format("{}", plan.needed);
  return fmt::format("{} ({} to {})", plan.needed, plan.needed_low, plan.needed_high);
}

std::string BottleneckOf(const live::MapView& map) {
  if (!map.verdict) return "unknown";
  switch (map.verdict->verdict) {
    case analysis::Verdict::kBottleneck:
      return map.verdict->bottleneck_service;
    case analysis::Verdict::kNone:
      return "none";
    default:
      return "unknown";
  }
}

std::string SayFinding(const Report& report) {
  std::vector<std::string> chain;
  for (const StepReport& s : report.steps) {
    const std::string name = BottleneckOf(s.map);
    if (chain.empty() || chain.back() != name) chain.push_back(name);
  }
  std::string out;
  if (chain.empty() || (chain.size() == 1 && chain[0] == "none")) {
    out = "Nothing held the load back.";
  } else if (chain.size() == 1 && chain[0] == "unknown") {
    out = "Limits were passed, and no single cause stood out.";
  } else {
    for (size_t i = 0; i < chain.size(); ++i) {
      if (chain[i] == "none") {
        out += i == 0 ? "First nothing was over its limits" : ", then all was clear";
      } else if (chain[i] == "unknown") {
        out += i == 0 ? "First no single cause stood out" : ", then no single cause stood out";
      } else {
        out += (i == 0 ? "" : ", then ") + chain[i] + " was the bottleneck";
      }
    }
    out += ".";
  }
  return out + " " + report.plan.sentence;
}

}  // namespace pano::report
