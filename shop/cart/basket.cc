// SPDX-License-Identifier: Apache-2.0
#include "shop/cart/basket.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <limits>

namespace shop {

namespace {

struct Voucher {
  std::int64_t minimum;  // cents the rest of the basket must still be worth
  std::int64_t off;      // cents
};

constexpr std::array<Voucher, 11> kVouchers = {{{1000, 50},
                                                {2000, 120},
                                                {3000, 170},
                                                {4000, 260},
                                                {5500, 340},
                                                {7000, 480},
                                                {9000, 610},
                                                {12000, 840},
                                                {16000, 1100},
                                                {21000, 1500},
                                                {30000, 2400}}};

// Stands for the price: cart does not know prices, the catalog does.
std::int64_t Worth(const Line& line) {
  std::int64_t sum = 0;
  for (const char c : line.product) {
    sum = (sum * 31 + c) % 9000;
  }
  return (sum + 500) * line.quantity;
}

std::int64_t ThreadNs() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

std::int64_t BestDiscount(const std::vector<Line>& lines, int passes) {
  std::int64_t worth = 0;
  for (const Line& line : lines) {
    worth += Worth(line);
  }
  std::int64_t best = 0;
  for (int pass = 0; pass < passes; ++pass) {
    const std::int64_t budget = 500 + 25 * (pass % 200);
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
  }
  return best;
}

std::int64_t PassTimeNs() {
  constexpr int kRounds = 15;
  constexpr int kPasses = 200;
  const std::vector<Line> lines = {{"KETTLE-SWAN", 1}, {"MUG-TIDE", 2}};
  std::int64_t best = std::numeric_limits<std::int64_t>::max();
  for (int round = 0; round < kRounds; ++round) {
    const std::int64_t begin = ThreadNs();
    if (BestDiscount(lines, kPasses) < 0) {
      return 0;
    }
    best = std::min(best, (ThreadNs() - begin) / kPasses);
  }
  return best;
}

}  // namespace shop
