// SPDX-License-Identifier: Apache-2.0
#include "server/alert/rule.h"

#include <array>

namespace pano::alert {
namespace {

Rule Builtin(std::string id, std::string name, Severity severity, uint32_t for_s, uint32_t clear_s,
             Condition condition, std::string note) {
  Rule rule;
  rule.id = std::move(id);
  rule.name = std::move(name);
  rule.note = std::move(note);
  rule.severity = severity;
  rule.for_s = for_s;
  rule.clear_s = clear_s;
  rule.condition = std::move(condition);
  rule.origin = Origin::kBuiltin;
  return rule;
}

Condition Of(ConditionType type) {
  Condition condition;
  condition.type = type;
  return condition;
}

Condition Event(std::string kind) {
  Condition condition = Of(ConditionType::kEvent);
  condition.kinds = {std::move(kind)};
  return condition;
}

Condition LostRecords() {
  Condition condition = Of(ConditionType::kLosses);
  condition.effects = {"lost"};
  condition.per_s = 100;
  return condition;
}

}  // namespace

std::string_view Name(Origin origin) {
  constexpr std::array<std::string_view, 4> kNames{"builtin", "changed", "user", "file"};
  return kNames[static_cast<size_t>(origin)];
}

const std::vector<Rule>& BuiltinRules() {
  static const std::vector<Rule> kRules{
      Builtin("bottleneck", "Bottleneck", Severity::kCritical, 10, 30,
              Of(ConditionType::kBottleneck), "The map names the service that holds others back."),
      Builtin("over-limit", "Over its limit", Severity::kWarning, 15, 30,
              Of(ConditionType::kOverLimit), "One of the six metrics is over its limit."),
      Builtin("run-objectives", "Run over its objectives", Severity::kWarning, 10, 30,
              Of(ConditionType::kRunObjectives), "A load-test run misses what it was to keep."),
      Builtin("oom-kill", "Killed for lack of memory", Severity::kCritical, 0, 300,
              Event("oom_kill"), "The kernel killed a process because memory ran out."),
      Builtin("restart", "Restarted", Severity::kWarning, 0, 300, Event("restart"),
              "A process of a service ended and another took its place."),
      Builtin("capture", "No capture", Severity::kCritical, 15, 15, Of(ConditionType::kCapture),
              "No agent delivers: the map does not see traffic."),
      Builtin("stage", "Capture degraded", Severity::kWarning, 30, 60, Of(ConditionType::kStage),
              "The agent keeps within its budget by seeing less detail."),
      Builtin("losses", "Records lost", Severity::kWarning, 10, 60, LostRecords(),
              "Some of what happened is missing from the metrics."),
      Builtin("store", "Store in trouble", Severity::kWarning, 15, 30, Of(ConditionType::kStore),
              "History is not written; the live map goes on."),
  };
  return kRules;
}

bool Glob(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return true;
  // Greedy with one point to come back to: linear for one star, never exponential.
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace pano::alert
