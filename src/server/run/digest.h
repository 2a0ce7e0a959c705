// SPDX-License-Identifier: Apache-2.0
// in: Snapshot as recorded  out: what is made of it: steps, summary, objectives, doubts
// Pure: the same snapshot gives the same digest, today or in a year.
#pragma once

#include <string>
#include <vector>

#include "server/run/load_series.h"
#include "server/run/run_keeper.h"
#include "server/run/snapshot.h"

namespace pano::run {

// With steps, generator and doubts filled in.
SnapshotPtr Complete(const Snapshot& raw);
// Of a completed snapshot.
RunSummary Summarise(const Snapshot& snapshot);

// The load at the entry, one point per bucket.
std::vector<LoadPoint> LoadSeries(const Snapshot& snapshot);

// A limit of a node or edge, and whether the whole run kept it.
struct ObjectiveResult {
  bool edge = false;
  std::string client;   // edges
  std::string service;  // nodes; of edges the server
  uint16_t port = 0;
  schema::L7Protocol protocol = schema::L7Protocol::kUnknown;
  analysis::Metric metric = analysis::Metric::kLatency;
  double limit = 0;
  double value = analysis::kUnknown;       // over the whole run
  double over_share = analysis::kUnknown;  // of its buckets, 0..1; unless it was asked for
  bool met = true;
};
// Worst first. `shares`: work out over_share too, which looks at every bucket.
std::vector<ObjectiveResult> JudgeObjectives(const Snapshot& snapshot, bool shares);

}  // namespace pano::run
