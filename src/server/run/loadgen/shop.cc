// SPDX-License-Identifier: Apache-2.0
// The demo shop's own load generator: a JSON line per second with every latency in it, by the time
// of completion (shop/loadgenerator/report.cc).
#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/run/loadgen/scan.h"

namespace pano::run {
namespace {

using nlohmann::json;

uint64_t CountAt(const json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_number_unsigned() ? at->get<uint64_t>() : 0;
}

Status TakeSecond(const json& line, size_t number, SampleSum& sum, LoadgenReport& report) {
  const auto second = static_cast<double>(CountAt(line, "second"));
  const auto latencies = line.find("latencies_us");
  if (second == 0 || latencies == line.end() || !latencies->is_array()) {
    return Fail(Code::kInvalid, "line {}: shop: second and latencies_us are needed", number);
  }
  if (!sum.InWindow(second)) return {};
  for (const json& us : *latencies) {
    if (!us.is_number())
      return Fail(Code::kInvalid, "line {}: shop: a latency is no number", number);
    sum.Add(us.get<double>(), second, second + 1);
  }
  const auto errors = line.find("errors");
  if (errors != line.end() && errors->is_object()) {
    for (const auto& [status, count] : errors->items()) {
      const uint64_t most =
          count.is_number_unsigned() ? std::min<uint64_t>(count.get<uint64_t>(), 10'000'000) : 0;
      if (most > 0) sum.Error("status " + status, most);
    }
  }
  report.connect_errors += static_cast<double>(CountAt(line, "connect_errors"));
  report.users = std::max(report.users, static_cast<double>(CountAt(line, "users")));
  return {};
}

}  // namespace

Status ReadShop(std::string_view text, const ReadOptions& options, LoadgenReport& report) {
  Lines lines(text);
  std::string_view line;
  SampleSum sum(options);
  report.connect_errors = 0;
  report.users = 0;
  while (lines.Next(line)) {
    if (Trim(line).empty()) continue;
    const json document = json::parse(line, nullptr, false);
    if (!document.is_object())
      return Fail(Code::kInvalid, "line {}: shop: not a JSON object", lines.number());
    PANO_TRY(TakeSecond(document, lines.number(), sum, report));
  }
  if (sum.count() == 0) {
    return Fail(Code::kInvalid, "line {}: shop: no request in that time", lines.number());
  }
  sum.Fill(report);
  return {};
}

}  // namespace pano::run
