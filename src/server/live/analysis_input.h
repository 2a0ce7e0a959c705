// SPDX-License-Identifier: Apache-2.0
// in: PackedSecond or WindowSet  out: analysis::Input
#pragma once

#include <cstdint>
#include <vector>

#include "server/analysis/input.h"
#include "server/live/history.h"
#include "server/live/map_view.h"

namespace pano::live {

// Second by second.
analysis::Input InputFromSeconds(const std::vector<SecondPtr>& seconds, uint64_t to,
                                 const Names& names, const EdgeIdOf& edge_of);
// Of a whole window that is only known folded (from the store): one mean second.
analysis::Input InputFromWindows(const WindowSet& windows, const Names& names);
// One mean second per stretch, oldest first; `watched`: seconds of each that were watched.
analysis::Input InputFromSeries(const std::vector<WindowSet>& series,
                                const std::vector<double>& watched, const Names& names);

}  // namespace pano::live
