// SPDX-License-Identifier: Apache-2.0
// What a fault does to the service it strikes.
#pragma once

#include "bench/diagnose/simulated_node.h"
#include "bench/diagnose/spec.h"

namespace pano::bench {

struct Moment {
  const SystemSpec& spec;
  double now = 0;
  double interval_begin = 0;
};

// `n`: the service of the fault; `demand`: of all users, times the usual.
void Strike(const FaultSpec& f, const Moment& at, Node& n, double& demand, Random& random);

}  // namespace pano::bench
