// SPDX-License-Identifier: Apache-2.0
#include "server/alert/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace pano::alert {
namespace {

using nlohmann::json;

// FNV-1a: ids must be the same after a restart and in another build.
std::string IdOfAlert(const std::string& rule, const std::string& key) {
  uint64_t hash = 14'695'981'039'346'656'037u;
  for (const std::string& part : {rule, std::string("\n"), key}) {
    for (const char c : part) hash = (hash ^ static_cast<uint8_t>(c)) * 1'099'511'628'211u;
  }
  return fmt::format("{:016x}", hash);
}

Labels LabelsOf(const Rule& rule, const Hit& hit) {
  Labels labels = rule.labels;
  const auto set = [&labels](const char* name, std::string_view value) {
    if (!value.empty()) labels[name] = value;
  };
  set("rule", rule.id);
  set("severity", Name(rule.severity));
  set("kind", Name(hit.subject.kind));
  set("service", hit.subject.service);
  set("client", hit.subject.client);
  set("server", hit.subject.server);
  set("metric", hit.metric);
  set("class", hit.fault);
  return labels;
}

void Describe(Alert& alert, const Rule& rule, const Hit& hit) {
  alert.rule = rule.id;
  alert.rule_name = rule.name;
  alert.severity = rule.severity;
  alert.subject = hit.subject;
  // What is still called over after a good second is told by its last bad one.
  const bool lingers = rule.condition.type == ConditionType::kOverLimit && hit.value <= hit.limit &&
                       alert.metric == hit.metric && alert.value > hit.limit;
  if (!lingers) {
    alert.metric = hit.metric;
    alert.value = hit.value;
    alert.limit = hit.limit;
    alert.unit = hit.unit;
    alert.text = hit.text;
  }
  alert.labels = LabelsOf(rule, hit);
  alert.names_cause = hit.names_cause;
}

}  // namespace

void Watch::Step(Tracked& tracked, const Rule& rule, Reading reading, uint64_t time,
                 std::vector<Alert>& out) {
  const Change change = tracked.machine.Update(time, reading, rule.for_s, rule.clear_s);
  Alert& alert = tracked.alert;
  alert.phase = tracked.machine.phase();
  alert.since = tracked.machine.since();
  alert.firing_since = alert.phase == Phase::kPending ? 0 : tracked.machine.firing_since();
  alert.flapping = tracked.machine.flapping();
  if (change == Change::kFired) {
    alert.resolved_at = 0;
    alert.group.clear();
    out.push_back(alert);
  } else if (change == Change::kResolved) {
    alert.resolved_at = time;
    out.push_back(alert);
  }
}

void Watch::Take(const Rule& rule, const Hit& hit, uint64_t time, std::vector<Alert>& out) {
  const std::string id = IdOfAlert(rule.id, hit.key);
  const auto at = tracked_.find(id);
  if (at == tracked_.end() && tracked_.size() >= kMaxAlerts) {
    ++untold_;
    return;
  }
  Tracked& tracked = at == tracked_.end() ? tracked_[id] : at->second;
  tracked.alert.id = id;
  Describe(tracked.alert, rule, hit);
  Step(tracked, rule, Reading::kBad, time, out);
}

void Watch::EndGone(uint64_t time, std::vector<Alert>& out) {
  for (auto at = tracked_.begin(); at != tracked_.end();) {
    Tracked& tracked = at->second;
    const bool known = std::ranges::find(rules_, tracked.alert.rule, &Rule::id) != rules_.end();
    if (!known && tracked.alert.phase == Phase::kFiring) {
      tracked.alert.phase = Phase::kResolved;
      tracked.alert.resolved_at = time;
      out.push_back(tracked.alert);
    }
    const bool forget = !known || tracked.machine.Forgettable(time);
    at = forget ? tracked_.erase(at) : std::next(at);
  }
}

std::vector<Alert> Watch::Look(Observation observation) {
  const uint64_t time = observation.time();
  evaluator_.Look(std::move(observation));
  std::vector<Alert> out;
  for (const Rule& rule : rules_) {
    std::set<std::string> bad;
    for (const Hit& hit : evaluator_.Evaluate(rule)) {
      if (!bad.insert(IdOfAlert(rule.id, hit.key)).second) continue;
      Take(rule, hit, time, out);
    }
    for (auto& [id, tracked] : tracked_) {
      if (tracked.alert.rule != rule.id || bad.contains(id)) continue;
      Step(tracked, rule, evaluator_.Calm(rule, tracked.alert.subject), time, out);
    }
  }
  EndGone(time, out);
  MakeGroups(time);
  for (Alert& alert : out) {
    if (const auto at = firing_.find(alert.id); at != firing_.end()) alert = at->second;
  }
  return out;
}

