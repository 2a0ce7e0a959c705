// SPDX-License-Identifier: Apache-2.0
// Figures as people say them. No locale: the same figure gives the same words everywhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pano::analysis {

std::string SayDuration(double us);    // "0.3 ms", "72 ms", "4.5 s", "2 min"
std::string SayNumber(double value);   // "63", "1.3", "0.05"
std::string SayPercent(double share);  // 0.92 -> "92 %"
std::string SayBytes(double bytes);    // "20 MiB"
// 1 -> "1 caller", 3 -> "3 callers"
std::string SayCount(double count, std::string_view one, std::string_view many);

}  // namespace pano::analysis
