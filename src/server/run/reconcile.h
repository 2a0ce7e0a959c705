// SPDX-License-Identifier: Apache-2.0
// in: a load generator's report, the run it belongs to  out: where both agree and where not, and
// why Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/run/run.h"
#include "server/run/snapshot.h"

namespace pano::run {

struct ReconcileRow {
  std::string name;       // "requests", "errors", "rate", "latency_mean", "latency_p95", ...
  std::string_view unit;  // "count", "1/s", "us"
  double reported = analysis::kUnknown;
  double seen = analysis::kUnknown;
  double difference = analysis::kUnknown;  // seen / reported - 1
  std::optional<bool> agrees;              // none: one side is not known
};

struct GeneratorSaturation {
  double cpu_usage = analysis::kUnknown;       // cores
  double cpu_quota = analysis::kUnknown;       // cores; unknown: no quota
  double cpu_throttled = analysis::kUnknown;   // 0..1
  double run_queue_wait = analysis::kUnknown;  // us per second
  std::string text;                            // empty: nothing to say
};

// A generator that waits for each answer asks less while the service stalls, so its percentiles
// miss the requests that would have waited.
struct CoordinatedOmission {
  std::optional<bool> closed_loop;
  double in_flight_mean = analysis::kUnknown;
  double in_flight_spread = analysis::kUnknown;  // standard deviation over mean
  double interval_us = analysis::kUnknown;       // one connection's, between two requests
  bool corrected = false;
  double p50_us = analysis::kUnknown;  // with the requests that were left out
  double p95_us = analysis::kUnknown;
  double p99_us = analysis::kUnknown;
  std::string text;
};

struct Reconciliation {
  uint64_t from = 0;
  uint64_t to = 0;
  std::string generator;
  std::vector<ReconcileRow> rows;
  double offered_rate = analysis::kUnknown;
  double accepted_rate = analysis::kUnknown;
  uint64_t connect_failures = 0;
  GeneratorSaturation saturation;
  CoordinatedOmission omission;
  std::vector<std::string> findings;
};

Reconciliation Reconcile(const LoadgenReport& report, const Snapshot& snapshot);

// What a histogram would hold had requests been sent every `interval_us` whatever the answers took
// (the correction HdrHistogram describes).
ExpHistogram CorrectForOmission(const ExpHistogram& seen, double interval_us);

}  // namespace pano::run
