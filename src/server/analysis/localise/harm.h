// SPDX-License-Identifier: Apache-2.0
// What harm is seen at a node and in a call, and what speaks for it being made there.
#pragma once

#include <cstdint>
#include <vector>

#include "server/analysis/localise/system.h"

namespace pano::analysis {

// A share of something, by callee.
struct Part {
  uint32_t callee = 0;
  double amount = 0;
};

// Somebody measures the call or its callee.
bool Watched(const System& system, const Call& call);
// A call that takes several times as long as usual, 0..1.
double FarSlower(const System& system, const Call& call);
// Extra waiting of the caller, and extra failures, for each call, as system.calls. Of a callee that
// nobody watches: what its own calls wait or fail.
std::vector<double> WaitsOf(const System& system);
std::vector<double> FailuresOf(const System& system);
// How slow a node is, seen from inside or by its callers together, 0..1; and how abnormal.
double SlowToCallers(const System& system, uint32_t node);
double BadToCallers(const System& system, uint32_t node);
// All there is at a node, seen from inside or by its callers.
double WholeWait(const System& system, uint32_t node);
double WholeFailed(const System& system, uint32_t node);
// Callees whose requests fell by more than their caller's other callees': what cannot be reached
// gets none.
std::vector<Part> Gone(const System& system, uint32_t node);

// Direct evidence that a node is short of something: throttled, CPU, memory, connects refused,
// 0..1.
double DirectEvidence(const Signals& s);
// How likely calls to a node are missing, 0..1: nobody is known to call it, and it is no client.
double Strangeness(const System& system, uint32_t node);
// How abnormal what others wait for or fail by is, 0..1.
double Badness(const Signals& s);

}  // namespace pano::analysis
