// SPDX-License-Identifier: Apache-2.0
// What the engine's read-only mode lets through and must not: statements that are not questions,
// several at once, INTO OUTFILE, the file() function. Comments are taken out on the way.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace pano::query {

// The statement to run, or why it is refused (kDenied, or kInvalid when it cannot be read).
Result<std::string> GuardSql(std::string_view sql);

}  // namespace pano::query
