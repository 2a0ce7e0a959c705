// SPDX-License-Identifier: Apache-2.0
// /api/v1/runs/ID/report.html, .md, .json and /capacity: a run as something to send on.
#include "server/api/resources.h"
#include "server/report/report.h"

namespace pano::api {
namespace {

// users=N or rate=R: the load to plan for; otherwise the run's own.
Result<report::Report> ReportOf(Context& context, const Request& request) {
  PANO_ASSIGN(const run::SnapshotPtr snapshot, context.runs->Load(RunIdOf(request)));
  PANO_ASSIGN(const double users, request.Number("users", 0));
  PANO_ASSIGN(const double rate, request.Number("rate", 0));
  if (users < 0 || rate < 0 || users > 1e9 || rate > 1e9 || (users > 0 && rate > 0)) {
    return Fail(Code::kInvalid, "users or rate: one number, above 0");
  }
  capacity::Target target;
  if (users > 0) target.users = users;
  if (rate > 0) target.rate = rate;
  return report::BuildReport(snapshot, target);
}

Response Plain(std::string body, const char* type) {
  Response response;
  response.content_type = type;
  response.body = std::move(body);
  return response;
}

std::string Dump(const nlohmann::json& document) {
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Response GetReportHtml(Context& context, const Request& request) {
  const auto report = ReportOf(context, request);
  if (!report) return ErrorResponse(report.error());
  Response response = Plain(report::Html(*report), "text/html; charset=utf-8");
  // It holds nothing that runs, and nothing it holds may.
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; style-src 'unsafe-inline'; sandbox");
  return response;
}

Response GetReportMarkdown(Context& context, const Request& request) {
  const auto report = ReportOf(context, request);
  if (!report) return ErrorResponse(report.error());
  return Plain(report::Markdown(*report), "text/markdown; charset=utf-8");
}

Response GetReportJson(Context& context, const Request& request) {
  const auto report = ReportOf(context, request);
  if (!report) return ErrorResponse(report.error());
  return JsonResponse(Dump(report::Json(*report)));
}

Response GetCapacity(Context& context, const Request& request) {
  const auto report = ReportOf(context, request);
  if (!report) return ErrorResponse(report.error());
  return JsonResponse(Dump(report::Json(*report)["capacity"]));
}

}  // namespace pano::api
