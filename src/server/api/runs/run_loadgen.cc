// SPDX-License-Identifier: Apache-2.0
// POST /api/v1/runs/ID/loadgen: what a load generator wrote, read and laid beside the run.
#include <nlohmann/json.hpp>

#include "server/api/resources.h"
#include "server/api/runs/run_detail_json.h"
#include "server/run/loadgen/report_reader.h"
#include "server/run/run_json.h"

namespace pano::api {
namespace {

using nlohmann::json;

// What the command line read already: a report in our own shape.
bool IsOwnShape(const Request& request) {
  return request.Query("tool") == std::optional<std::string>("report");
}

Result<run::LoadgenReport> ReportOf(const Request& request, const run::RunSummary& summary) {
  if (IsOwnShape(request)) {
    return run::ReportFromJson(json::parse(request.body, nullptr, false));
  }
  run::ReadOptions options;
  options.tool = request.Query("tool").value_or("auto");
  options.file = request.Query("file").value_or("");
  auto report = run::ReadReport(request.body, options);
  // A file that many runs were appended to: only what lies in this one.
  if (report && report->tool == "shop") {
    options.from = summary.begin;
    options.to = summary.end;
    if (options.to != 0) return run::ReadReport(request.body, options);
  }
  return report;
}

}  // namespace

Response PostLoadgen(Context& context, const Request& request) {
  const auto summary = context.runs->Find(RunIdOf(request));
  if (!summary) return ErrorResponse(summary.error());
  auto report = ReportOf(request, *summary);
  if (!report) return ErrorResponse(report.error());
  const auto begin = request.Number("begin", 0);
  if (!begin) return ErrorResponse(begin.error());
  if (*begin < 0 || *begin > 1e11)
    return ErrorResponse({Code::kInvalid, "begin: unix seconds", ""});
  if (*begin > 0 && report->begin == 0) {
    report->begin = static_cast<uint64_t>(*begin);
    if (report->duration_s > 0 && report->duration_s < 1e9) {
      report->end = report->begin + static_cast<uint64_t>(report->duration_s) + 1;
    }
  }
  const auto attached = context.runs->Attach(summary->id, *report);
  if (!attached) return ErrorResponse(attached.error());
  const auto snapshot = context.runs->Load(summary->id);
  if (!snapshot) return ErrorResponse(snapshot.error());
  return JsonResponse(
      AttachedJson(*report, **snapshot).dump(-1, ' ', false, json::error_handler_t::replace), 201);
}

}  // namespace pano::api
