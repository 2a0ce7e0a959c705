// SPDX-License-Identifier: Apache-2.0
#include "shop/cart/basket.h"

#include <algorithm>
#include <array>

namespace shop {

namespace {

struct Voucher {
  std::int64_t minimum;  // cents the rest of the basket must still be worth
  std::int64_t off;      // cents
};

constexpr std::array<Voucher, 8> kVouchers = {{{1000, 50},
                                               {2000, 120},
                                               {3000, 170},
                                               {4000, 260},
                                               {7000, 480},
                                               {12000, 840},
                                               {16000, 1100},
                                               {30000, 2400}}};

// Stands for the price: cart does not know prices, the catalog does.
std::int64_t Worth(const Line& line) {
  std::int64_t sum = 0;
  for (const char c : line.product) {
    sum = (sum * 31 + c) % 9000;
  }
  return (sum + 500) * line.quantity;
}

}  // namespace

std::int64_t BestDiscount(const std::vector<Line>& lines, int step) {
  std::int64_t worth = 0;
  for (const Line& line : lines) {
    worth += Worth(line);
  }
  const std::int64_t budget = 500 + 25 * (step % 200);
  std::int64_t best = 0;
  for (unsigned set = 0; set < 1U << kVouchers.size(); ++set) {
    std::int64_t off = 0;
    bool allowed = true;
    for (size_t i = 0; i < kVouchers.size(); ++i) {
      if ((set >> i & 1U) != 0) {
        off += kVouchers[i].off;
        allowed = allowed && worth - off >= kVouchers[i].minimum;
      }
    }
    if (allowed && off <= budget) {
      best = std::max(best, off);
    }
  }
  return best;
}

}  // namespace shop
