// SPDX-License-Identifier: Apache-2.0
#include "server/run/loadgen/report_reader.h"

#include <array>

#include "server/run/loadgen/scan.h"
#include "server/run/run_json.h"

namespace pano::run {
namespace {

struct Tool {
  std::string_view name;
  bool (*sniff)(std::string_view head);
  Status (*read)(std::string_view text, const ReadOptions& options, LoadgenReport& report);
};

bool Has(std::string_view head, std::string_view what) {
  return head.find(what) != std::string_view::npos;
}

bool IsJson(std::string_view head) { return Trim(head).starts_with('{'); }

// The first that knows its own.
constexpr std::array kTools = std::to_array<Tool>({
    {"shop", [](std::string_view h) { return IsJson(h) && Has(h, "\"latencies_us\""); }, ReadShop},
    {"k6",
     [](std::string_view h) {
       return IsJson(h) && (Has(h, "\"metrics\"") || Has(h, "\"metric\"") || Has(h, "http_req"));
     },
     ReadK6},
    {"vegeta", [](std::string_view h) { return IsJson(h) && Has(h, "\"latencies\""); }, ReadVegeta},
    {"wrk",
     [](std::string_view h) {
       return Has(h, "threads and") || (Has(h, "Running ") && Has(h, "test @"));
     },
     ReadWrk},
    {"ab", [](std::string_view h) { return Has(h, "ApacheBench") || Has(h, "Concurrency Level:"); },
     ReadAb},
    {"hey",
     [](std::string_view h) {
       return Has(h, "response-time,DNS+dialup") || (Has(h, "Summary:") && Has(h, "Slowest:"));
     },
     ReadHey},
    {"locust",
     [](std::string_view h) {
       return Has(h, "Request Count,Failure Count") || Has(h, "Timestamp,User Count");
     },
     ReadLocust},
    {"jmeter",
     [](std::string_view h) {
       return Has(h, "<testResults") || (Has(h, "timeStamp") && Has(h, "elapsed"));
     },
     ReadJmeter},
});

}  // namespace

std::vector<std::string_view> LoadgenTools() {
  std::vector<std::string_view> out;
  out.reserve(std::size(kTools));
  for (const Tool& tool : kTools) out.push_back(tool.name);
  return out;
}

Result<LoadgenReport> ReadReport(std::string_view text, const ReadOptions& options) {
  constexpr size_t kHead = 8192;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // byte order mark
  for (const Tool& tool : kTools) {
    const bool asked = options.tool == tool.name;
    if (!asked && (options.tool != "auto" || !tool.sniff(text.substr(0, kHead)))) continue;
    LoadgenReport report;
    report.tool = tool.name;
    report.file = CleanText(options.file, kMaxName);
    PANO_TRY(tool.read(text, options, report));
    for (auto& [kind, count] : report.error_kinds) kind = CleanText(kind, 100);
    return report;
  }
  std::string names;
  for (const Tool& tool : kTools) names += (names.empty() ? "" : ", ") + std::string(tool.name);
  if (options.tool != "auto") {
    return Fail(Code::kInvalid, "tool: \"{}\" is none of {}", options.tool.substr(0, 40), names);
  }
  return std::unexpected(Error{Code::kInvalid, "line 1: no report of a load generator known here",
                               "name the tool: " + names});
}

}  // namespace pano::run
