// SPDX-License-Identifier: Apache-2.0
// From the entry over the target to a node, along calls, through what is abnormal where possible.
#pragma once

#include <cstdint>
#include <vector>

#include "server/analysis/localise/system.h"

namespace pano::analysis {

class PathFinder {
 public:
  explicit PathFinder(const System& system);
  // Nodes in order, `node` last; only `node` where no calls lead to it.
  std::vector<uint32_t> To(uint32_t node) const;

 private:
  std::vector<uint32_t> Tree(uint32_t root) const;  // per node: the one before it

  const System& system_;
  std::vector<uint32_t> from_entry_;
  std::vector<uint32_t> from_target_;
};

}  // namespace pano::analysis
