// SPDX-License-Identifier: Apache-2.0
#include "server/alert/group.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "server/analysis/words.h"

namespace pano::alert {
namespace {

constexpr std::string_view kBottleneck = "bottleneck:";
constexpr size_t kMaxListed = 50;

// About traffic: another service may be the cause of it.
bool IsSymptom(const Alert& alert) {
  return alert.subject.kind == SubjectKind::kEdge || alert.subject.kind == SubjectKind::kNode ||
         alert.subject.kind == SubjectKind::kMap;
}

std::vector<std::string> Touched(const Alert& alert) {
  std::vector<std::string> out;
  for (const std::string& name :
       {alert.subject.client, alert.subject.server, alert.subject.service}) {
    if (!name.empty()) out.push_back(name);
  }
  return out;
}

bool TouchEachOther(const Alert& a, const Alert& b) {
  const std::vector<std::string> others = Touched(b);
  return std::ranges::any_of(Touched(a), [&others](const std::string& name) {
    return std::ranges::find(others, name) != others.end();
  });
}

std::string SayFault(std::string_view fault) {
  if (fault == "cpu_throttled") return "CPU throttled";
  if (fault == "cpu_saturated") return "CPU saturated";
  std::string out(fault);
  std::ranges::replace(out, '_', ' ');
  return out;
}

std::string TitleOf(const Group& group, size_t alerts) {
  if (!group.cause.empty() && group.id.starts_with(kBottleneck)) {
    std::string title = group.cause + " is the bottleneck";
    if (!group.fault.empty() && group.fault != "unknown") title += ": " + SayFault(group.fault);
    if (!group.victims.empty()) {
      title += fmt::format(
          " ({} affected)",
          analysis::SayCount(static_cast<double>(group.victims.size()), "other is", "others are"));
    }
    return title;
  }
  const std::string& first = !group.causes.empty()    ? group.causes.front()
                             : !group.victims.empty() ? group.victims.front()
                                                      : group.cause;
  if (alerts <= 1) return first;
  return fmt::format("{} (and {} more)", first, alerts - 1);
}

// The service the verdict names; empty: none.
std::string NamedBy(const live::MapView& map) {
  const auto& verdict = map.verdict;
  const bool named = verdict != nullptr && verdict->verdict == analysis::Verdict::kBottleneck;
  return named ? verdict->bottleneck_service : std::string();
}

std::string FaultOf(const analysis::Diagnosis& verdict) {
  return std::string(verdict.candidates.empty() ? std::string_view()
                                                : analysis::Name(verdict.candidates.front().fault));
}

// The worst first; among equals by text, so that the same trouble gives the same words.
bool Worse(const Alert* a, const Alert* b) {
  if (a->is_cause != b->is_cause) return a->is_cause;
  if (a->severity != b->severity) return a->severity > b->severity;
  const auto ratio = [](const Alert* x) {
    return analysis::Known(x->value) && analysis::Known(x->limit) && x->limit > 0
               ? x->value / x->limit
               : 0.0;
  };
  if (ratio(a) != ratio(b)) return ratio(a) > ratio(b);
  return a->text < b->text;
}

}  // namespace

Grouper::Cause Grouper::CauseOf(const live::MapView& map) {
  Cause cause;
  cause.service = NamedBy(map);
  if (cause.service.empty()) return cause;
  const auto& verdict = map.verdict;
  if (cause.service != named_) named_since_ = map.time;
  named_ = cause.service;
  const bool restless = cause_ != named_ && switched_at_ != 0 && !cause_.empty() &&
                        map.time < switched_at_ + kUnrestSeconds &&
                        map.time < named_since_ + kHoldSeconds;
  if (restless) return {};
  if (cause_ != named_ && !cause_.empty()) switched_at_ = map.time;
  cause_ = named_;
  for (const live::MapNode& node : map.nodes) {
    const bool on_path = std::ranges::find(verdict->path, node.id) != verdict->path.end();
    if (node.role == analysis::Role::kVictim || on_path || node.id == verdict->bottleneck) {
      cause.explained.push_back(node.name);
    }
  }
  std::ranges::sort(cause.explained);
  return cause;
}

bool Grouper::Explains(const Cause& cause, const Alert& alert) {
  if (cause.service.empty()) return false;
  // One about the map or a run as a whole is explained by whatever is the matter.
  const std::string& about = alert.subject.service;
  return about.empty() || std::ranges::binary_search(cause.explained, about);
}

std::string Grouper::GroupOf(const Alert& alert, const Cause& cause,
                             const std::map<std::string, Alert>& alerts) const {
  if (alert.subject.kind == SubjectKind::kRun && cause.service.empty() && alert.group.empty()) {
    return "run:" + alert.id;
  }
  if (alert.subject.kind == SubjectKind::kPanoscope) return "panoscope:" + alert.rule;
  if (alert.names_cause) return std::string(kBottleneck) + alert.subject.service;
  if (Explains(cause, alert)) return std::string(kBottleneck) + cause.service;
  const auto before = groups_.find(alert.group);
  if (before != groups_.end() && before->second.resolved_at == 0) return alert.group;
  // Nothing is named: what touches the services of a group that is open belongs to it.
  for (const auto& [id, other] : alerts) {
    if (id == alert.id || other.group.empty() || !IsSymptom(other) || !IsSymptom(alert)) continue;
    const auto at = groups_.find(other.group);
    if (at == groups_.end() || at->second.resolved_at != 0) continue;
    if (!at->second.replaced_by.empty()) continue;
    if (TouchEachOther(alert, other)) return other.group;
  }
  return alert.subject.service.empty() ? "map" : "service:" + alert.subject.service;
}

void Grouper::Describe(Group& group, const live::MapView& map,
                       const std::map<std::string, Alert>& alerts) const {
  std::vector<const Alert*> members;
  for (const auto& [id, alert] : alerts) {
    if (alert.group == group.id) members.push_back(&alert);
  }
  std::ranges::sort(members, Worse);
  group.alerts.clear();
  group.causes.clear();
  group.victims.clear();
  group.silenced = true;
  for (const Alert* alert : members) {
    group.alerts.push_back(alert->id);
    auto& texts = alert->is_cause ? group.causes : group.victims;
    if (texts.size() < kMaxListed) texts.push_back(alert->text);
    group.severity = std::max(group.severity, alert->severity);
    if (group.since == 0) group.since = alert->since;
    group.since = std::min(group.since, alert->since);
    group.silenced = group.silenced && !alert->silenced_by.empty();
  }
  // Said of the group even where a change of verdict is not yet believed enough to move others
  // here.
  if (!group.cause.empty() && group.cause == NamedBy(map)) {
    const analysis::Diagnosis& verdict = *map.verdict;
    group.fault = FaultOf(verdict);
    group.sentence = verdict.sentence;
    group.evidence = verdict.evidence;
    group.cause_id = verdict.bottleneck;
    group.path.clear();
    for (const uint32_t node : verdict.path) group.path.push_back(map.names->ServiceName(node));
  }
  group.unsure = !group.cause.empty() && group.cause != cause_ &&
                 std::ranges::all_of(members, [](const Alert* a) { return a->names_cause; });
  group.title = TitleOf(group, members.size());
  group.labels = members.front()->labels;
  for (const Alert* alert : members) {
    std::erase_if(group.labels, [&](const auto& label) {
      const auto at = alert->labels.find(label.first);
      return at == alert->labels.end() || at->second != label.second;
    });
  }
  group.labels["severity"] = Name(group.severity);
  if (!group.cause.empty()) group.labels["cause"] = group.labels["service"] = group.cause;
  if (!group.fault.empty()) group.labels["class"] = group.fault;
  if (group.first_labels.empty()) group.first_labels = group.labels;
}

// Puts every alert into its group; a group that others explain now is replaced by theirs.
void Grouper::Move(const live::MapView& map, const Cause& cause,
                   std::map<std::string, Alert>& alerts) {
  std::map<std::string, std::string> left_for;  // group -> the one its alerts went to
  for (auto& [id, alert] : alerts) {
    std::string to = GroupOf(alert, cause, alerts);
    if (to == alert.group) continue;
    if (!groups_.contains(to) && groups_.size() >= kMaxGroups) to = "map";
    if (!alert.group.empty()) left_for[alert.group] = to;
    Group& group = groups_[to];
    if (group.id.empty() || group.resolved_at != 0 || !group.replaced_by.empty()) {
      group = {};
      group.id = to;
      group.opened = map.time;
      if (to.starts_with(kBottleneck)) group.cause = to.substr(kBottleneck.size());
    }
    alert.group = std::move(to);
  }
  for (const auto& [left, to] : left_for) {
    const bool emptied = std::ranges::none_of(alerts, [&left](const auto& entry) {
      return entry.second.group == left && !entry.second.names_cause;
    });
    const auto at = groups_.find(left);
    if (!emptied || at == groups_.end() || at->second.resolved_at != 0) continue;
    at->second.replaced_by = to;
    at->second.replaced_at = map.time;
    groups_[to].replaces.push_back(left);
  }
}

void Grouper::Update(const live::MapView& map, std::map<std::string, Alert>& alerts) {
  now_ = CauseOf(map);
  Move(map, now_, alerts);
  std::map<std::string, size_t> members;
  for (auto& [id, alert] : alerts) {
    const Group& group = groups_[alert.group];
    // Where no cause is named all are about what they are.
    alert.is_cause = group.cause.empty() || alert.subject.service == group.cause;
    ++members[alert.group];
  }
  for (auto& [id, group] : groups_) {
    if (members.contains(id)) {
      Describe(group, map, alerts);
    } else if (group.resolved_at == 0) {
      group.resolved_at = map.time;
      group.alerts.clear();
    }
  }
  std::erase_if(groups_, [&](const auto& entry) {
    return entry.second.resolved_at != 0 &&
           entry.second.resolved_at + kKeepResolvedSeconds <= map.time;
  });
}

void Grouper::Expect(const std::vector<Alert>& pending) {
  for (auto& [id, group] : groups_) {
    group.growing = !group.cause.empty() && group.cause == now_.service &&
                    std::ranges::any_of(pending, [this](const Alert& alert) {
                      return IsSymptom(alert) && Explains(now_, alert);
                    });
  }
}

void Grouper::Restore(Group group) {
  if (groups_.size() >= kMaxGroups) return;
  const std::string id = group.id;
  groups_[id] = std::move(group);
}

}  // namespace pano::alert
