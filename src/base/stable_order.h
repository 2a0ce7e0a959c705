// SPDX-License-Identifier: Apache-2.0
// A stable sort by index: libstdc++'s own asks for memory in a way newer compilers call deprecated.
#pragma once

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace pano {

template <typename T, typename Before>
void StableOrder(std::vector<T>& items, Before before) {
  std::vector<size_t> order(items.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, [&](size_t x, size_t y) {
    if (before(items[x], items[y])) return true;
    return !before(items[y], items[x]) && x < y;
  });
  std::vector<T> sorted;
  sorted.reserve(items.size());
  for (const size_t i : order) sorted.push_back(std::move(items[i]));
  items = std::move(sorted);
}

}  // namespace pano
