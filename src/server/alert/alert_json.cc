// SPDX-License-Identifier: Apache-2.0
#include "server/alert/alert_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace pano::alert {
namespace {

using nlohmann::json;

json NumberOrNull(double value) { return std::isfinite(value) ? json(value) : json(); }
template <typename T>
json OrNull(T value) {
  return value != 0 ? json(value) : json();
}
json TextOrNull(const std::string& text) { return text.empty() ? json() : json(text); }

std::string StateOf(const Delivery& d) {
  if (d.resolved) return "resolved";
  if (d.told && d.error.empty()) return "sent";
  return d.attempts > 0 ? "failed" : "waiting";
}

}  // namespace

json AlertJson(const Alert& a) {
  return {{"id", a.id},
          {"rule", a.rule},
          {"rule_name", a.rule_name},
          {"severity", Name(a.severity)},
          {"state", Name(a.phase)},
          {"since", a.since},
          {"firing_since", OrNull(a.firing_since)},
          {"subject",
           {{"kind", Name(a.subject.kind)},
            {"id", OrNull(a.subject.id)},
            {"client", a.subject.client},
            {"server", a.subject.server},
            {"service", a.subject.service}}},
          {"metric", TextOrNull(a.metric)},
          {"value", NumberOrNull(a.value)},
          {"limit", NumberOrNull(a.limit)},
          {"unit", a.unit},
          {"text", a.text},
          {"labels", a.labels},
          {"group", TextOrNull(a.group)},
          {"role", a.is_cause ? "cause" : "victim"},
          {"silenced_by", TextOrNull(a.silenced_by)},
          {"flapping", a.flapping}};
}

json GroupJson(const Group& g, const Dispatcher& dispatcher) {
  json sent = json::array();
  for (const auto& [route, d] : dispatcher.Of(g.id)) {
    if (d.opened != g.opened) continue;
    sent.push_back({{"route", route},
                    {"state", StateOf(d)},
                    {"time", OrNull(d.last_sent)},
                    {"attempts", d.attempts},
                    {"error", d.error}});
  }
  return {{"id", g.id},
          {"state", g.resolved_at == 0 ? "firing" : "resolved"},
          {"severity", Name(g.severity)},
          {"since", g.since},
          {"resolved_at", OrNull(g.resolved_at)},
          {"cause", g.cause},
          {"cause_id", OrNull(g.cause_id)},
          {"class", g.fault},
          {"title", g.title},
          {"sentence", g.sentence},
          {"evidence", g.evidence},
          {"path", g.path},
          {"alerts", g.alerts},
          {"victims", g.victims},
          {"silenced", g.silenced},
          {"replaced_by", TextOrNull(g.replaced_by)},
          {"sent", std::move(sent)}};
}

json HealthJson(const RouteHealth* health, size_t waiting) {
  static const RouteHealth kUnused;
  const RouteHealth& h = health == nullptr ? kUnused : *health;
  const char* state = h.sent + h.failed == 0                              ? "unused"
                      : h.failures > 0 || h.last_error_time > h.last_sent ? "failing"
                                                                          : "ok";
  return {{"state", state},
          {"sent", h.sent},
          {"failed", h.failed},
          {"waiting", waiting},
          {"last_sent", OrNull(h.last_sent)},
          {"last_error", h.last_error},
          {"last_error_time", OrNull(h.last_error_time)},
          {"next_try", OrNull(h.next_try)}};
}

json AlertEntry(const Alert& a, uint64_t time) {
  const bool over = a.phase == Phase::kResolved;
  return {{"time", time},
          {"kind", "alert"},
          {"alert", a.id},
          {"rule", a.rule},
          {"rule_name", a.rule_name},
          {"severity", Name(a.severity)},
          {"state", over ? "resolved" : "firing"},
          {"service", a.subject.service},
          {"text", a.text},
          {"value", NumberOrNull(a.value)},
          {"limit", NumberOrNull(a.limit)},
          {"unit", a.unit},
          {"group", a.group},
          {"silenced", !a.silenced_by.empty()},
          {"duration_s", over ? json(a.resolved_at - std::min(a.since, a.resolved_at)) : json()}};
}

json MessageEntry(const Due& due, const Outcome& outcome, std::string_view route_name,
                  std::string_view title, uint64_t time) {
  return {{"time", time},           {"kind", "message"},
          {"route", due.route},     {"route_name", route_name},
          {"group", due.group},     {"state", Name(due.kind)},
          {"ok", outcome.ok},       {"status", OrNull(outcome.status)},
          {"error", outcome.error}, {"attempt", due.attempt},
          {"title", title}};
}

}  // namespace pano::alert
