// SPDX-License-Identifier: Apache-2.0
// in: Graph, Saturation, Attribution  out: per suspect node its class, strength and the words for
// it
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "server/analysis/attribute.h"
#include "server/analysis/diagnose.h"
#include "server/analysis/graph.h"
#include "server/analysis/saturation.h"

namespace pano::analysis {

// What stands against one node, in figures.
struct Suspect {
  size_t node = 0;
  double share = 0;     // of all harm
  double strength = 0;  // 0..1, evidence that does not come from latency or errors alone
  double samples = 0;   // responses behind it, a count
  double score = 0;
  FaultClass fault = FaultClass::kUnclear;
  double latency_us = kUnknown;  // p95 of the slowest edge into it, at the caller
  double limit_us = kUnknown;    // of that edge
  double own_share = 0;          // of its callers' waiting that is spent in it
  double errors = 0;             // 1/s answered by it
  double requests = 0;           // 1/s into it
  double in_flight_first = 0;    // waiting for it, first third of the window
  double in_flight_last = 0;     // and last
  std::vector<size_t> callers;   // nodes that wait for it or fail at it, most requests first
  size_t all_callers = 0;
  std::optional<Lag> lag;  // it consumes a log and falls behind: the worst
};

// "40 s behind with 2,000 records"
std::string SayLag(const Lag& lag);

Suspect Examine(const Graph& graph, const std::vector<Saturation>& saturation,
                const Attribution& attribution, size_t node);

// What it does to its callers: "it answers in 4.5 s (limit 1 s)".
std::string SayHarm(const Suspect& suspect, const Saturation& s, const Attribution& attribution);
// Why, from saturation: "its CPU quota held it back 92 % of the time"; empty without a sign.
std::string SayCause(const Suspect& suspect, const Saturation& s);
// All of it, most telling first.
std::vector<std::string> ListEvidence(const Graph& graph, const Suspect& suspect,
                                      const Saturation& s, const Attribution& attribution);
// "productcatalog is the bottleneck: ..."
std::string SayBottleneck(const Graph& graph, const Suspect& suspect, const Saturation& s,
                          const Attribution& attribution);

}  // namespace pano::analysis
