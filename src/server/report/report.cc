// SPDX-License-Identifier: Apache-2.0
#include "server/report/report.h"

#include <algorithm>
#include <set>

namespace pano::report {
namespace {

using analysis::kUnknown;
using schema::EdgeMetric;

constexpr size_t kMaxSteps = 24;  // pictured; a run with more has the longest ones pictured

live::EdgeWindow EntryOf(const live::WindowSet& window, const std::vector<uint32_t>& entry) {
  live::EdgeWindow out;
  for (const live::EdgeEntry& e : window.edges) {
    if (std::ranges::find(entry, e.id) != entry.end()) out.AddAcross(e.window);
  }
  return out;
}

double Quantile(const live::EdgeWindow& window, double q) {
  const ExpHistogram& rrt = window.Requests().rrt;
  return rrt.empty() ? kUnknown : rrt.Quantile(q);
}

double Errors(const live::EdgeWindow& window) {
  const live::SideWindow& side = window.Requests();
  return static_cast<double>(side[EdgeMetric::kClientError] + side[EdgeMetric::kServerError] +
                             side[EdgeMetric::kTimeout]);
}

StepReport DescribeStep(const run::Snapshot& snapshot, const run::Step& step,
                        const std::vector<uint32_t>& entry) {
  StepReport out;
  out.step = step;
  const uint64_t from = step.settled_from < step.to ? step.settled_from : step.from;
  out.map = snapshot.Map(from, step.to);
  const live::EdgeWindow window = EntryOf(snapshot.Window(from, step.to), entry);
  out.requests = static_cast<double>(window.Requests()[EdgeMetric::kResponse]);
  out.errors = Errors(window);
  out.p50_us = Quantile(window, 0.5);
  out.p95_us = Quantile(window, 0.95);
  out.p99_us = Quantile(window, 0.99);
  return out;
}

void DescribeCurves(const run::Snapshot& snapshot, const std::vector<uint32_t>& entry,
                    Report& report) {
  for (const live::WindowSet& bucket : snapshot.Series(snapshot.begin(), snapshot.end())) {
    const live::EdgeWindow window = EntryOf(bucket, entry);
    const double seconds = std::max(window.seconds, 1.0);
    report.p95_us.push_back(Quantile(window, 0.95));
    report.errors.push_back(window.seconds > 0 ? Errors(window) / seconds : kUnknown);
    double again = 0;
    for (const live::EdgeEntry& e : bucket.edges) {
      again += static_cast<double>(e.window.Transport()[EdgeMetric::kRetransSyn]);
    }
    report.retrans_syn.push_back(again / seconds);
  }
}

}  // namespace

std::vector<Replicas> ReplicasOf(const live::MapView& map) {
  std::vector<Replicas> out;
  for (const live::MapNode& n : map.nodes) {
    if (n.replicas > 1) out.push_back({n.name, n.replicas});
  }
  std::ranges::sort(out, {}, &Replicas::service);
  return out;
}

Report BuildReport(const run::SnapshotPtr& snapshot, const capacity::Target& target) {
  Report out;
  out.snapshot = snapshot;
  out.summary = run::Summarise(*snapshot);
  out.objectives = run::JudgeObjectives(*snapshot, true);
  out.load = run::LoadSeries(*snapshot);
  const std::vector<uint32_t> entry = snapshot->EntryEdges();
  std::vector<run::Step> steps = snapshot->info().steps;
  if (steps.empty() && snapshot->end() > snapshot->begin()) {
    run::Step whole;
    whole.from = whole.settled_from = snapshot->begin();
    whole.to = snapshot->end();
    steps.push_back(std::move(whole));
  }
  if (steps.size() > kMaxSteps) {
    std::ranges::sort(steps, std::greater<>(), [](const run::Step& s) { return s.to - s.from; });
    steps.resize(kMaxSteps);
    std::ranges::sort(steps, {}, &run::Step::from);
  }
  std::vector<capacity::Stretch> stretches;
  for (const run::Step& step : steps) {
    out.steps.push_back(DescribeStep(*snapshot, step, entry));
    if (step.ramp) continue;
    const uint64_t from = step.settled_from < step.to ? step.settled_from : step.from;
    stretches.push_back({step.label, snapshot->Input(from, step.to), step.connections});
  }
  out.plan = capacity::PlanCapacity(stretches, snapshot->info().judged_by(), target);
  DescribeCurves(*snapshot, entry, out);
  for (const run::LoadgenReport& r : snapshot->info().loadgen) {
    out.reconciliations.push_back(run::Reconcile(r, *snapshot));
  }
  return out;
}

}  // namespace pano::report
