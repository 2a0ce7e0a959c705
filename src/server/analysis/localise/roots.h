// SPDX-License-Identifier: Apache-2.0
// Where the walk begins: the harm the target feels, or what is felt elsewhere when it feels none.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "server/analysis/localise/system.h"

namespace pano::analysis {

struct Roots {
  std::vector<double> mass;  // per node: waiting; then per node: failures. With demand at most 1
  std::vector<std::pair<uint32_t, double>> clients;  // waiting that callers of the target make
  uint32_t stopped = kNoNode;                        // that stopped sending requests
  double demand = 0;                                 // how much of the harm that is
  bool at_target = false;  // the target shows the harm; else it was sought everywhere
};

Roots FindRoots(const System& system);

}  // namespace pano::analysis
