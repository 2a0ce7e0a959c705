// SPDX-License-Identifier: Apache-2.0
// vegeta: `vegeta report -type=json`. Times are nanoseconds. It sends by the clock.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/run/loadgen/scan.h"

namespace pano::run {
namespace {
using nlohmann::json;

double NumberAt(const json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_number() ? at->get<double>() : analysis::kUnknown;
}
}  // namespace

Status ReadVegeta(std::string_view text, const ReadOptions&, LoadgenReport& report) {
  const json document = json::parse(text, nullptr, false);
  if (!document.is_object() || !document.contains("latencies") ||
      !document["latencies"].is_object()) {
    return Fail(Code::kInvalid, "line 1: vegeta: not a report in JSON (vegeta report -type=json)");
  }
  const json& latencies = document["latencies"];
  report.open_loop = true;
  report.requests = NumberAt(document, "requests");
  if (!analysis::Known(report.requests)) {
    return Fail(Code::kInvalid, "line 1: vegeta: \"requests\" is missing");
  }
  report.rate = NumberAt(document, "rate");
  report.duration_s = NumberAt(document, "duration") / 1e9;
  report.mean_us = NumberAt(latencies, "mean") / 1e3;
  report.max_us = NumberAt(latencies, "max") / 1e3;
  const std::pair<const char*, double> quantiles[] = {
      {"50th", 0.5}, {"90th", 0.9}, {"95th", 0.95}, {"99th", 0.99}};
  for (const auto& [key, q] : quantiles) {
    const double ns = NumberAt(latencies, key);
    if (analysis::Known(ns)) report.quantiles_us.emplace_back(q, ns / 1e3);
  }
  const double success = NumberAt(document, "success");
  if (analysis::Known(success)) report.errors = report.requests * (1 - success);
  const auto codes = document.find("status_codes");
  if (codes != document.end() && codes->is_object()) {
    for (const auto& [code, count] : codes->items()) {
      if (code.starts_with('2') || code.starts_with('3') || !count.is_number_unsigned()) continue;
      if (report.error_kinds.size() >= 50) break;
      report.error_kinds.emplace_back(code == "0" ? "no answer" : "status " + code.substr(0, 20),
                                      count.get<uint64_t>());
    }
  }
  const auto time = [&document](const char* key) {
    const auto at = document.find(key);
    return at != document.end() && at->is_string() ? Rfc3339(at->get_ref<const std::string&>())
                                                   : std::nullopt;
  };
  const auto begin = time("earliest");
  const auto end = time("end");
  if (begin && end && *end > *begin) {
    report.begin = Whole(*begin);
    report.end = Whole(*end) + 1;
  }
  return {};
}

}  // namespace pano::run
