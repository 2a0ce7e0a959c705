// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shop {

struct Line {
  std::string product;
  int quantity = 0;
};

// The largest discount, in cents, any combination of the shop's vouchers gives for this basket.
// Each pass looks at all combinations once, under a budget one step larger: this is where cart's
// CPU time goes.
std::int64_t BestDiscount(const std::vector<Line>& lines, int passes);

// CPU time of one pass on this machine: the fastest of several rounds, in nanoseconds.
std::int64_t PassTimeNs();

}  // namespace shop