void Watch::MakeGroups(uint64_t time) {
  std::map<std::string, Alert> now;
  for (auto& [id, tracked] : tracked_) {
    if (tracked.alert.phase == Phase::kFiring) now[id] = tracked.alert;
  }
  grouper_.Update(*evaluator_.seen().map, now);
  grouper_.Expect(Pending());
  for (auto& [id, group] : grouper_.groups()) {
    if (group.resolved_at == 0) group.silenced = !group.alerts.empty();
  }
  for (auto& [id, alert] : now) {
    Group& group = grouper_.groups().at(alert.group);
    const Silence* silence = FindSilence(silences_, alert.labels, group.labels, time);
    alert.silenced_by = silence == nullptr ? "" : silence->id;
    group.silenced = group.silenced && silence != nullptr;
    tracked_[id].alert = alert;
  }
  firing_ = std::move(now);
}

std::vector<Alert> Watch::Pending() const {
  std::vector<Alert> out;
  for (const auto& [id, tracked] : tracked_) {
    if (tracked.alert.phase == Phase::kPending) out.push_back(tracked.alert);
  }
  return out;
}

json Watch::Save() const {
  json alerts = json::array();
  for (const auto& [id, a] : firing_) {
    alerts.push_back({{"id", id},
                      {"rule", a.rule},
                      {"rule_name", a.rule_name},
                      {"severity", Name(a.severity)},
                      {"since", a.since},
                      {"firing_since", a.firing_since},
                      {"kind", static_cast<int>(a.subject.kind)},
                      {"client", a.subject.client},
                      {"server", a.subject.server},
                      {"service", a.subject.service},
                      {"text", a.text},
                      {"labels", a.labels},
                      {"group", a.group},
                      {"names_cause", a.names_cause}});
  }
  json groups = json::array();
  for (const auto& [id, g] : grouper_.groups()) {
    groups.push_back({{"id", id},
                      {"cause", g.cause},
                      {"class", g.fault},
                      {"severity", Name(g.severity)},
                      {"since", g.since},
                      {"opened", g.opened},
                      {"resolved_at", g.resolved_at},
                      {"title", g.title},
                      {"sentence", g.sentence},
                      {"victims", g.victims},
                      {"replaced_by", g.replaced_by},
                      {"replaced_at", g.replaced_at},
                      {"first_labels", g.first_labels}});
  }
  return {{"alerts", std::move(alerts)}, {"groups", std::move(groups)}};
}

void Watch::Load(const json& saved, uint64_t now) {
  const auto severity = [](const json& entry) {
    return SeverityByName(entry.value("severity", "")).value_or(Severity::kWarning);
  };
  for (const json& entry : saved.value("alerts", json::array())) {
    Alert a;
    a.id = entry.value("id", "");
    a.rule = entry.value("rule", "");
    a.rule_name = entry.value("rule_name", "");
    a.severity = severity(entry);
    a.phase = Phase::kFiring;
    a.since = entry.value("since", uint64_t{0});
    a.firing_since = entry.value("firing_since", uint64_t{0});
    a.subject.kind = static_cast<SubjectKind>(std::clamp(entry.value("kind", 0), 0, 4));
    a.subject.client = entry.value("client", "");
    a.subject.server = entry.value("server", "");
    a.subject.service = entry.value("service", "");
    a.text = entry.value("text", "");
    a.labels = entry.value("labels", Labels{});
    a.group = entry.value("group", "");
    a.names_cause = entry.value("names_cause", false);
    if (a.id.empty() || a.group.empty() || tracked_.size() >= kMaxAlerts) continue;
    Tracked& tracked = tracked_[a.id];
    tracked.machine.Restore(Phase::kFiring, a.since, a.firing_since, now);
    tracked.alert = a;
    firing_[a.id] = std::move(a);
  }
  for (const json& entry : saved.value("groups", json::array())) {
    Group g;
    g.id = entry.value("id", "");
    g.cause = entry.value("cause", "");
    g.fault = entry.value("class", "");
    g.severity = severity(entry);
    g.since = entry.value("since", uint64_t{0});
    g.opened = entry.value("opened", uint64_t{0});
    g.resolved_at = entry.value("resolved_at", uint64_t{0});
    g.title = entry.value("title", "");
    g.sentence = entry.value("sentence", "");
    g.victims = entry.value("victims", std::vector<std::string>{});
    g.replaced_by = entry.value("replaced_by", "");
    g.replaced_at = entry.value("replaced_at", uint64_t{0});
    g.first_labels = entry.value("first_labels", Labels{});
    if (!g.id.empty()) grouper_.Restore(std::move(g));
  }
}

}  // namespace pano::alert
