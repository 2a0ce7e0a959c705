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

// The largest discount, in cents, any combination of the shop's vouchers gives for this basket;
// each call looks at all combinations once, under the budget of `step`.
std::int64_t BestDiscount(const std::vector<Line>& lines, int step);

}  // namespace shop
