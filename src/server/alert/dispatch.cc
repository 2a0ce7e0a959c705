// SPDX-License-Identifier: Apache-2.0
#include "server/alert/dispatch.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

namespace pano::alert {
namespace {

using nlohmann::json;

// What is due for a group at a route; nothing: all is said. `said_by`: when the group that replaced
// it was told of there; 0: not yet.
std::optional<MessageKind> KindOf(uint64_t time, const Route& route, const Group& group,
                                  const Delivery& d, uint64_t said_by) {
  const bool tried = d.attempts > 0;
  if (group.resolved_at != 0) {
    // The message of the group that took over has said it, or will.
    if (!group.replaced_by.empty() && (said_by == 0 || said_by >= group.replaced_at)) {
      return std::nullopt;
    }
    if (d.resolved || !route.send_resolved) return std::nullopt;
    if (!d.told && !tried) return std::nullopt;  // nobody heard of it
    if (group.resolved_at + kResolveSeconds <= time) return std::nullopt;
    return MessageKind::kResolved;
  }
  if (group.silenced || !group.replaced_by.empty()) return std::nullopt;
  if (!d.told) {
    const uint64_t wait = route.group_wait_s + (group.growing ? kGrowSeconds : 0);
    if (group.unsure || d.firing_seen + wait > time) return std::nullopt;
    return MessageKind::kFiring;
  }
  if (group.severity > d.severity) return MessageKind::kFiring;
  uint64_t repeat = route.repeat_s;
  if (route.kind == RouteKind::kAlertmanager) {
    repeat = repeat == 0 ? kAlertmanagerRepeat : std::min<uint64_t>(repeat, kAlertmanagerRepeat);
  }
  if (repeat != 0 && d.last_sent + repeat <= time) return MessageKind::kRepeat;
  return std::nullopt;
}

}  // namespace

std::string_view Name(MessageKind kind) {
  constexpr std::array<std::string_view, 4> kNames{"firing", "repeat", "resolved", "test"};
  return kNames[static_cast<size_t>(kind)];
}

uint64_t BackoffSeconds(uint32_t failures) {
  if (failures == 0) return 0;
  return failures > 9 ? kMostBackoff : std::min(kMostBackoff, uint64_t{1} << (failures - 1));
}

bool Wants(const Route& route, const Group& group, const std::map<std::string, Alert>& alerts) {
  if (!route.enabled || group.severity < route.min_severity) return false;
  if (MatchesAll(route.matchers, group.labels)) return true;
  return std::ranges::any_of(group.alerts, [&](const std::string& id) {
    const auto at = alerts.find(id);
    return at != alerts.end() && MatchesAll(route.matchers, at->second.labels);
  });
}

void Dispatcher::Forget(const std::map<std::string, Group>& groups,
                        const std::vector<Route>& routes) {
  const auto known = [&](const std::string& id) {
    return std::ranges::find(routes, id, &Route::id) != routes.end();
  };
  std::erase_if(routes_, [&](const auto& r) { return !r.second.busy && !known(r.first); });
  std::erase_if(deliveries_, [&](const auto& entry) {
    if (entry.second.under_way) return false;
    return !known(entry.first.first) || !groups.contains(entry.first.second);
  });
}

std::vector<Due> Dispatcher::Plan(uint64_t time, const std::map<std::string, Group>& groups,
                                  const std::map<std::string, Alert>& alerts,
                                  const std::vector<Route>& routes) {
  Forget(groups, routes);
  std::vector<Due> out;
  for (const Route& route : routes) {
    RouteHealth& health = routes_[route.id];
    std::optional<Due> chosen;
    uint64_t chosen_since = 0;
    for (const auto& [id, group] : groups) {
      const auto at = deliveries_.find({route.id, id});
      const bool heard = at != deliveries_.end() && (at->second.told || at->second.attempts > 0);
      if (!route.enabled || (!heard && !Wants(route, group, alerts))) continue;
      Delivery& d = deliveries_[{route.id, id}];
      if (d.under_way) continue;
      if (d.opened != group.opened) d = {};  // it is back
      d.opened = group.opened;
      if (d.firing_seen == 0 && group.resolved_at == 0) d.firing_seen = time;
      const auto other = deliveries_.find({route.id, group.replaced_by});
      const uint64_t said_by =
          other == deliveries_.end() || !other->second.told ? 0 : other->second.last_sent;
      const auto kind = KindOf(time, route, group, d, said_by);
      if (!kind || d.next_try > time) continue;
      // The oldest first.
      if (chosen && chosen_since <= group.since) continue;
      chosen = Due{route.id, id, *kind, d.attempts + 1};
      chosen_since = group.since;
    }
    if (!chosen || health.busy || health.next_try > time) continue;
    Delivery& d = deliveries_[{route.id, chosen->group}];
    d.under_way = true;
    d.kind = chosen->kind;
    health.busy = true;
    out.push_back(std::move(*chosen));
  }
  return out;
}

void Dispatcher::Undone(const Due& due) {
  routes_[due.route].busy = false;
  deliveries_[{due.route, due.group}].under_way = false;
}

void Dispatcher::Done(const Due& due, const Outcome& outcome, Severity severity, uint64_t time) {
  RouteHealth& health = routes_[due.route];
  Delivery& d = deliveries_[{due.route, due.group}];
  health.busy = false;
  d.under_way = false;
  d.error = outcome.error;
  if (outcome.ok) {
    ++health.sent;
    health.failures = 0;
    health.last_sent = time;
    health.next_try = 0;
    d.attempts = 0;
    d.next_try = 0;
    d.last_sent = time;
    d.told = true;
    d.resolved = due.kind == MessageKind::kResolved;
    d.severity = severity;
    return;
  }
  ++health.failed;
  ++d.attempts;
  health.last_error = outcome.error;
  health.last_error_time = time;
  if (outcome.permanent) {
    // This message it does not want; others may pass.
    d.next_try = time + kMostBackoff;
    return;
  }
  ++health.failures;
  const uint64_t pause = outcome.retry_after_s > 0
                             ? std::min(outcome.retry_after_s, kMostRetryAfter)
                             : BackoffSeconds(health.failures);
  health.next_try = time + pause;
}

const RouteHealth* Dispatcher::Health(const std::string& route) const {
  const auto at = routes_.find(route);
  return at == routes_.end() ? nullptr : &at->second;
}

size_t Dispatcher::Waiting(const std::string& route) const {
  return static_cast<size_t>(std::ranges::count_if(deliveries_, [&](const auto& entry) {
    return entry.first.first == route && !entry.second.told;
  }));
}

std::vector<std::pair<std::string, Delivery>> Dispatcher::Of(const std::string& group) const {
  std::vector<std::pair<std::string, Delivery>> out;
  for (const auto& [key, delivery] : deliveries_) {
    if (key.second == group) out.emplace_back(key.first, delivery);
  }
  return out;
}

void Dispatcher::Reset(const std::string& route) {
  if (const auto at = routes_.find(route); at != routes_.end()) {
    at->second.failures = 0;
    at->second.next_try = 0;
  }
  for (auto& [key, delivery] : deliveries_) {
    if (key.first == route) delivery.next_try = 0;
  }
}

json Dispatcher::Save() const {
  json out = json::array();
  for (const auto& [key, d] : deliveries_) {
    out.push_back({{"route", key.first},
                   {"group", key.second},
                   {"told", d.told},
                   {"resolved", d.resolved},
                   {"severity", Name(d.severity)},
                   {"last_sent", d.last_sent},
                   {"opened", d.opened},
                   {"firing_seen", d.firing_seen},
                   {"attempts", d.attempts}});
  }
  return out;
}

void Dispatcher::Load(const json& saved) {
  if (!saved.is_array()) return;
  for (const json& entry : saved) {
    if (!entry.is_object()) continue;
    Delivery d;
    d.told = entry.value("told", false);
    d.resolved = entry.value("resolved", false);
    d.severity = SeverityByName(entry.value("severity", "")).value_or(Severity::kInfo);
    d.last_sent = entry.value("last_sent", uint64_t{0});
    d.opened = entry.value("opened", uint64_t{0});
    d.firing_seen = entry.value("firing_seen", uint64_t{0});
    d.attempts = entry.value("attempts", uint32_t{0});
    deliveries_[{entry.value("route", ""), entry.value("group", "")}] = std::move(d);
  }
}

}  // namespace pano::alert
