// SPDX-License-Identifier: Apache-2.0
// One function per route, one file per resource; docs/api.md says what each answers.
#pragma once

#include "server/api/context.h"
#include "server/api/exchange.h"

namespace pano::api {

Response GetMap(Context& context, const Request& request);
Response GetSeries(Context& context, const Request& request);
Response GetTimeline(Context& context, const Request& request);
Response GetDiagnosis(Context& context, const Request& request);
Response GetLimits(Context& context, const Request& request);
Response PutLimits(Context& context, const Request& request);
Response GetEvents(Context& context, const Request& request);
Response PostEvent(Context& context, const Request& request);
Response GetSchema(Context& context, const Request& request);
Response PostQuery(Context& context, const Request& request);
Response GetStatus(Context& context, const Request& request);
Response GetHealth(Context& context, const Request& request);
Response GetMetrics(Context& context, const Request& request);

Response GetRuns(Context& context, const Request& request);
Response PostRun(Context& context, const Request& request);
Response GetRun(Context& context, const Request& request);
Response PatchRun(Context& context, const Request& request);
Response DeleteRun(Context& context, const Request& request);
Response StopRun(Context& context, const Request& request);
Response PostMark(Context& context, const Request& request);
Response GetRunMap(Context& context, const Request& request);
Response GetRunDiagnosis(Context& context, const Request& request);
Response GetRunSeries(Context& context, const Request& request);
Response GetRunTimeline(Context& context, const Request& request);
Response PostLoadgen(Context& context, const Request& request);
Response GetReportHtml(Context& context, const Request& request);
Response GetReportMarkdown(Context& context, const Request& request);
Response GetReportJson(Context& context, const Request& request);
Response GetCapacity(Context& context, const Request& request);
Response GetCompare(Context& context, const Request& request);
Response PostCompare(Context& context, const Request& request);
// The ID of /api/v1/runs/ID/...
std::string RunIdOf(const Request& request);
Response GetAlerts(Context& context, const Request& request);
Response GetAlertHistory(Context& context, const Request& request);
Response TestAlertRoute(Context& context, const Request& request);
template <alert::Kept kWhat>
Response ListAlertEntries(Context& context, const Request& request);
template <alert::Kept kWhat>
Response GetAlertEntry(Context& context, const Request& request);
template <alert::Kept kWhat>
Response PostAlertEntry(Context& context, const Request& request);
template <alert::Kept kWhat>
Response PutAlertEntry(Context& context, const Request& request);
template <alert::Kept kWhat>
Response DeleteAlertEntry(Context& context, const Request& request);

// The whole seconds a request is about: at=T, or from=T&to=T, or the live window.
struct AskedRange {
  uint64_t from = 0;
  uint64_t to = 0;
  bool live = true;    // nothing was asked: now
  bool range = false;  // from/to were given
};
Result<AskedRange> RangeOf(const Context& context, const Request& request, uint32_t window);
// The map of a range of the past: from memory where it reaches, else from the store.
Result<live::MapView> PastMap(Context& context, const AskedRange& asked);

}  // namespace pano::api
