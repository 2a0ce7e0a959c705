// SPDX-License-Identifier: Apache-2.0
// in: the text of a file as docs/diagnose.md describes it  out: Question, normalised
#pragma once

#include <string_view>

#include "base/result.h"
#include "server/analysis/localise/question.h"

namespace pano::analysis {

inline constexpr size_t kMaxQuestionNodes = 200'000;

// What the format does not name is passed over; what it names must be as it says. Errors name the
// place: "incident.series[3].values (line 12): 5 values for 6 times".
Result<Question> ReadQuestion(std::string_view json);

}  // namespace pano::analysis
