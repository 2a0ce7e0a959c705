// SPDX-License-Identifier: Apache-2.0
// Limits as people write them: "latency" and "200ms", "cart.errors" and "0", "a->b.traffic" and
// "off". The meaning is analysis::Limits'.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "server/analysis/limits.h"

namespace pano::cli {

// `where` is METRIC, SERVICE.METRIC or CLIENT->SERVER.METRIC. Without service, client and server
// the limit is a default.
Result<analysis::LimitOverride> ParseLimit(std::string_view where, std::string_view value);
// The same back: what ParseLimit reads.
std::string LimitWhere(const analysis::LimitOverride& limit);
std::string LimitValue(const analysis::LimitOverride& limit);

}  // namespace pano::cli
