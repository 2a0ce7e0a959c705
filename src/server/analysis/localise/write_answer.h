// SPDX-License-Identifier: Apache-2.0
// in: Localisation  out: the JSON of docs/diagnose.md, and lines for people
#pragma once

#include <string>

#include "server/analysis/localise/localise.h"

namespace pano::analysis {

std::string WriteAnswerJson(const Question& question, const Localisation& answer);
std::string WriteAnswerText(const Question& question, const Localisation& answer);

}  // namespace pano::analysis
