// SPDX-License-Identifier: Apache-2.0
// in: Case  out: a file as docs/diagnose.md describes it, with its truth
#pragma once

#include <string>

#include "bench/diagnose/make_case.h"

namespace pano::bench {

std::string QuestionJson(const Case& one);
// As folder/NAME.json.
void WriteCase(const Case& one, const std::string& folder);

}  // namespace pano::bench
