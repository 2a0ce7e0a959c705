// SPDX-License-Identifier: Apache-2.0
#include "server/api/routes.h"

#include <array>

#include "server/api/resources.h"

namespace pano::api {
namespace {

using alert::Kept;

constexpr std::array kRoutes = std::to_array<Route>({
    {"GET", "/api/v1/map", Kind::kLive, GetMap},
    {"GET", "/api/v1/map/stream", Kind::kStream, nullptr},
    {"GET", "/api/v1/series", Kind::kStored, GetSeries},
    {"GET", "/api/v1/timeline", Kind::kStored, GetTimeline},
    {"GET", "/api/v1/diagnosis", Kind::kLive, GetDiagnosis},
    {"GET", "/api/v1/limits", Kind::kQuick, GetLimits},
    {"PUT", "/api/v1/limits", Kind::kStored, PutLimits},
    {"GET", "/api/v1/events", Kind::kStored, GetEvents},
    {"POST", "/api/v1/events", Kind::kQuick, PostEvent},
    {"GET", "/api/v1/alerts", Kind::kQuick, GetAlerts},
    {"GET", "/api/v1/alerts/history", Kind::kStored, GetAlertHistory},
    {"GET", "/api/v1/alerts/rules", Kind::kQuick, ListAlertEntries<Kept::kRules>},
    {"POST", "/api/v1/alerts/rules", Kind::kStored, PostAlertEntry<Kept::kRules>},
    {"GET", "/api/v1/alerts/rules/{id}", Kind::kQuick, GetAlertEntry<Kept::kRules>},
    {"PUT", "/api/v1/alerts/rules/{id}", Kind::kStored, PutAlertEntry<Kept::kRules>},
    {"DELETE", "/api/v1/alerts/rules/{id}", Kind::kStored, DeleteAlertEntry<Kept::kRules>},
    {"GET", "/api/v1/alerts/routes", Kind::kQuick, ListAlertEntries<Kept::kRoutes>},
    {"POST", "/api/v1/alerts/routes", Kind::kStored, PostAlertEntry<Kept::kRoutes>},
    {"GET", "/api/v1/alerts/routes/{id}", Kind::kQuick, GetAlertEntry<Kept::kRoutes>},
    {"PUT", "/api/v1/alerts/routes/{id}", Kind::kStored, PutAlertEntry<Kept::kRoutes>},
    {"DELETE", "/api/v1/alerts/routes/{id}", Kind::kStored, DeleteAlertEntry<Kept::kRoutes>},
    {"POST", "/api/v1/alerts/routes/{id}/test", Kind::kStored, TestAlertRoute},
    {"GET", "/api/v1/alerts/silences", Kind::kQuick, ListAlertEntries<Kept::kSilences>},
    {"POST", "/api/v1/alerts/silences", Kind::kStored, PostAlertEntry<Kept::kSilences>},
    {"GET", "/api/v1/alerts/silences/{id}", Kind::kQuick, GetAlertEntry<Kept::kSilences>},
    {"PUT", "/api/v1/alerts/silences/{id}", Kind::kStored, PutAlertEntry<Kept::kSilences>},
    {"DELETE", "/api/v1/alerts/silences/{id}", Kind::kStored, DeleteAlertEntry<Kept::kSilences>},
    {"GET", "/api/v1/schema", Kind::kQuick, GetSchema},
    {"POST", "/api/v1/query", Kind::kStored, PostQuery},
    {"GET", "/api/v1/status", Kind::kQuick, GetStatus},
    {"GET", "/api/v1/runs", Kind::kStored, GetRuns},
    {"POST", "/api/v1/runs", Kind::kStored, PostRun},
    {"GET", "/api/v1/runs/{id}", Kind::kStored, GetRun},
    {"PATCH", "/api/v1/runs/{id}", Kind::kStored, PatchRun},
    {"DELETE", "/api/v1/runs/{id}", Kind::kStored, DeleteRun},
    {"POST", "/api/v1/runs/{id}/stop", Kind::kStored, StopRun},
    {"POST", "/api/v1/runs/{id}/marks", Kind::kStored, PostMark},
    {"GET", "/api/v1/runs/{id}/map", Kind::kStored, GetRunMap},
    {"GET", "/api/v1/runs/{id}/diagnosis", Kind::kStored, GetRunDiagnosis},
    {"GET", "/api/v1/runs/{id}/series", Kind::kStored, GetRunSeries},
    {"GET", "/api/v1/runs/{id}/timeline", Kind::kStored, GetRunTimeline},
    {"POST", "/api/v1/runs/{id}/loadgen", Kind::kStored, PostLoadgen},
    {"GET", "/api/v1/runs/{id}/report.html", Kind::kStored, GetReportHtml},
    {"GET", "/api/v1/runs/{id}/report.md", Kind::kStored, GetReportMarkdown},
    {"GET", "/api/v1/runs/{id}/report.json", Kind::kStored, GetReportJson},
    {"GET", "/api/v1/runs/{id}/capacity", Kind::kStored, GetCapacity},
    {"GET", "/api/v1/compare", Kind::kStored, GetCompare},
    {"POST", "/api/v1/compare", Kind::kStored, PostCompare},
    {"GET", "/healthz", Kind::kQuick, GetHealth},
    {"GET", "/metrics", Kind::kQuick, GetMetrics},
});

consteval bool Distinct() {
  for (size_t i = 0; i < kRoutes.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (kRoutes[i].path == kRoutes[j].path && kRoutes[i].method == kRoutes[j].method)
        return false;
    }
  }
  return true;
}
static_assert(Distinct(), "one row per method and path");

// "{id}" stands for one segment that is an id.
bool Matches(std::string_view pattern, std::string_view path) {
  constexpr std::string_view kHole = "{id}";
  const size_t hole = pattern.find(kHole);
  if (hole == std::string_view::npos) return pattern == path;
  const std::string_view tail = pattern.substr(hole + kHole.size());
  if (path.size() <= hole + tail.size() || !path.starts_with(pattern.substr(0, hole)) ||
      !path.ends_with(tail)) {
    return false;
  }
  return alert::ValidId(path.substr(hole, path.size() - hole - tail.size()));
}

}  // namespace

std::span<const Route> Routes() { return kRoutes; }

const Route* FindRoute(const Request& request, bool& known_path) {
  known_path = false;
  const std::string_view asked = request.method;
  const std::string_view method = asked == "HEAD" ? "GET" : asked;
  for (const Route& route : kRoutes) {
    if (!Matches(route.path, request.path)) continue;
    known_path = true;
    if (route.method == method) return &route;
  }
  return nullptr;
}

Response AnswerElse(Context& context, const Request& request, bool known_path) {
  if (known_path) {
    Response response =
        ErrorResponse({Code::kInvalid, request.method + " is not served here", "see docs/api.md"});
    response.status = 405;
    return response;
  }
  if (request.path.starts_with("/api/")) {
    return ErrorResponse({Code::kNotFound, "there is no such resource", "see docs/api.md"});
  }
  return context.files->Answer(request);
}

}  // namespace pano::api
