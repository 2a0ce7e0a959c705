// SPDX-License-Identifier: Apache-2.0
// When the walks over all sockets are due: just before an interval of the wall clock ends, so that
// what grew since the walk before is the interval's own. All times in nanoseconds.
#pragma once

#include <algorithm>
#include <cstdint>

namespace pano::source {

class WalkSchedule {
 public:
  explicit WalkSchedule(uint64_t interval_ns) : interval_ns_(interval_ns) {}

  // Monotonic time of the next walk. `wall_offset_ns` is wall minus monotonic.
  uint64_t Plan(uint64_t now_ns, int64_t wall_offset_ns) {
    const uint64_t wall = now_ns + static_cast<uint64_t>(wall_offset_ns);
    // One that has just been done, a little early or late, is not done again.
    const uint64_t end = ((wall + interval_ns_ / 4) / interval_ns_ + 1) * interval_ns_;
    end_ns_ = end - static_cast<uint64_t>(wall_offset_ns);
    return end_ns_ - std::min(kLeadNs, interval_ns_ / 8);
  }

  // The time of a record of the walk that was planned last: one that came late still tells of the
  // interval that had just ended.
  uint64_t Stamp(uint64_t time_ns) const {
    const bool late = time_ns >= end_ns_ && time_ns - end_ns_ < interval_ns_ / 2;
    return late ? end_ns_ - 1 : time_ns;
  }

 private:
  static constexpr uint64_t kLeadNs = 3'000'000;

  uint64_t interval_ns_;
  uint64_t end_ns_ = 0;
};

}  // namespace pano::source
