// SPDX-License-Identifier: Apache-2.0
// in: concurrency and throughput of one service  out: its universal scalability curve
// X(N) = g N / (1 + s (N - 1) + k N (N - 1)): s is contention, k coherency (Gunther, Guerrilla
// Capacity Planning, ch. 4-6). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace pano::capacity {

struct LoadPoint {
  double concurrency = 0;  // requests in progress
  double throughput = 0;   // 1/s
};

struct Scalability {
  double gain = 0;        // g: 1/s of one request at a time
  double contention = 0;  // s
  double coherency = 0;   // k
  double knee = 0;        // concurrency where ideal growth would meet the ceiling: best / gain
  double peak = 0;        // concurrency of the largest throughput; 0: it only flattens
  double best = 0;        // 1/s at the peak, or the ceiling that is approached
  double fit = 0;         // R^2 of throughput, 0..1

  double At(double concurrency) const;
};

// Nothing when the points do not reach far enough to show the bend: fewer than 12, a narrow span of
// concurrency, throughput that still grows in proportion, or no fit.
std::optional<Scalability> FitScalability(std::vector<LoadPoint> points);

}  // namespace pano::capacity
