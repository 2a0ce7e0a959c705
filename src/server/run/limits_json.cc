// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "server/run/run_json.h"

namespace pano::run {
namespace {

using analysis::LimitOverride;
using analysis::LimitSet;
using nlohmann::json;

constexpr size_t kMaxOverrides = 1000;

json LimitJson(const std::optional<double>& limit) { return limit ? json(*limit) : json(nullptr); }

Result<std::optional<double>> LimitOf(const json& value, std::string_view what) {
  if (value.is_null()) return std::optional<double>();
  if (!value.is_number() || !std::isfinite(value.get<double>()) || value.get<double>() < 0) {
    return Fail(Code::kInvalid, "{}: a limit is a number of 0 or more, or null", what);
  }
  return std::optional(value.get<double>());
}

Result<analysis::Metric> MetricOf(const std::string& name) {
  const auto metric = analysis::MetricByName(name);
  if (!metric) return Fail(Code::kInvalid, "there is no metric \"{}\"", name.substr(0, 60));
  return *metric;
}

Result<LimitOverride> OverrideOf(const json& entry) {
  if (!entry.is_object() || !entry.contains("limit")) {
    return Fail(Code::kInvalid, "overrides: each has service, or client and server; metric; limit");
  }
  LimitOverride out;
  out.service = TextAt(entry, "service", kMaxName);
  out.client = TextAt(entry, "client", kMaxName);
  out.server = TextAt(entry, "server", kMaxName);
  const std::string metric = TextAt(entry, "metric");
  PANO_ASSIGN(out.metric, MetricOf(metric));
  PANO_ASSIGN(out.limit, LimitOf(entry["limit"], metric));
  const bool edge = !out.client.empty() && !out.server.empty();
  if (out.service.empty() == !edge || (!edge && !(out.client.empty() && out.server.empty()))) {
    return Fail(Code::kInvalid, "overrides: either service, or client and server");
  }
  return out;
}

}  // namespace

json LimitsJson(const analysis::Limits& limits) {
  json defaults = json::object();
  for (const analysis::Metric m : analysis::kAllMetrics) {
    defaults[std::string(analysis::Name(m))] = LimitJson(limits.defaults()[m]);
  }
  json overrides = json::array();
  for (const LimitOverride& o : limits.overrides()) {
    json one = {{"metric", analysis::Name(o.metric)}, {"limit", LimitJson(o.limit)}};
    if (!o.service.empty()) {
      one["service"] = o.service;
    } else {
      one["client"] = o.client;
      one["server"] = o.server;
    }
    overrides.push_back(std::move(one));
  }
  return {{"defaults", std::move(defaults)}, {"overrides", std::move(overrides)}};
}

Result<analysis::Limits> LimitsFromJson(const json& document) {
  if (!document.is_object()) {
    return Fail(Code::kInvalid, "objectives: an object of defaults and overrides");
  }
  for (const auto& [key, value] : document.items()) {
    if (key != "defaults" && key != "overrides") {
      return Fail(Code::kInvalid, "objectives: \"{}\" is neither defaults nor overrides",
                  key.substr(0, 60));
    }
  }
  LimitSet defaults;
  for (const auto& [name, value] : ObjectAt(document, "defaults").items()) {
    PANO_ASSIGN(const analysis::Metric metric, MetricOf(name));
    PANO_ASSIGN(defaults[metric], LimitOf(value, name));
  }
  std::vector<LimitOverride> overrides;
  for (const json& entry : ListAt(document, "overrides")) {
    if (overrides.size() >= kMaxOverrides) {
      return Fail(Code::kInvalid, "overrides: at most {}", kMaxOverrides);
    }
    PANO_ASSIGN(LimitOverride one, OverrideOf(entry));
    overrides.push_back(std::move(one));
  }
  return analysis::Limits(defaults, std::move(overrides));
}

}  // namespace pano::run
