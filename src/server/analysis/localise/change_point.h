// SPDX-License-Identifier: Apache-2.0
// Without a baseline, the time before an incident's trouble serves as one.
#pragma once

#include <optional>

#include "server/analysis/localise/question.h"

namespace pano::analysis {

// The incident in two where the target (or, if it tells nothing, most series) changes for the
// worse; nullopt where nothing clearly does.
std::optional<Question> SplitAtChange(const Question& question);

}  // namespace pano::analysis
