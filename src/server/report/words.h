// SPDX-License-Identifier: Apache-2.0
// Numbers and times as a reader wants them; the same in Markdown and HTML.
#pragma once

#include <cstdint>
#include <string>

#include "schema/tag.h"
#include "server/report/report.h"

namespace pano::report {

std::string SayTime(uint64_t second);               // "2026-11-23 10:22:33 UTC"
std::string SayClock(uint64_t second);              // "10:22:33"
std::string SayLength(uint64_t seconds);            // "6 min 40 s"
std::string SayRate(double per_second);             // "145/s", "–"
std::string SayLatency(double us);                  // "4.5 s", "–"
std::string SayCount(double count);                 // "12,345"
std::string SayShare(double part, double all);      // "1.2 %", "–"
std::string SayReplicas(const live::MapView& map);  // "cart x2, productcatalog x3"; "one of each"
std::string SayMetric(analysis::Metric metric);     // "TCP connect p95"
std::string SayValue(analysis::Metric metric, double value);  // with its unit
std::string SayEvent(schema::EventKind kind);                 // "instance up"
std::string SayStep(const run::Step& step, size_t index);     // "2: productcatalog scaled ..."
std::string SayInstances(const capacity::ServicePlan& plan);  // "3 (2 to 6)", "not enough data"
std::string BottleneckOf(const live::MapView& map);           // "none", "unknown", or the service
// The first sentences of the report: what was found, and what to do.
std::string SayFinding(const Report& report);

}  // namespace pano::report
