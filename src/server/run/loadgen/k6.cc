// SPDX-License-Identifier: Apache-2.0
// k6: the summary (--summary-export, or handleSummary's data), or one JSON line per sample
// (--out json). Times are milliseconds.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "server/run/loadgen/scan.h"

namespace pano::run {
namespace {

using nlohmann::json;

// A metric's values: beside "type" in the one format, in "values" in the other.
const json* ValuesOf(const json& metrics, const char* name) {
  const auto at = metrics.find(name);
  if (at == metrics.end() || !at->is_object()) return nullptr;
  const auto values = at->find("values");
  return values != at->end() && values->is_object() ? &*values : &*at;
}

double NumberIn(const json* values, const char* key) {
  if (values == nullptr) return analysis::kUnknown;
  const auto at = values->find(key);
  return at != values->end() && at->is_number() ? at->get<double>() : analysis::kUnknown;
}

Status ReadSummary(const json& document, LoadgenReport& report) {
  const auto metrics = document.find("metrics");
  if (metrics == document.end() || !metrics->is_object()) {
    return Fail(Code::kInvalid, "line 1: k6: the summary has no \"metrics\"");
  }
  const json* duration = ValuesOf(*metrics, "http_req_duration");
  const json* requests = ValuesOf(*metrics, "http_reqs");
  if (duration == nullptr || requests == nullptr) {
    return Fail(Code::kInvalid, "line 1: k6: the summary tells of no HTTP requests");
  }
  report.requests = NumberIn(requests, "count");
  report.rate = NumberIn(requests, "rate");
  report.mean_us = NumberIn(duration, "avg") * 1e3;
  report.max_us = NumberIn(duration, "max") * 1e3;
  for (const auto& [name, value] : duration->items()) {
    if (!value.is_number() || report.quantiles_us.size() >= 20) continue;
    double q = name == "med" ? 0.5 : -1;
    if (name.starts_with("p(")) {
      std::string_view number = std::string_view(name).substr(2);
      if (const auto percent = TakeNumber(number)) q = *percent / 100;
    }
    if (q >= 0 && q <= 1) report.quantiles_us.emplace_back(q, value.get<double>() * 1e3);
  }
  std::ranges::sort(report.quantiles_us);
  // "passes" of this rate counts the samples that were not zero: requests that failed.
  const json* failed = ValuesOf(*metrics, "http_req_failed");
  report.errors = NumberIn(failed, "passes");
  if (!analysis::Known(report.errors)) {
    const double share = NumberIn(failed, "rate");
    const double value = analysis::Known(share) ? share : NumberIn(failed, "value");
    report.errors = analysis::Known(value) ? std::round(value * report.requests) : value;
  }
  const json* users = ValuesOf(*metrics, "vus_max");
  report.users = NumberIn(users, "max");
  if (!analysis::Known(report.users)) report.users = NumberIn(users, "value");
  const double dropped = NumberIn(ValuesOf(*metrics, "dropped_iterations"), "count");
  report.dropped = dropped;
  // Only arrival-rate executors drop iterations, and only they send by the clock.
  report.open_loop = dropped > 0;
  report.bytes = NumberIn(ValuesOf(*metrics, "data_received"), "count");
  const auto state = document.find("state");
  if (state != document.end() && state->is_object()) {
    report.duration_s = NumberIn(&*state, "testRunDurationMs") / 1e3;
  }
  if (!analysis::Known(report.duration_s) && report.rate > 0) {
    report.duration_s = report.requests / report.rate;
  }
  return {};
}

Status TakePoint(const json& point, const Lines& lines, SampleSum& sum, LoadgenReport& report) {
  const auto data = point.find("data");
  const auto metric = point.find("metric");
  if (metric == point.end() || !metric->is_string() || data == point.end() || !data->is_object() ||
      !data->contains("value") || !(*data)["value"].is_number()) {
    return Fail(Code::kInvalid, "line {}: k6: not a sample", lines.number());
  }
  const std::string& name = metric->get_ref<const std::string&>();
  const double value = (*data)["value"].get<double>();
  const auto at = data->find("time");
  const double time = at != data->end() && at->is_string()
                          ? Rfc3339(at->get_ref<const std::string&>()).value_or(0)
                          : 0;
  if (!sum.InWindow(time)) return {};
  if (name == "http_req_duration") {
    if (!(value >= 0))
      return Fail(Code::kInvalid, "line {}: k6: a negative duration", lines.number());
    sum.Add(value * 1e3, time > 0 ? time - value / 1e3 : 0, time);
  } else if (name == "http_req_failed" && value != 0) {
    std::string kind = "failed";
    const auto tags = data->find("tags");
    if (tags != data->end() && tags->is_object() && tags->contains("status") &&
        (*tags)["status"].is_string()) {
      kind = "status " + (*tags)["status"].get<std::string>();
    }
    sum.Error(kind);
  } else if (name == "vus") {
    report.users = std::max(analysis::Known(report.users) ? report.users : 0, value);
  } else if (name == "dropped_iterations") {
    report.dropped = (analysis::Known(report.dropped) ? report.dropped : 0) + value;
    report.open_loop = true;
  } else if (name == "data_received") {
    report.bytes = (analysis::Known(report.bytes) ? report.bytes : 0) + value;
  }
  return {};
}

Status ReadLines(std::string_view text, const ReadOptions& options, LoadgenReport& report) {
  Lines lines(text);
  std::string_view line;
  SampleSum sum(options);
  while (lines.Next(line)) {
    if (Trim(line).empty()) continue;
    const json document = json::parse(line, nullptr, false);
    if (!document.is_object()) {
      return Fail(Code::kInvalid, "line {}: k6: not a JSON object", lines.number());
    }
    const auto type = document.find("type");
    if (type == document.end() || *type != "Point") continue;
    PANO_TRY(TakePoint(document, lines, sum, report));
  }
  if (sum.count() == 0) {
    return Fail(Code::kInvalid, "line {}: k6: no sample of http_req_duration", lines.number());
  }
  sum.Fill(report);
  return {};
}

}  // namespace

Status ReadK6(std::string_view text, const ReadOptions& options, LoadgenReport& report) {
  const std::string_view first = text.substr(0, text.find('\n'));
  if (first.find("\"type\"") != std::string_view::npos &&
      first.find("\"metric\"") != std::string_view::npos) {
    return ReadLines(text, options, report);
  }
  const json document = json::parse(text, nullptr, false);
  if (!document.is_object()) return Fail(Code::kInvalid, "line 1: k6: not a JSON object");
  return ReadSummary(document, report);
}

}  // namespace pano::run
