// SPDX-License-Identifier: Apache-2.0
#include "cli/limit_words.h"

#include <array>
#include <charconv>
#include <cmath>
#include <span>

namespace pano::cli {
namespace {

using analysis::LimitOverride;
using analysis::Metric;

struct Unit {
  std::string_view name;
  double factor;  // into the API's unit
};
constexpr std::array<Unit, 3> kTimes{{{"s", 1e6}, {"ms", 1e3}, {"us", 1}}};
constexpr std::array<Unit, 4> kByteRates{{{"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}}};
constexpr std::array<Unit, 1> kRates{{{"", 1}}};

std::span<const Unit> UnitsOf(Metric metric) {
  switch (metric) {
    case Metric::kLatency:
    case Metric::kConnectLatency:
      return kTimes;
    case Metric::kTraffic:
      return kByteRates;
    default:
      return kRates;
  }
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string MetricNames() {
  std::string names;
  for (const Metric m : analysis::kAllMetrics) {
    names += (names.empty() ? "" : ", ") + std::string(analysis::Name(m));
  }
  return names;
}

Result<std::optional<double>> ParseValue(Metric metric, std::string_view text) {
  if (text == "off" || text == "~" || text == "null") return std::optional<double>();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = Trim(text.substr(static_cast<size_t>(end - text.data())));
  if (error == std::errc() && std::isfinite(number) && number >= 0) {
    if (number == 0 && unit.empty()) return std::optional(0.0);
    for (const Unit& u : UnitsOf(metric)) {
      if (u.name == unit) return std::optional(number * u.factor);
    }
  }
  const std::string_view how = metric == Metric::kTraffic   ? "like 20MB (a second) or off"
                               : UnitsOf(metric).size() > 1 ? "like 200ms, 1.5s or off"
                                                            : "a number (a second) or off";
  return Fail(Code::kInvalid, "'{}' is no limit of {}: give it {}", text, analysis::Name(metric),
              how);
}

}  // namespace

Result<LimitOverride> ParseLimit(std::string_view where, std::string_view value) {
  where = Trim(where);
  const size_t dot = where.rfind('.');
  const bool is_default = dot == std::string_view::npos;
  const auto metric = analysis::MetricByName(is_default ? where : where.substr(dot + 1));
  if (!metric) {
    return std::unexpected(
        Error{Code::kInvalid, fmt::format("'{}' does not end in a metric", where),
              "METRIC, SERVICE.METRIC or CLIENT->SERVER.METRIC; metrics: " + MetricNames()});
  }
  LimitOverride out;
  out.metric = *metric;
  if (!is_default) {
    const std::string_view who = where.substr(0, dot);
    const size_t arrow = who.find("->");
    if (arrow == std::string_view::npos) {
      out.service = Trim(who);
    } else {
      out.client = Trim(who.substr(0, arrow));
      out.server = Trim(who.substr(arrow + 2));
    }
    if (out.service.empty() && (out.client.empty() || out.server.empty())) {
      return Fail(Code::kInvalid, "'{}' names no service", where);
    }
  }
  PANO_ASSIGN(out.limit, ParseValue(*metric, Trim(value)));
  return out;
}

std::string LimitWhere(const LimitOverride& limit) {
  const std::string_view metric = analysis::Name(limit.metric);
  if (!limit.service.empty()) return fmt::format("{}.{}", limit.service, metric);
  if (!limit.client.empty()) return fmt::format("{}->{}.{}", limit.client, limit.server, metric);
  return std::string(metric);
}

std::string LimitValue(const LimitOverride& limit) {
  if (!limit.limit) return "off";
  if (*limit.limit == 0) return "0";
  const auto units = UnitsOf(limit.metric);
  for (const Unit& u : units) {
    if (*limit.limit >= u.factor || &u == &units.back()) {
      return fmt::format("{}{}", *limit.limit / u.factor, u.name);
    }
  }
  return {};
}

}  // namespace pano::cli
