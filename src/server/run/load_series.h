// SPDX-License-Identifier: Apache-2.0
// in: live::WindowSet  out: the load at the entry, as a number per stretch
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/analysis/limits.h"
#include "server/live/window.h"

namespace pano::run {

// What the entry wanted and got in one stretch. Rates are per watched second.
struct LoadPoint {
  uint64_t from = 0;
  uint32_t seconds = 0;
  bool known = false;                      // somebody watched
  double offered = 0;                      // requests and connects that failed
  double accepted = 0;                     // answered without error
  double connects = 0;                     // tried
  double connections = 0;                  // open at its end
  double in_flight = 0;                    // mean: rate x latency, or the level where none ended
  double latency_us = analysis::kUnknown;  // mean
};

// `entry`: ids of the edges that bring the load, ascending.
LoadPoint LoadOf(const live::WindowSet& window, std::span<const uint32_t> entry);

}  // namespace pano::run
