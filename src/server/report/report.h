// SPDX-License-Identifier: Apache-2.0
// in: run::Snapshot  out: a run's report: one HTML file that stands alone, Markdown, JSON
// Pure: the same snapshot gives the same bytes. The HTML needs no network, no script and prints.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "server/capacity/capacity.h"
#include "server/live/map_view.h"
#include "server/run/digest.h"
#include "server/run/reconcile.h"
#include "server/run/snapshot.h"

namespace pano::report {

struct StepReport {
  run::Step step;
  live::MapView map;  // of the step from where it settled, verdict included
  double requests = 0;
  double errors = 0;
  double p50_us = analysis::kUnknown;  // at the entry
  double p95_us = analysis::kUnknown;
  double p99_us = analysis::kUnknown;
};

// One service with more than one instance, or another number than in the step before.
struct Replicas {
  std::string service;
  uint32_t count = 0;
};

struct Report {
  run::SnapshotPtr snapshot;
  run::RunSummary summary;
  std::vector<StepReport> steps;
  std::vector<run::ObjectiveResult> objectives;  // worst first
  capacity::Plan plan;
  std::vector<run::LoadPoint> load;  // per bucket
  std::vector<double> p95_us;        // at the entry, per bucket
  std::vector<double> errors;        // 1/s at the entry, per bucket
  std::vector<double> retrans_syn;   // 1/s, all edges, per bucket
  std::vector<run::Reconciliation> reconciliations;
};

Report BuildReport(const run::SnapshotPtr& snapshot, const capacity::Target& target = {});

std::string Markdown(const Report& report);
std::string Html(const Report& report);
nlohmann::json Json(const Report& report);

std::vector<Replicas> ReplicasOf(const live::MapView& map);

}  // namespace pano::report
