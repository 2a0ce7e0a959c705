// SPDX-License-Identifier: Apache-2.0
// What Localise() is asked: series of nodes and calls in two windows, who calls whom, and where it
// hurts. Plain data; docs/diagnose.md has the file it is read from.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "server/analysis/localise/series_metric.h"

namespace pano::analysis {

inline constexpr uint32_t kNoNode = std::numeric_limits<uint32_t>::max();

struct Series {
  uint32_t node = kNoNode;    // index in Question::nodes
  uint32_t caller = kNoNode;  // set: the caller's view of its calls to `node`
  SeriesMetric metric = SeriesMetric::kLatencyAvg;
  std::vector<double> values;  // one per time of the window; NaN: not known
};

struct Window {
  std::vector<double> times;  // unix seconds
  std::vector<Series> series;
};

struct Question {
  std::vector<std::string> nodes;  // every name that occurs anywhere
  uint32_t entry = kNoNode;
  uint32_t target = kNoNode;
  TargetMetric metric = TargetMetric::kLatency;
  std::vector<std::pair<uint32_t, uint32_t>> calls;  // caller, callee
  Window baseline;                                   // no times: there is none
  Window incident;
};

// Brings a question into the one form Localise() expects: nodes by name, times ascending and once
// each (values of equal times averaged), one series per node, caller and metric, calls once each
// and without calls to oneself, series that say nothing dropped.
void Normalise(Question& question);

}  // namespace pano::analysis
