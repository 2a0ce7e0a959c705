// SPDX-License-Identifier: Apache-2.0
#include "server/api/routes.h"

#include <array>

#include "server/api/resources.h"

namespace pano::api {
namespace {

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
    {"GET", "/api/v1/schema", Kind::kQuick, GetSchema},
    {"POST", "/api/v1/query", Kind::kStored, PostQuery},
    {"GET", "/api/v1/status", Kind::kQuick, GetStatus},
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

}  // namespace

std::span<const Route> Routes() { return kRoutes; }

const Route* FindRoute(const Request& request, bool& known_path) {
  known_path = false;
  const std::string_view asked = request.method;
  const std::string_view method = asked == "HEAD" ? "GET" : asked;
  for (const Route& route : kRoutes) {
    if (route.path != request.path) continue;
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
