// SPDX-License-Identifier: Apache-2.0
// in: a stretch  out: what its entry and each of its services did, in rates
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/analysis/graph.h"
#include "server/capacity/capacity.h"

namespace pano::capacity {

struct Served {
  std::string service;
  uint32_t replicas = 1;
  double rate = 0;       // 1/s answered, as the service saw it
  double asked = 0;      // 1/s wanted of it by callers: requests and connects that failed
  double responses = 0;  // answered in the stretch, a count
  double cpu = analysis::kUnknown;      // cores
  double quota = analysis::kUnknown;    // cores, all instances; unknown: no limit
  double throttled = 0;                 // 0..1
  double limit_s = analysis::kUnknown;  // strictest latency limit of its callers
  double p95_s = analysis::kUnknown;    // slowest edge into it
  bool within_limits = true;
  bool waited_for = false;            // a caller waits for its answers
  std::vector<double> cost_blocks_s;  // CPU seconds per request, of blocks of the stretch
  std::vector<LoadPoint> points;      // per instance, one a second
};

struct Observed {
  bool known = false;  // there is an entry with traffic
  double seconds = 0;
  double asked = 0;                       // 1/s at the entry, failed connects included
  double answered = 0;                    // 1/s, errors included
  double good = 0;                        // 1/s, without error
  double latency_s = analysis::kUnknown;  // mean
  double limit_s = analysis::kUnknown;    // strictest latency limit of the entry's edges
  bool within_limits = true;              // of every edge somebody waits on
  double users = analysis::kUnknown;      // connections open, where they are a closed loop's
  std::vector<Served> services;

  const Served* Find(std::string_view service) const;
};

Observed Observe(const Stretch& stretch, const analysis::Limits& limits);

}  // namespace pano::capacity
