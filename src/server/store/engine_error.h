// SPDX-License-Identifier: Apache-2.0
// Text both back-ends share: ClickHouse's error messages and the escaping of parameter values.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace pano::store {

// "Code: 60. DB::Exception: ... (UNKNOWN_TABLE)" as our Error; the text is kept.
Error EngineError(std::string_view text);
bool IsDiskFull(const Error& error);

// The value of a {name:Type} parameter is read as in TSV: backslash, tab, newline... are escaped.
std::string EscapeParameter(std::string_view value);

}  // namespace pano::store
