// SPDX-License-Identifier: Apache-2.0
// A case: a made-up system, what broke in it, and what a monitoring system would have kept of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/diagnose/spec.h"
#include "server/analysis/localise/question.h"

namespace pano::bench {

// What is known to the one who asks.
enum class View : uint8_t {
  kRich,      // 5 s: latencies, counts, in flight, CPU, memory; calls with connects
  kCounts,    // 10 s: average latency, requests, errors of nodes
  kCoarse,    // 5 min: latencies, requests, availability of nodes; low traffic, few bad points,
              // holes, views beside services
  kResource,  // 5 s: CPU, memory, p50, p90, requests, errors of nodes; calls missing or in part
  kNoPast,    // 10 s, as kCounts with CPU, no baseline: the trouble begins within the incident
};
inline constexpr size_t kViews = 5;
std::string_view Name(View view);

struct Case {
  std::string name;
  analysis::Question question;     // normalised
  std::vector<std::string> truth;  // nodes that broke; none in a healthy run
  std::vector<Fault> faults;
  View view = View::kRich;
  size_t services = 0;
};

// "healthy", the fault, or "pairs".
std::string FaultName(const std::vector<Fault>& faults);

// nullopt: what broke does not show at the target (or no service of this system can break that
// way).
std::optional<Case> MakeCase(View view, const std::vector<Fault>& faults, uint64_t seed);

}  // namespace pano::bench
