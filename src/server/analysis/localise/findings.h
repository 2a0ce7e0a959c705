// SPDX-License-Identifier: Apache-2.0
// What one node's signals say in words, and which kind of fault they look like.
#pragma once

#include <string>
#include <vector>

#include "server/analysis/diagnose.h"
#include "server/analysis/localise/blame.h"
#include "server/analysis/localise/system.h"

namespace pano::analysis {

FaultClass Classify(const System& system, const Blame& blame, uint32_t node);
// Most telling first; never empty.
std::vector<std::string> Evidence(const System& system, const Blame& blame, uint32_t node);
// "slow by itself", "its CPU quota holds it back", ...
std::string_view SayFault(FaultClass fault);

}  // namespace pano::analysis
