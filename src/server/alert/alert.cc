// SPDX-License-Identifier: Apache-2.0
#include "server/alert/alert.h"

#include <array>

namespace pano::alert {
namespace {
constexpr std::array<std::string_view, 3> kSeverities{"info", "warning", "critical"};
}

std::string_view Name(Severity severity) { return kSeverities[static_cast<size_t>(severity)]; }

std::optional<Severity> SeverityByName(std::string_view name) {
  for (size_t i = 0; i < kSeverities.size(); ++i) {
    if (kSeverities[i] == name) return static_cast<Severity>(i);
  }
  return std::nullopt;
}

std::string_view Name(SubjectKind kind) {
  constexpr std::array<std::string_view, 5> kNames{"edge", "node", "map", "run", "panoscope"};
  return kNames[static_cast<size_t>(kind)];
}

std::string_view Name(Phase phase) {
  constexpr std::array<std::string_view, 4> kNames{"idle", "pending", "firing", "resolved"};
  return kNames[static_cast<size_t>(phase)];
}

}  // namespace pano::alert
