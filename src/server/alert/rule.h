// SPDX-License-Identifier: Apache-2.0
// When to fire. Rules are data; docs/api.md has their JSON, rule_json.h reads and writes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/alert/alert.h"

namespace pano::alert {

enum class ConditionType : uint8_t {
  kOverLimit,
  kThreshold,
  kEdgesOver,
  kBottleneck,
  kBottleneckChanged,
  kRunObjectives,
  kLosses,
  kStore,
  kStage,
  kCapture,
  kEvent,
};

enum class Scope : uint8_t { kAny, kEdge, kNode };

// Only the fields of its type mean anything. Names may hold '*'; an empty one is any.
struct Condition {
  ConditionType type = ConditionType::kOverLimit;
  std::string metric;
  Scope scope = Scope::kAny;
  std::string service;
  std::string client;
  std::string server;
  bool above = true;  // bad above `value`; false: below
  double value = 0;
  uint32_t count = 1;
  double min_confidence = 0.6;
  double per_s = 0;
  std::vector<std::string> classes;
  std::vector<std::string> effects;
  std::vector<std::string> causes;
  std::vector<std::string> kinds;
  std::string run;
  bool operator==(const Condition&) const = default;
};

enum class Enabled : uint8_t { kOff, kOn, kAuto };  // kAuto: as soon as a route is enabled
enum class Origin : uint8_t { kBuiltin, kChanged, kUser, kFile };
std::string_view Name(Origin origin);

struct Rule {
  std::string id;
  std::string name;
  std::string note;
  Enabled enabled = Enabled::kAuto;
  Severity severity = Severity::kWarning;
  uint32_t for_s = 10;
  uint32_t clear_s = 30;
  Labels labels;
  Condition condition;
  Origin origin = Origin::kUser;
  bool operator==(const Rule&) const = default;
};

// Those there are before anybody wrote one.
const std::vector<Rule>& BuiltinRules();

// '*' is any text, everything else itself. An empty pattern matches everything.
bool Glob(std::string_view pattern, std::string_view text);

}  // namespace pano::alert
