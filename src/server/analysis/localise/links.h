// SPDX-License-Identifier: Apache-2.0
// What is lost between a caller's view of a call and the callee's: on which side of it?
#pragma once

#include <cstdint>

#include "server/analysis/localise/system.h"

namespace pano::analysis {

// Fills Call::on_the_way and Call::callers_side, and takes from callees what speaks of their
// connects but is their callers' doing.
void JudgeLinks(System& system);

// Mean of Call::on_the_way over all calls from and to a node, at least two; else 0.
double HeldUpAllAround(const System& system, uint32_t node);

}  // namespace pano::analysis
