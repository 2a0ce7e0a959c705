// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <ctime>

namespace pano {
namespace {
uint64_t Read(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(t.tv_nsec);
}
}  // namespace

uint64_t MonotonicNs() { return Read(CLOCK_MONOTONIC); }
uint64_t WallNs() { return Read(CLOCK_REALTIME); }

int64_t WallOffsetNs() {
  // The monotonic clock is read on both sides so that a preemption in between is halved, not added.
  const uint64_t before = MonotonicNs();
  const uint64_t wall = WallNs();
  const uint64_t after = MonotonicNs();
  return static_cast<int64_t>(wall) - static_cast<int64_t>(before + (after - before) / 2);
}

}  // namespace pano
