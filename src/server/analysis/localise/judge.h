// SPDX-License-Identifier: Apache-2.0
// How far a series is from its own normal, and how much that matters.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace pano::analysis {

inline constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

// How values of a kind spread, and which change of them matters.
enum class ValueKind : uint8_t {
  kTime,      // latencies: by ratio
  kCount,     // requests: Poisson at least
  kShare,     // failures of requests, 0..1: binomial at least
  kLevel,     // CPU, memory, requests in flight: by ratio
  kFraction,  // throttled periods, 0..1: by difference
};

// One series: values with NaN where not known. Weights (requests of the interval) may be missing:
// then all weigh the same.
struct Sample {
  ValueKind kind = ValueKind::kTime;
  std::vector<double> usual = {};
  std::vector<double> usual_weights = {};
  std::vector<double> now = {};
  std::vector<double> now_weights = {};
  // kLevel: what is too little to matter, in the unit of the values.
  double offset = 0;
};

struct Judged {
  bool known = false;        // something is known of now
  bool has_usual = false;    // and something to hold it against
  double usual = kNotKnown;  // in the unit of the values
  double now = kNotKnown;
  double z = 0;         // signed: how many times the spread of such means
  double change = 0;    // signed: logarithm of the ratio; difference for kShare and kFraction
  double strength = 0;  // 0..1: certain and large enough to matter, in either direction

  double up() const { return change > 0 ? strength : 0; }
  double down() const { return change < 0 ? strength : 0; }
  // Certain, whatever its size: 0..1.
  double certainty() const;
};

Judged Judge(const Sample& sample);

// How far each of `now` alone is from the usual, in spreads of single values; NaN where not known.
std::vector<double> PointScores(const Sample& sample);

}  // namespace pano::analysis
