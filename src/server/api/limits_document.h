// SPDX-License-Identifier: Apache-2.0
// analysis::Limits as JSON (docs/api.md, /api/v1/limits), and as a file that survives restarts.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "server/analysis/limits.h"

namespace pano::api {

std::string LimitsJson(const analysis::Limits& limits);
Result<analysis::Limits> ParseLimits(std::string_view json);

// Written beside and renamed: a crash leaves the old or the new one whole.
Status SaveLimits(const std::string& path, const analysis::Limits& limits);
// kNotFound when there is none yet.
Result<analysis::Limits> LoadLimits(const std::string& path);

}  // namespace pano::api
