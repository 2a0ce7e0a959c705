// SPDX-License-Identifier: Apache-2.0
// Degradation stages of the agent, and what moves it between them.
#pragma once

#include <cstdint>
#include <string_view>

namespace pano::agent {

enum class Stage : uint8_t {
  kFull,
  kShortPayload,     // less payload is copied per call
  kSampledRequests,  // only slow and failed requests are kept
  kFoldedEndpoints,  // endpoints are folded into their edges
  kEdgesOnly,        // kernel counters only
};
std::string_view Name(Stage stage);

struct StageLimits {
  uint64_t cpu_us_per_second = 1'000'000;
  uint64_t memory_bytes = 0;  // 0: not watched (the process does more than the agent)
};

// Steps one stage at a time: worse after 3 seconds over the budget or with events lost, better
// after 10 seconds well inside it. A pure function of what it was told.
class StageGovernor {
 public:
  explicit StageGovernor(const StageLimits& limits) : limits_(limits) {}

  // One second's use; true when the stage changed.
  bool Update(uint64_t cpu_us, uint64_t memory_bytes, uint64_t events_lost);
  Stage stage() const { return stage_; }

 private:
  StageLimits limits_;
  Stage stage_ = Stage::kFull;
  int bad_seconds_ = 0;
  int good_seconds_ = 0;
};

}  // namespace pano::agent
