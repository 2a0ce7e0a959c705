// SPDX-License-Identifier: Apache-2.0
// Objectives of the command line, and budget files.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace pano::cli {

// "latency=500ms", "cart:errors=0", "frontend>cart:connect_failures=0" as the API takes them.
Result<nlohmann::json> ObjectivesOf(const std::vector<std::string>& texts);

// A YAML file as JSON: maps, lists and scalars, nothing else. An error names the line.
Result<nlohmann::json> YamlFile(const std::string& path);

}  // namespace pano::cli
