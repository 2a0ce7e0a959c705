// SPDX-License-Identifier: Apache-2.0
#include "server/alert/state_machine.h"

#include <algorithm>

namespace pano::alert {

Change StateMachine::Fire(uint64_t time) {
  phase_ = Phase::kFiring;
  firing_since_ = time;
  calm_since_ = 0;
  std::ranges::copy_backward(firings_.begin(), firings_.end() - 1, firings_.end());
  firings_.front() = time;
  const auto recent = std::ranges::count_if(
      firings_, [time](uint64_t t) { return t != 0 && t + kFlapWindow > time; });
  flapping_ = recent >= kFlapFirings;
  return Change::kFired;
}

uint64_t StateMachine::Patience() const {
  if (!flapping_) return 1;
  const auto recent = static_cast<uint64_t>(std::ranges::count_if(
      firings_, [this](uint64_t t) { return t != 0 && t + kFlapWindow > firing_since_; }));
  const uint64_t more = recent >= kFlapFirings ? recent - kFlapFirings + 1 : 0;
  return std::min(kMostPatience, uint64_t{1} << std::min<uint64_t>(more, 63));
}

Change StateMachine::Update(uint64_t time, Reading reading, uint64_t for_s, uint64_t clear_s) {
  const bool gap = last_ != 0 && time > last_ + kGapSeconds;
  last_ = time;
  if (gap) {
    if (calm_since_ != 0) calm_since_ = time;
    if (phase_ == Phase::kPending) phase_ = Phase::kIdle;
  }
  if (reading == Reading::kBad) {
    calm_since_ = 0;
    last_bad_ = time;
    if (phase_ == Phase::kFiring) return Change::kNone;
    const bool begins = phase_ != Phase::kPending;
    if (begins) since_ = time;
    // The first bad second counts: for_s of 1 and 0 fire at once.
    if (time + 1 >= since_ + for_s) return Fire(time);
    phase_ = Phase::kPending;
    return begins ? Change::kPending : Change::kNone;
  }
  if (phase_ == Phase::kPending) {
    // A second nobody knows of breaks nothing; a silence does.
    if (reading == Reading::kUnknown && time <= last_bad_ + kGapSeconds) return Change::kNone;
    phase_ = Phase::kIdle;
    return Change::kDropped;
  }
  if (phase_ != Phase::kFiring) return Change::kNone;
  if (calm_since_ == 0) calm_since_ = time;
  uint64_t needed = clear_s * Patience();
  if (reading == Reading::kUnknown) needed = std::max(needed, kUnknownClearSeconds);
  if (time + 1 < calm_since_ + std::max<uint64_t>(needed, 1)) return Change::kNone;
  phase_ = Phase::kResolved;
  return Change::kResolved;
}

void StateMachine::Restore(Phase phase, uint64_t since, uint64_t firing_since, uint64_t time) {
  phase_ = phase;
  since_ = since;
  firing_since_ = firing_since;
  last_ = time;
  last_bad_ = time;
  calm_since_ = 0;
  firings_ = {};
  firings_.front() = firing_since;
}

bool StateMachine::Forgettable(uint64_t time) const {
  if (phase_ == Phase::kPending || phase_ == Phase::kFiring) return false;
  return firings_.front() == 0 || firings_.front() + kFlapWindow <= time;
}

}  // namespace pano::alert
