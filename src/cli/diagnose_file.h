// SPDX-License-Identifier: Apache-2.0
// `panoscope diagnose FILE`: other people's series in, the ranking out (docs/diagnose.md).
#pragma once

#include <string>

namespace pano::cli {

// Prints to stdout, errors to stderr; the exit code (command.h).
int DiagnoseFile(const std::string& path, bool as_json);

}  // namespace pano::cli
