// SPDX-License-Identifier: Apache-2.0
// in: the load at the entry over a run, its events and marks  out: its steps
// Change points of the offered load: of open connections where they are kept, of the request rate
// otherwise. A rate that moves against latency while connections stay is the system's answer, not a
// step. Scaling, deploys and restarts begin a step as well: the system is another one after them.
// Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/run/load_series.h"
#include "server/run/run.h"

namespace pano::run {

struct StepOptions {
  uint32_t least_seconds = 10;  // of a step
  double least_change = 0.15;   // relative
  double least_sigma = 5;       // change in standard errors
};

// `points`: one per bucket, oldest first. At least one step when there is a point.
std::vector<Step> FindSteps(std::span<const LoadPoint> points, std::span<const RunEvent> events,
                            std::span<const Mark> marks, const StepOptions& options = {});

}  // namespace pano::run
