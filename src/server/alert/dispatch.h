// SPDX-License-Identifier: Apache-2.0
// in: groups, routes, what receivers answered  out: which message is due where, and when again
// One message under way per route; the next one is made of what is true by then, so nothing queues
// up behind a dead receiver. Pure: time comes in.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "server/alert/alert.h"
#include "server/alert/route.h"

namespace pano::alert {

enum class MessageKind : uint8_t { kFiring, kRepeat, kResolved, kTest };
std::string_view Name(MessageKind kind);

// What became of one attempt.
struct Outcome {
  bool ok = false;
  bool permanent = false;  // trying the same again would not help: 4xx
  bool heard = false;      // the receiver answered at all
  int64_t status = 0;      // HTTP or SMTP code; 0: none
  uint64_t retry_after_s = 0;
  std::string error;   // for people; empty when ok
  std::string answer;  // what the receiver said, cut
};

struct Due {
  std::string route;
  std::string group;
  MessageKind kind = MessageKind::kFiring;
  uint32_t attempt = 1;
};

struct RouteHealth {
  uint64_t sent = 0;
  uint64_t failed = 0;
  uint64_t last_sent = 0;
  uint64_t last_error_time = 0;
  std::string last_error;
  uint32_t failures = 0;  // in a row
  uint64_t next_try = 0;  // 0: at once
  bool busy = false;
};

// Of one group at one route.
struct Delivery {
  bool told = false;                    // firing was delivered
  bool resolved = false;                // so was the end
  Severity severity = Severity::kInfo;  // told last
  uint64_t last_sent = 0;
  uint64_t opened = 0;       // of the group that all this is about
  uint64_t firing_seen = 0;  // when the group was first due here
  uint32_t attempts = 0;     // since the last success
  uint64_t next_try = 0;
  bool under_way = false;
  MessageKind kind = MessageKind::kFiring;  // under way
  std::string error;                        // of the last attempt
};

// After failure n in a row: 1, 2, 4 ... 300 s.
uint64_t BackoffSeconds(uint32_t failures);
inline constexpr uint64_t kMostBackoff = 300;
inline constexpr uint64_t kMostRetryAfter = 3600;
// The end of a group that could not be told of is tried this long.
inline constexpr uint64_t kResolveSeconds = 3600;  // as long as groups are kept
// The first message waits this much longer for what is about to join.
inline constexpr uint64_t kGrowSeconds = 15;
// An Alertmanager forgets what is not said again.
inline constexpr uint64_t kAlertmanagerRepeat = 60;

class Dispatcher {
 public:
  // What to send now; each counts as under way until Done.
  std::vector<Due> Plan(uint64_t time, const std::map<std::string, Group>& groups,
                        const std::map<std::string, Alert>& alerts,
                        const std::vector<Route>& routes);
  void Done(const Due& due, const Outcome& outcome, Severity severity, uint64_t time);
  // It was never sent: there was no room. Due again next time.
  void Undone(const Due& due);

  const RouteHealth* Health(const std::string& route) const;
  size_t Waiting(const std::string& route) const;
  std::vector<std::pair<std::string, Delivery>> Of(const std::string& group) const;
  // A route that changed is tried at once.
  void Reset(const std::string& route);

  nlohmann::json Save() const;
  void Load(const nlohmann::json& saved);

 private:
  using Key = std::pair<std::string, std::string>;  // route, group
  void Forget(const std::map<std::string, Group>& groups, const std::vector<Route>& routes);

  std::map<Key, Delivery> deliveries_;
  std::map<std::string, RouteHealth> routes_;
};

// Whether a route wants to hear of a group: its severity and its matchers, against the group or any
// alert of it.
bool Wants(const Route& route, const Group& group, const std::map<std::string, Alert>& alerts);

}  // namespace pano::alert
