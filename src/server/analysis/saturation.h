// SPDX-License-Identifier: Apache-2.0
// in: analysis::Graph  out: how close to its limits each node ran in the window
#pragma once

#include <cstddef>
#include <vector>

#include "server/analysis/graph.h"

namespace pano::analysis {

// Strengths are 0 (no sign) to 1 (beyond doubt).
struct Saturation {
  bool known = false;        // the node reported anything
  double throttled = 0;      // 0..1, mean share of periods cut short
  double cpu_use = 0;        // cores
  double cpu_quota = 0;      // cores; 0 none
  double quota_use = 0;      // cpu_use / cpu_quota; 0 without a quota
  double run_queue = 0;      // seconds waited per second
  double queue_level = 0;    // accept queue / its limit, largest second
  double overflow = 0;       // accept queue overflows, 1/s
  double oom_kills = 0;      // in the window
  double refused = 0;        // connects answered with RST, 1/s
  double failed = 0;         // connects into it that failed, 1/s
  double retrans_syn = 0;    // 1/s, into it
  double retrans_share = 0;  // of data segments, worst edge into it
  double one_core = 0;       // strength: each instance uses exactly one core

  double cpu = 0;      // strength: throttled, at quota, or single-threaded at one core
  double queue = 0;    // strength: accept queue
  double memory = 0;   // strength
  double network = 0;  // strength: segments lost on the way to it
  double any() const;  // the strongest of those
};

std::vector<Saturation> MeasureSaturation(const Graph& graph);

}  // namespace pano::analysis
