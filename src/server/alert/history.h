// SPDX-License-Identifier: Apache-2.0
// What fired and what was sent, in an SQLite file; and the state that must survive a restart.
// Thread safe. Bounded by count and age.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"
#include "server/alert/alert_keeper.h"

namespace pano::alert {

inline constexpr size_t kMaxEntries = 20'000;
inline constexpr uint64_t kKeepEntriesSeconds = uint64_t{30} * 86'400;

class History {
 public:
  // `path` empty: in memory. A file that is damaged is set aside as PATH.damaged and begun anew;
  // `note` says so.
  static Result<std::unique_ptr<History>> Open(const std::string& path, std::string& note);
  ~History();

  // `entry`: as docs/api.md has it, without "number"; "time" and "kind" are needed.
  Status Add(const nlohmann::json& entry);
  Result<nlohmann::json> Read(const HistoryQuery& query) const;

  Status SaveState(const nlohmann::json& state);
  // Null when there is none.
  nlohmann::json LoadState() const;

 private:
  class Impl;
  explicit History(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pano::alert
