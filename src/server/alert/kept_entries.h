// SPDX-License-Identifier: Apache-2.0
// in: entries of people and of the provisioned file, words of people  out: what is in force
// The file's entries stand over those of people, and those over the built-in rules. Pure: who calls
// locks and writes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/alert/alert_keeper.h"  // Kept
#include "server/alert/entry_file.h"

namespace pano::alert {

// Null: none has that id.
template <typename T>
const T* FindIn(const std::vector<T>& list, std::string_view id) {
  const auto at = std::ranges::find(list, id, &T::id);
  return at == list.end() ? nullptr : &*at;
}

struct KeptEntries {
  Entries own;
  Entries fixed;  // provisioned

  std::vector<Rule> Rules() const;
  std::vector<Route> Routes() const;
  std::vector<Silence> Silences() const;
  bool AnyRoute() const;  // that is enabled
  bool On(const Rule& rule) const;

  // Puts an entry into `next`, a copy of `own`, and answers its id. `id` empty: a new one.
  Result<std::string> Put(Kept what, Entries& next, const std::string& id,
                          const nlohmann::json& body, uint64_t now) const;

  struct Removed {
    bool gone = false;     // out of `next`; silences end and stay
    bool builtin = false;  // a built-in rule is what it was
  };
  Result<Removed> Remove(Kept what, Entries& next, const std::string& id, uint64_t now) const;

 private:
  Result<std::string> PutRule(Entries& next, const std::string& id,
                              const nlohmann::json& body) const;
  Result<std::string> PutRoute(Entries& next, const std::string& id,
                               const nlohmann::json& body) const;
  Result<std::string> PutSilence(Entries& next, const std::string& id, const nlohmann::json& body,
                                 uint64_t now) const;
};

}  // namespace pano::alert
