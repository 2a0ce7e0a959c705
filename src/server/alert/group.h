// SPDX-License-Identifier: Apache-2.0
// in: alerts that fire, the verdict  out: groups, one per cause
// What the named bottleneck explains (itself, what waits for it, what lies on its path) is one
// group; the rest hangs together by the services it touches. An alert stays in its group until
// another bottleneck is named. Pure: time comes in with the map.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/alert/alert.h"
#include "server/live/map_view.h"

namespace pano::alert {

// Resolved groups are kept this long, for receivers that cannot be told yet.
inline constexpr uint64_t kKeepResolvedSeconds = 3600;
inline constexpr size_t kMaxGroups = 500;
// Where the verdict changed less than kUnrest ago, another one must hold for kHold to count.
inline constexpr uint64_t kUnrestSeconds = 120;
inline constexpr uint64_t kHoldSeconds = 30;

class Grouper {
 public:
  // `alerts`: all that fire, by id; their `group` and `is_cause` are written.
  void Update(const live::MapView& map, std::map<std::string, Alert>& alerts);
  // After Update: alerts that may fire soon make the group they would join `growing`.
  void Expect(const std::vector<Alert>& pending);
  // As it was before a restart.
  void Restore(Group group);
  const std::map<std::string, Group>& groups() const { return groups_; }
  std::map<std::string, Group>& groups() { return groups_; }

 private:
  struct Cause {
    std::string service;                 // empty: none is named
    std::vector<std::string> explained;  // names of victims and of the path, sorted
  };
  static bool Explains(const Cause& cause, const Alert& alert);
  Cause CauseOf(const live::MapView& map);
  void Move(const live::MapView& map, const Cause& cause, std::map<std::string, Alert>& alerts);
  std::string GroupOf(const Alert& alert, const Cause& cause,
                      const std::map<std::string, Alert>& alerts) const;
  void Describe(Group& group, const live::MapView& map,
                const std::map<std::string, Alert>& alerts) const;

  std::map<std::string, Group> groups_;
  Cause now_;                 // of the last Update
  std::string cause_;         // what alerts are moved to now
  uint64_t switched_at_ = 0;  // since when
  std::string named_;         // what the verdict names
  uint64_t named_since_ = 0;
};

}  // namespace pano::alert
