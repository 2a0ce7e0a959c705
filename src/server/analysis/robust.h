// SPDX-License-Identifier: Apache-2.0
// Statistics that a few wild values do not move. Values must be finite.
#pragma once

#include <span>
#include <vector>

namespace pano::analysis {

double Mean(std::span<const double> values);  // 0 of nothing
// `sorted` ascending and not empty; q in 0..1, between two values linearly.
double QuantileSorted(std::span<const double> sorted, double q);
double Median(std::vector<double> values);  // 0 of nothing
// Standard deviation as seen from the middle of the values: from the median absolute deviation, but
// no less than the outer parts (5 to 95 %) would have it.
double Spread(const std::vector<double>& values);
// 0 up to `from`, 1 from `to` on, smooth in between.
double SmoothStep(double value, double from, double to);

}  // namespace pano::analysis
