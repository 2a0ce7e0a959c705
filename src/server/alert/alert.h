// SPDX-License-Identifier: Apache-2.0
// What alerting talks about: an alert is one rule about one subject; a group is what one cause
// makes of them, and what one message is about. Plain data; times are unix seconds, 0 is none.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/analysis/limits.h"

namespace pano::alert {

enum class Severity : uint8_t { kInfo, kWarning, kCritical };
std::string_view Name(Severity severity);  // "info", "warning", "critical"
std::optional<Severity> SeverityByName(std::string_view name);

using Labels = std::map<std::string, std::string>;

enum class SubjectKind : uint8_t { kEdge, kNode, kMap, kRun, kPanoscope };
std::string_view Name(SubjectKind kind);

struct Subject {
  SubjectKind kind = SubjectKind::kMap;
  uint32_t id = 0;  // of the edge or node on the map; 0: none
  std::string client;
  std::string server;
  std::string service;  // the node, or the server of the edge; empty: none
  bool operator==(const Subject&) const = default;
};

enum class Phase : uint8_t { kIdle, kPending, kFiring, kResolved };
std::string_view Name(Phase phase);

struct Alert {
  std::string id;  // of rule and subject: the same trouble has the same id at any time
  std::string rule;
  std::string rule_name;
  Severity severity = Severity::kWarning;
  Phase phase = Phase::kPending;
  uint64_t since = 0;  // first bad second
  uint64_t firing_since = 0;
  uint64_t resolved_at = 0;
  Subject subject;
  std::string metric;  // empty: none
  double value = analysis::kUnknown;
  double limit = analysis::kUnknown;
  std::string unit;  // of both: "us", "1/s", ...
  std::string text;  // one line for people
  Labels labels;     // the rule's and those that say what it is about
  std::string group;
  bool names_cause = false;  // says itself who the cause is
  bool is_cause = false;     // about the cause itself, not about a victim of it
  std::string silenced_by;   // id of the silence; empty: heard
  bool flapping = false;     // fires and clears again and again: it is kept firing longer
};

struct Group {
  std::string id;     // "bottleneck:cart", "service:cart", "run:ID", "panoscope:store", "map"
  std::string cause;  // service; empty: not known, or none
  uint32_t cause_id = 0;
  std::string fault;  // class of the fault; empty: not known
  Severity severity = Severity::kInfo;
  uint64_t since = 0;        // first bad second of any of it
  uint64_t opened = 0;       // when it fired first
  uint64_t resolved_at = 0;  // 0: firing
  std::string title;
  std::string sentence;  // of the diagnosis; may be empty
  std::vector<std::string> evidence;
  std::vector<std::string> path;
  std::vector<std::string> alerts;  // ids of those that fire now, the cause's first, then the worst
  std::vector<std::string> causes;  // texts of alerts about the cause
  std::vector<std::string> victims;   // texts of the others; of a resolved group: what there was
  std::vector<std::string> replaces;  // groups whose message this one takes over
  std::string replaced_by;            // the group that explains what this one was about
  uint64_t replaced_at = 0;
  bool silenced = false;  // every alert of it
  bool unsure = false;    // a verdict that changed a moment ago, and nothing else: not told yet
  bool growing = false;   // pending alerts would join it: its message waits for them a little
  Labels labels;          // what all of it shares, for matchers
  Labels first_labels;    // those when it opened: they name it where names must stay
};

}  // namespace pano::alert
