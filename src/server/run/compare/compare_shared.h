// SPDX-License-Identifier: Apache-2.0
// in: each service on both sides, with its tests  out: what they all did alike, and p beside that
// Two windows of one system differ more than the noise within them tells: the machine's clock, its
// neighbours, a cache. Such a shift moves all services; the bulk of their own scores is then the
// null to test one of them against (Efron's empirical null).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "server/run/compare/compare.h"
#include "server/run/compare/compare_metric.h"
#include "server/run/compare/compare_series.h"
#include "server/run/compare/significance.h"

namespace pano::run {

using Differences = std::array<Difference, kCompareMetrics>;

class SharedNull {
 public:
  // One service that is there on both sides.
  void Add(const Side& a, const Side& b, const Differences& tests);
  // Decides. Without enough services, or when they did nothing alike, every p stays what it was.
  void Settle();

  const SharedShift& shift() const { return shift_; }
  bool Covers(Family family) const { return nulls_.contains(family); }
  // Of no difference to what the others did.
  double P(Family family, const Difference& d) const;

 private:
  struct Null {
    double centre = 0;
    double width = 1;
  };

  std::vector<double> cpu_per_request_;  // logarithms of b / a, one per service
  std::vector<double> own_time_;
  std::map<Family, std::vector<double>> scores_;
  std::map<Family, Null> nulls_;
  SharedShift shift_;
};

}  // namespace pano::run
