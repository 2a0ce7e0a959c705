// SPDX-License-Identifier: Apache-2.0
// Follows the target's harm from node to node to where it is made.
#pragma once

#include <cstdint>
#include <vector>

#include "server/analysis/localise/system.h"

namespace pano::analysis {

// All of it sums to 1, or to 0 when nothing is abnormal.
struct Blame {
  std::vector<double> slow;    // per node: waiting made there
  std::vector<double> failed;  // failures made there
  std::vector<double> demand;  // requests that are not sent from there
  std::vector<double>
      passed;  // harm that came by, whether it stayed or not; may exceed 1 in cycles
  std::vector<double> own_slow;  // 0..1 of the node's extra waiting: what its calls do not explain
  std::vector<double> own_failed;  // the same of its failures
  bool at_target = false;          // the target shows the harm; else it was sought everywhere

  double of(size_t node) const { return slow[node] + failed[node] + demand[node]; }
};

Blame FindBlame(const System& system, const std::vector<uint32_t>& aliases);

}  // namespace pano::analysis
