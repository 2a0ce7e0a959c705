// SPDX-License-Identifier: Apache-2.0
// Two simple ways to name a culprit, to measure the ranking against. They see what it sees.
#pragma once

#include <cstdint>
#include <vector>

#include "server/analysis/localise/question.h"

namespace pano::bench {

// Nodes by their largest deviation from the mean of the baseline, in standard deviations.
std::vector<uint32_t> ByLargestDeviation(const analysis::Question& question);

// Nodes the target reaches that deviate by more than 3 while nothing they call does; then the rest.
std::vector<uint32_t> ByDeepestAbnormal(const analysis::Question& question);

}  // namespace pano::bench
