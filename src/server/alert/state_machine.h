// SPDX-License-Identifier: Apache-2.0
// in: good, bad or unknown each second  out: when an alert fires and when it is over
// Pending after the first bad second, firing once `for_s` of them came without a good one, over
// after `clear_s` without a bad one. Pure: time comes in.
#pragma once

#include <array>
#include <cstdint>

#include "server/alert/alert.h"

namespace pano::alert {

enum class Reading : uint8_t { kGood, kBad, kUnknown };
enum class Change : uint8_t { kNone, kPending, kDropped, kFired, kResolved };

// Seconds without any reading that break what was counted.
inline constexpr uint64_t kGapSeconds = 10;
// What nobody knows clears later than what is known to be good.
inline constexpr uint64_t kUnknownClearSeconds = 60;
// An alert that fired this often within kFlapWindow is flapping: each time more doubles its
// clearing time, up to kMostPatience times. So it fires at most about a dozen times an hour.
inline constexpr uint64_t kFlapWindow = 3600;
inline constexpr uint32_t kFlapFirings = 3;
inline constexpr uint64_t kMostPatience = 16;

class StateMachine {
 public:
  // `time` grows. A second left out counts as unknown; a longer gap begins anew what was counted.
  Change Update(uint64_t time, Reading reading, uint64_t for_s, uint64_t clear_s);
  // As it was before a restart.
  void Restore(Phase phase, uint64_t since, uint64_t firing_since, uint64_t time);

  Phase phase() const { return phase_; }
  uint64_t since() const { return since_; }  // first bad second of this time
  uint64_t firing_since() const { return firing_since_; }
  bool flapping() const { return flapping_; }
  // Nothing is remembered that a fresh one would not know.
  bool Forgettable(uint64_t time) const;

 private:
  Change Fire(uint64_t time);
  uint64_t Patience() const;

  Phase phase_ = Phase::kIdle;
  uint64_t since_ = 0;
  uint64_t firing_since_ = 0;
  uint64_t last_ = 0;
  uint64_t last_bad_ = 0;
  uint64_t calm_since_ = 0;            // first second without a bad one; 0: the last was bad
  std::array<uint64_t, 8> firings_{};  // newest first
  bool flapping_ = false;
};

}  // namespace pano::alert
