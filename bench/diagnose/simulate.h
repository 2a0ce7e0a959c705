// SPDX-License-Identifier: Apache-2.0
// in: SystemSpec, faults  out: what an observer could have counted, per interval
// Event by event: queues for CPU, worker pools and locks are real, and so are timeouts, retries and
// what they do to everybody else.
#pragma once

#include <vector>

#include "bench/diagnose/spec.h"

namespace pano::bench {

struct Plan {
  double step_s = 10;     // length of an interval
  size_t warm_up = 3;     // intervals thrown away
  size_t intervals = 60;  // kept
  double fault_at = 400;  // seconds after the warm-up
  double day_s = 86400;   // of the swing of demand
};

// One interval of one node, seen from inside.
struct NodeRow {
  double requests = 0, errors = 0;
  double latency_avg = 0, p50 = 0, p90 = 0, p95 = 0, p99 = 0;  // NaN without requests
  double cpu = 0, throttled = 0, in_flight = 0, memory = 0;
};

// One interval of one call, seen by the caller.
struct CallRow {
  double requests = 0, errors = 0, latency_avg = 0;
  double connect_latency = 0, connect_failures = 0, retrans_syn = 0;
};

struct CallRecord {
  size_t caller = 0;
  size_t callee = 0;
  std::vector<CallRow> rows;
};

struct Recording {
  std::vector<std::vector<NodeRow>> nodes;  // per service, per interval
  std::vector<CallRecord> calls;
};

Recording Simulate(const SystemSpec& spec, const std::vector<FaultSpec>& faults, const Plan& plan,
                   uint64_t seed);

}  // namespace pano::bench
