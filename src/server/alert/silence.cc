// SPDX-License-Identifier: Apache-2.0
#include "server/alert/silence.h"

#include <algorithm>
#include <array>

namespace pano::alert {
namespace {

uint64_t PeriodOf(Every every) {
  constexpr uint64_t kDay = 86'400;
  return every == Every::kDay ? kDay : every == Every::kWeek ? 7 * kDay : 0;
}

}  // namespace

bool Matches(const Matcher& matcher, const Labels& labels) {
  const auto at = labels.find(matcher.label);
  const std::string_view value = at == labels.end() ? std::string_view() : at->second;
  const bool same = matcher.pattern ? Glob(matcher.value, value) : matcher.value == value;
  return same != matcher.negated;
}

bool MatchesAll(const std::vector<Matcher>& matchers, const Labels& labels) {
  return std::ranges::all_of(matchers, [&](const Matcher& m) { return Matches(m, labels); });
}

std::string_view Name(SilenceState state) {
  constexpr std::array<std::string_view, 3> kNames{"waiting", "active", "ended"};
  return kNames[static_cast<size_t>(state)];
}

SilenceState StateOf(const Silence& silence, uint64_t time) {
  if (time < silence.starts_at) return SilenceState::kWaiting;
  const uint64_t period = PeriodOf(silence.every);
  if (period == 0) return time < silence.ends_at ? SilenceState::kActive : SilenceState::kEnded;
  const uint64_t length = silence.ends_at - silence.starts_at;
  return (time - silence.starts_at) % period < length ? SilenceState::kActive
                                                      : SilenceState::kWaiting;
}

const Silence* FindSilence(const std::vector<Silence>& silences, const Labels& alert,
                           const Labels& group, uint64_t time) {
  for (const Silence& silence : silences) {
    if (StateOf(silence, time) != SilenceState::kActive) continue;
    if (silence.matchers.empty() && !silence.maintenance) continue;
    if (MatchesAll(silence.matchers, alert) || MatchesAll(silence.matchers, group)) return &silence;
  }
  return nullptr;
}

}  // namespace pano::alert
