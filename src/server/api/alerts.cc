// SPDX-License-Identifier: Apache-2.0
// /api/v1/alerts: what fires, its history; rules, routes and silences.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/alert/alert_keeper.h"
#include "server/api/resources.h"

namespace pano::api {
namespace {

using alert::Kept;
using nlohmann::json;

constexpr double kMaxTime = 1e11;
constexpr double kMaxListed = 1000;

Response AsResponse(const json& document, unsigned status = 200) {
  return JsonResponse(document.dump(-1, ' ', false, json::error_handler_t::replace), status);
}

Response AsResponse(const Result<json>& document, unsigned status = 200) {
  return document ? AsResponse(*document, status) : ErrorResponse(document.error());
}

// The ID of /api/v1/alerts/rules/ID/...
std::string IdOf(const Request& request) {
  constexpr std::string_view kPrefix = "/api/v1/alerts/";
  std::string_view rest = request.path;
  rest.remove_prefix(std::min(rest.size(), kPrefix.size()));
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return {};
  rest.remove_prefix(slash + 1);
  return std::string(rest.substr(0, rest.find('/')));
}

Result<uint64_t> WholeOf(const Request& request, const char* name, double fallback, double most) {
  PANO_ASSIGN(const double value, request.Number(name, fallback));
  if (value < 0 || value > most) return Fail(Code::kInvalid, "{}: 0 to {:.0f}", name, most);
  return static_cast<uint64_t>(value);
}

Result<alert::HistoryQuery> HistoryQueryOf(const Request& request) {
  alert::HistoryQuery query;
  PANO_ASSIGN(query.from, WholeOf(request, "from", 0, kMaxTime));
  PANO_ASSIGN(query.to, WholeOf(request, "to", 0, kMaxTime));
  PANO_ASSIGN(query.limit, WholeOf(request, "limit", 200, kMaxListed));
  PANO_ASSIGN(query.before, WholeOf(request, "before", 0, 1e15));
  query.kind = request.Query("kind").value_or("");
  query.rule = request.Query("rule").value_or("");
  query.route = request.Query("route").value_or("");
  query.service = request.Query("service").value_or("");
  if (!query.kind.empty() && query.kind != "alert" && query.kind != "message") {
    return Fail(Code::kInvalid, "kind: alert or message");
  }
  return query;
}

Response NoAlerts() {
  return ErrorResponse({Code::kUnavailable, "alerts are off: see the server's warnings", ""});
}

}  // namespace

Response GetAlerts(Context& context, const Request&) {
  if (context.alerts == nullptr) return NoAlerts();
  return AsResponse(context.alerts->Now());
}

Response GetAlertHistory(Context& context, const Request& request) {
  if (context.alerts == nullptr) return NoAlerts();
  const auto query = HistoryQueryOf(request);
  if (!query) return ErrorResponse(query.error());
  return AsResponse(context.alerts->History(*query));
}

Response TestAlertRoute(Context& context, const Request& request) {
  if (context.alerts == nullptr) return NoAlerts();
  return AsResponse(context.alerts->Test(IdOf(request)));
}

template <Kept kWhat>
Response ListAlertEntries(Context& context, const Request&) {
  if (context.alerts == nullptr) return NoAlerts();
  return AsResponse(context.alerts->List(kWhat));
}
template <Kept kWhat>
Response GetAlertEntry(Context& context, const Request& request) {
  if (context.alerts == nullptr) return NoAlerts();
  return AsResponse(context.alerts->Find(kWhat, IdOf(request)));
}
template <Kept kWhat>
Response PostAlertEntry(Context& context, const Request& request) {
  if (context.alerts == nullptr) return NoAlerts();
  return AsResponse(context.alerts->Put(kWhat, "", request.body), 201);
}
template <Kept kWhat>
Response PutAlertEntry(Context& context, const Request& request) {
  if (context.alerts == nullptr) return NoAlerts();
  return AsResponse(context.alerts->Put(kWhat, IdOf(request), request.body));
}
template <Kept kWhat>
Response DeleteAlertEntry(Context& context, const Request& request) {
  if (context.alerts == nullptr) return NoAlerts();
  return AsResponse(context.alerts->Remove(kWhat, IdOf(request)));
}

#define PANO_ALERT_ENTRIES(what)                                               \
  template Response ListAlertEntries<what>(Context & context, const Request&); \
  template Response GetAlertEntry<what>(Context & context, const Request&);    \
  template Response PostAlertEntry<what>(Context & context, const Request&);   \
  template Response PutAlertEntry<what>(Context & context, const Request&);    \
  template Response DeleteAlertEntry<what>(Context & context, const Request&)
PANO_ALERT_ENTRIES(Kept::kRules);
PANO_ALERT_ENTRIES(Kept::kRoutes);
PANO_ALERT_ENTRIES(Kept::kSilences);
#undef PANO_ALERT_ENTRIES

}  // namespace pano::api
