// SPDX-License-Identifier: Apache-2.0
// What is held back, and until when. Pure: time comes in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/alert/alert.h"
#include "server/alert/rule.h"

namespace pano::alert {

struct Matcher {
  std::string label;
  bool negated = false;
  bool pattern = false;  // '*' in the value is any text
  std::string value;
  bool operator==(const Matcher&) const = default;
};
// A label that is not there is the empty text.
bool Matches(const Matcher& matcher, const Labels& labels);
bool MatchesAll(const std::vector<Matcher>& matchers, const Labels& labels);

enum class Every : uint8_t { kOnce, kDay, kWeek };

struct Silence {
  std::string id;
  bool maintenance = false;  // may hold back everything
  std::vector<Matcher> matchers;
  uint64_t starts_at = 0;
  uint64_t ends_at = 0;  // of the first stretch
  Every every = Every::kOnce;
  std::string comment;
  std::string created_by;
  uint64_t created_at = 0;
  Origin origin = Origin::kUser;
  bool operator==(const Silence&) const = default;
};

enum class SilenceState : uint8_t { kWaiting, kActive, kEnded };
std::string_view Name(SilenceState state);
SilenceState StateOf(const Silence& silence, uint64_t time);

// The silence that holds an alert of these labels, or of a group with those, back; null: none.
const Silence* FindSilence(const std::vector<Silence>& silences, const Labels& alert,
                           const Labels& group, uint64_t time);

}  // namespace pano::alert
