// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>

#include "server/run/run_json.h"

namespace pano::run {
namespace {

using nlohmann::json;

json HistogramJson(const ExpHistogram& histogram) {
  json out = json::array();
  for (const HistogramEntry& e : histogram.entries()) out.push_back({e.bucket, e.count});
  return out;
}

ExpHistogram HistogramAt(const json& object, const char* key) {
  ExpHistogram out;
  size_t left = kHistogramBuckets;
  for (const json& pair : ListAt(object, key)) {
    if (left-- == 0) break;
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number_unsigned() ||
        !pair[1].is_number_unsigned()) {
      continue;
    }
    const auto bucket = pair[0].get<uint64_t>();
    const auto count = pair[1].get<uint64_t>();
    if (bucket < kHistogramBuckets && count <= UINT32_MAX) {
      out.AddBucket(static_cast<decltype(HistogramEntry::bucket)>(bucket),
                    static_cast<uint32_t>(count));
    }
  }
  return out;
}

}  // namespace

json ReportJson(const LoadgenReport& r) {
  json quantiles = json::object();
  for (const auto& [q, us] : r.quantiles_us) quantiles[fmt::format("{:g}", q)] = NumberJson(us);
  return {{"tool", r.tool},
          {"file", r.file},
          {"begin", TimeJson(r.begin)},
          {"end", TimeJson(r.end)},
          {"duration_s", NumberJson(r.duration_s)},
          {"requests", NumberJson(r.requests)},
          {"errors", NumberJson(r.errors)},
          {"connect_errors", NumberJson(r.connect_errors)},
          {"timeouts", NumberJson(r.timeouts)},
          {"rate", NumberJson(r.rate)},
          {"bytes", NumberJson(r.bytes)},
          {"users", NumberJson(r.users)},
          {"dropped", NumberJson(r.dropped)},
          {"mean", NumberJson(r.mean_us)},
          {"max", NumberJson(r.max_us)},
          {"quantiles", std::move(quantiles)},
          {"open_loop", r.open_loop},
          {"error_kinds", CountsJson(r.error_kinds)},
          {"notes", r.notes},
          {"histogram", HistogramJson(r.latency)}};
}

Result<LoadgenReport> ReportFromJson(const json& j) {
  if (!j.is_object()) return Fail(Code::kInvalid, "a report is a JSON object");
  LoadgenReport r;
  r.tool = TextAt(j, "tool", 40);
  if (r.tool.empty()) return Fail(Code::kInvalid, "tool: the report names none");
  r.file = TextAt(j, "file", kMaxName);
  r.begin = TimeAt(j, "begin");
  r.end = TimeAt(j, "end");
  const std::pair<const char*, double*> numbers[] = {{"duration_s", &r.duration_s},
                                                     {"requests", &r.requests},
                                                     {"errors", &r.errors},
                                                     {"connect_errors", &r.connect_errors},
                                                     {"timeouts", &r.timeouts},
                                                     {"rate", &r.rate},
                                                     {"bytes", &r.bytes},
                                                     {"users", &r.users},
                                                     {"dropped", &r.dropped},
                                                     {"mean", &r.mean_us},
                                                     {"max", &r.max_us}};
  for (const auto& [key, value] : numbers) *value = NumberAt(j, key);
  for (const auto& [name, value] : ObjectAt(j, "quantiles").items()) {
    const double q = std::strtod(name.c_str(), nullptr);
    if (q >= 0 && q <= 1 && value.is_number() && r.quantiles_us.size() < 100) {
      r.quantiles_us.emplace_back(q, value.get<double>());
    }
  }
  std::ranges::sort(r.quantiles_us);
  r.open_loop = FlagAt(j, "open_loop");
  r.error_kinds = CountsAt(j, "error_kinds");
  r.notes = TextsAt(j, "notes", 50);
  r.latency = HistogramAt(j, "histogram");
  return r;
}

}  // namespace pano::run
