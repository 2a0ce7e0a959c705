// SPDX-License-Identifier: Apache-2.0
#include "agent/stage.h"

namespace pano::agent {

std::string_view Name(Stage stage) {
  switch (stage) {
    case Stage::kFull:
      return "full";
    case Stage::kShortPayload:
      return "short_payload";
    case Stage::kSampledRequests:
      return "sampled_requests";
    case Stage::kFoldedEndpoints:
      return "folded_endpoints";
    case Stage::kEdgesOnly:
      return "edges_only";
  }
  return "full";
}

bool StageGovernor::Update(uint64_t cpu_us, uint64_t memory_bytes, uint64_t events_lost) {
  constexpr int kWorseAfter = 3;
  constexpr int kBetterAfter = 10;
  const uint64_t cpu = limits_.cpu_us_per_second;
  const uint64_t memory = limits_.memory_bytes;
  const bool over =
      cpu_us > cpu / 10 * 9 || (memory != 0 && memory_bytes > memory) || events_lost > 0;
  const bool well =
      cpu_us < cpu / 10 * 6 && (memory == 0 || memory_bytes < memory / 10 * 8) && events_lost == 0;
  bad_seconds_ = over ? bad_seconds_ + 1 : 0;
  good_seconds_ = well ? good_seconds_ + 1 : 0;
  if (bad_seconds_ >= kWorseAfter && stage_ < Stage::kEdgesOnly) {
    stage_ = static_cast<Stage>(static_cast<uint8_t>(stage_) + 1);
    bad_seconds_ = 0;
    return true;
  }
  if (good_seconds_ >= kBetterAfter && stage_ > Stage::kFull) {
    stage_ = static_cast<Stage>(static_cast<uint8_t>(stage_) - 1);
    good_seconds_ = 0;
    return true;
  }
  return false;
}

}  // namespace pano::agent
