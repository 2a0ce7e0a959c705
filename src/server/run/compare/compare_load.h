// SPDX-License-Identifier: Apache-2.0
// in: Stretch  out: what came in at its entries, and whether two sides had the same
#pragma once

#include "server/run/compare/compare.h"

namespace pano::run {

// Edges whose client nobody calls.
struct EntryLoad {
  double requests = 0;
  double latency_us = analysis::kUnknown;  // mean
  double offered = analysis::kUnknown;
};

EntryLoad EntryOf(const Stretch& s);

LoadMatch MatchLoad(const EntryLoad& a, const EntryLoad& b);

}  // namespace pano::run
