// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/robust.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace pano::analysis {

double Mean(std::span<const double> values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double QuantileSorted(std::span<const double> sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return QuantileSorted(values, 0.5);
}

double Spread(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  std::vector<double> sorted = values;
  std::ranges::sort(sorted);
  const double middle = QuantileSorted(sorted, 0.5);
  const double outer = (QuantileSorted(sorted, 0.95) - QuantileSorted(sorted, 0.05)) / 3.29;
  for (double& v : sorted) v = std::abs(v - middle);
  std::ranges::sort(sorted);
  return std::max(1.4826 * QuantileSorted(sorted, 0.5), outer);
}

double SmoothStep(double value, double from, double to) {
  if (!(value > from)) return 0;
  if (value >= to) return 1;
  const double x = (value - from) / (to - from);
  return x * x * (3 - 2 * x);
}

}  // namespace pano::analysis
