// SPDX-License-Identifier: Apache-2.0
// in: p of every test  out: the false discovery rate at which each is a discovery
// Private to compare.cc.
#pragma once

#include <vector>

#include "server/run/compare/compare_metric.h"

namespace pano::run {

struct TestedMetric {
  size_t subject = 0;
  bool edge = false;
  CompareMetric metric = CompareMetric::kLatencyAvg;
  double p = 1;
};

struct Discoveries {
  std::vector<double> q;  // one per test
  uint32_t questions = 0;
};

// The tests of one family of a subject are one question: its p is Simes', and the false discovery
// rate is over questions, weighted (Genovese, Roeder, Wasserman). A metric is told when its
// question is and its own p agrees. Tests of one subject stand together.
Discoveries Discover(const std::vector<TestedMetric>& tests);

}  // namespace pano::run
