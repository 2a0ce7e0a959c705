// SPDX-License-Identifier: Apache-2.0
// in: what a load generator wrote  out: run::LoadgenReport
// One file per tool. Pure; the text may come from anybody: it is scanned once, line by line, and
// nothing grows with it. An error names the line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/run/run.h"

namespace pano::run {

struct ReadOptions {
  std::string tool = "auto";  // or a name of LoadgenTools()
  std::string file;           // the name it is kept under
  // Only samples of [from, to), where the tool gives times; 0, 0: all. For files that many runs
  // were appended to.
  uint64_t from = 0;
  uint64_t to = 0;
};

Result<LoadgenReport> ReadReport(std::string_view text, const ReadOptions& options);

// "wrk", "hey", "k6", "jmeter", "locust", "vegeta", "ab", "shop"
std::vector<std::string_view> LoadgenTools();

}  // namespace pano::run
