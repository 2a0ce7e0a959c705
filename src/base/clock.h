// SPDX-License-Identifier: Apache-2.0
// Two clocks: monotonic nanoseconds (what the kernel stamps events with, CLOCK_MONOTONIC) and wall
// time (what people and stored rows use). WallClock converts between them.
#pragma once

#include <cstdint>

namespace pano {

uint64_t MonotonicNs();
uint64_t WallNs();  // since 1970-01-01 UTC

// Offset wall - monotonic, sampled now. Add it to an event's monotonic time to get wall time.
int64_t WallOffsetNs();

}  // namespace pano
