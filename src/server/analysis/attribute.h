// SPDX-License-Identifier: Apache-2.0
// in: Graph, Saturation  out: for each node, how much of what is wrong is made there
// Harm enters at the edges where it is first felt and flows down the calls: waiting along the time
// that callers spend in slow calls, failures along failed calls. What a node cannot pass on is its
// own. docs/analysis.md says why.
#pragma once

#include <cstddef>
#include <vector>

#include "server/analysis/graph.h"
#include "server/analysis/saturation.h"
#include "server/analysis/time_split.h"

namespace pano::analysis {

struct Attribution {
  // Harm made at each node, in requests per second, weighted by how bad it is.
  std::vector<double> slow;
  std::vector<double> failed;
  std::vector<double> refused;
  std::vector<double> flow;      // harm that passed each edge
  std::vector<TimeSplit> split;  // per node
  double total = 0;
  bool within_limits = false;  // nothing is over; this is where it would go over next

  double harm(size_t node) const { return slow[node] + failed[node] + refused[node]; }
  double share(size_t node) const { return total > 0 ? harm(node) / total : 0; }
};

Attribution Attribute(const Graph& graph, const std::vector<Saturation>& saturation);

}  // namespace pano::analysis
