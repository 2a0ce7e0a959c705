// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/stable_order.h"
#include "server/alert/alert_json.h"
#include "server/alert/alert_keeper_impl.h"
#include "server/alert/entry_json.h"

namespace pano::alert {
namespace {

using nlohmann::json;

constexpr uint64_t kShowResolvedSeconds = 300;

}  // namespace

json AlertKeeper::Impl::Now() const {
  const std::lock_guard lock(mutex_);
  std::vector<Alert> alerts = watch_.Pending();
  const size_t pending = alerts.size();
  size_t silenced = 0;
  for (const auto& [id, alert] : watch_.firing()) {
    alerts.push_back(alert);
    silenced += alert.silenced_by.empty() ? 0 : 1;
  }
  StableOrder(alerts, [](const Alert& a, const Alert& b) {
    if (a.phase != b.phase) return a.phase == Phase::kFiring;
    return a.severity != b.severity ? a.severity > b.severity : a.since < b.since;
  });
  const uint64_t time = watch_.seen().map == nullptr ? NowSeconds() : watch_.seen().time();
  const std::vector<Rule> rules = kept_.Rules();
  const bool on = std::ranges::any_of(rules, [this](const Rule& rule) { return kept_.On(rule); });
  json out = {{"time", time},
              {"on", on},
              {"why_off", on                 ? ""
                          : kept_.AnyRoute() ? "no rule is enabled"
                                             : "no route is enabled"},
              {"alerts", json::array()},
              {"groups", json::array()},
              {"counts",
               {{"pending", pending}, {"firing", watch_.firing().size()}, {"silenced", silenced}}},
              {"alarms", json::array()}};
  for (const Alert& alert : alerts) out["alerts"].push_back(AlertJson(alert));
  for (const auto& [id, group] : watch_.groups()) {
    if (group.resolved_at != 0 && group.resolved_at + kShowResolvedSeconds <= time) continue;
    out["groups"].push_back(GroupJson(group, dispatcher_));
  }
  for (const auto& [what, text] : alarms_) out["alarms"].push_back(text);
  return out;
}

AlertCounts AlertKeeper::Impl::Counts() const {
  const std::lock_guard lock(mutex_);
  AlertCounts out;
  out.pending = watch_.Pending().size();
  out.firing = watch_.firing().size();
  for (const auto& [id, alert] : watch_.firing()) out.silenced += alert.silenced_by.empty() ? 0 : 1;
  out.sent = sent_;
  out.failed = failed_;
  out.unwatched = unwatched_;
  return out;
}

std::vector<std::string> AlertKeeper::Impl::Alarms() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  out.reserve(alarms_.size());
  for (const auto& [what, text] : alarms_) out.push_back(text);
  return out;
}

json AlertKeeper::Impl::Public(const Rule& rule) const {
  json out = RuleJson(rule);
  out["on"] = kept_.On(rule);
  out["origin"] = Name(rule.origin);
  out["warnings"] = RuleWarnings(rule, watch_.seen().map.get());
  return out;
}

json AlertKeeper::Impl::Public(const Route& route) const {
  json out = PublicRouteJson(route);
  out["origin"] = Name(route.origin);
  out["warnings"] = RouteWarnings(route);
  out["health"] = HealthJson(dispatcher_.Health(route.id), dispatcher_.Waiting(route.id));
  return out;
}

json AlertKeeper::Impl::Public(const Silence& silence) const {
  json out = SilenceJson(silence);
  out["origin"] = Name(silence.origin);
  out["state"] = Name(StateOf(silence, NowSeconds()));
  out["matched"] = std::ranges::count_if(watch_.firing(), [&silence](const auto& entry) {
    return entry.second.silenced_by == silence.id;
  });
  return out;
}

json AlertKeeper::Impl::List(Kept what) const {
  const std::lock_guard lock(mutex_);
  json out = json::array();
  if (what == Kept::kRules) {
    for (const Rule& rule : kept_.Rules()) out.push_back(Public(rule));
    return {{"rules", std::move(out)}};
  }
  if (what == Kept::kRoutes) {
    for (const Route& route : kept_.Routes()) out.push_back(Public(route));
    return {{"routes", std::move(out)}};
  }
  for (const Silence& silence : kept_.Silences()) out.push_back(Public(silence));
  return {{"silences", std::move(out)}};
}

Result<json> AlertKeeper::Impl::Find(Kept what, const std::string& id) const {
  const std::lock_guard lock(mutex_);
  if (what == Kept::kRules) {
    const auto all = kept_.Rules();
    if (const Rule* rule = FindIn(all, id)) return Public(*rule);
    return Fail(Code::kNotFound, "there is no rule \"{}\"", id);
  }
  if (what == Kept::kRoutes) {
    const auto all = kept_.Routes();
    if (const Route* route = FindIn(all, id)) return Public(*route);
    return Fail(Code::kNotFound, "there is no route \"{}\"", id);
  }
  const auto all = kept_.Silences();
  if (const Silence* silence = FindIn(all, id)) return Public(*silence);
  return Fail(Code::kNotFound, "there is no silence \"{}\"", id);
}

}  // namespace pano::alert
