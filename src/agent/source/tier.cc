// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <utility>

#include "agent/source/live_source.h"

namespace pano::source {
namespace {

constexpr std::array<std::pair<Tier, std::string_view>, 4> kTierNames{{
    {Tier::kAuto, "auto"},
    {Tier::kSockLength, "sock_length"},
    {Tier::kSysExit, "sys_exit"},
    {Tier::kNone, "none"},
}};

}  // namespace

std::string_view Name(Tier tier) {
  for (const auto& [value, name] : kTierNames)
    if (value == tier) return name;
  return "auto";
}

std::optional<Tier> TierByName(std::string_view name) {
  for (const auto& [value, known] : kTierNames)
    if (known == name) return value;
  return std::nullopt;
}

}  // namespace pano::source
