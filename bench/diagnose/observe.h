// SPDX-License-Identifier: Apache-2.0
// in: Recording  out: Question, as one view of it would show it
#pragma once

#include "bench/diagnose/make_case.h"
#include "bench/diagnose/simulate.h"

namespace pano::bench {

struct Observation {
  View view = View::kRich;
  size_t incident_from = 0;  // interval
  size_t target = 1;         // service
  analysis::TargetMetric metric = analysis::TargetMetric::kLatency;
};

// Names of services as people give them, every one different.
std::vector<std::string> MakeNames(Random& random, size_t count);

analysis::Question Observe(const SystemSpec& spec, const Recording& recording,
                           const std::vector<std::string>& names, const Observation& how,
                           Random& random);

}  // namespace pano::bench
