// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "server/report/report.h"
#include "server/report/words.h"

namespace pano::report {
namespace {

constexpr size_t kMaxRows = 30;

// A cell must not end its table.
std::string Cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out;
}

class Writer {
 public:
  explicit Writer(const Report& report) : r_(report), info_(report.snapshot->info()) {}

  std::string Write() {
    Line("# {}", info_.name.empty() ? info_.id : info_.name);
    Line("\n**{}**\n", SayFinding(r_));
    Facts();
    Steps();
    Capacity();
    Evidence();
    Objectives();
    LoadGenerators();
    Events();
    Doubts();
    Line(
        "\n## How to see it again\n\n    panoscope run show {0}\n    panoscope report {0} -o "
        "report.html",
        info_.id);
    return std::move(out_);
  }

 private:
  template <typename... Args>
  void Line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    out_ += '\n';
  }

  void Facts() {
    const uint64_t end = r_.snapshot->end();
    Line("| | |\n|---|---|");
    Line("| when | {}, {} |", SayTime(info_.begin), SayLength(end - std::min(end, info_.begin)));
    Line("| load | {} from {} |", SayRate(r_.summary.offered_rate),
         info_.generator.empty() ? "an unknown generator" : Cell(info_.generator));
    Line("| requests | {} answered, {} errors ({}) |", SayCount(r_.summary.requests),
         SayCount(r_.summary.errors), SayShare(r_.summary.errors, r_.summary.requests));
    Line("| latency at the entry | p50 {}, p95 {}, p99 {} |", SayLatency(r_.summary.latency_p50_us),
         SayLatency(r_.summary.latency_p95_us), SayLatency(r_.summary.latency_p99_us));
    const auto met = r_.summary.objectives_met;
    Line("| objectives | {} |", !met ? "not judged" : *met ? "met" : "**not met**");
    for (const auto& [key, value] : info_.labels) Line("| {} | {} |", Cell(key), Cell(value));
    if (!info_.notes.empty()) Line("\n{}", info_.notes);
  }

  void Steps() {
    Line(
        "\n## Steps\n\n| step | load | good | p50 | p95 | p99 | errors | instances | bottleneck |");
    Line("|---|---|---|---|---|---|---|---|---|");
    for (size_t i = 0; i < r_.steps.size(); ++i) {
      const StepReport& s = r_.steps[i];
      Line("| {} | {} | {} | {} | {} | {} | {} | {} | {} |", Cell(SayStep(s.step, i)),
           SayRate(s.step.offered_rate), SayRate(s.step.accepted_rate), SayLatency(s.p50_us),
           SayLatency(s.p95_us), SayLatency(s.p99_us), SayShare(s.errors, s.requests),
           Cell(SayReplicas(s.map)), Cell(BottleneckOf(s.map)));
    }
  }

  void Capacity() {
    Line("\n## Capacity\n\n{}\n", r_.plan.sentence);
    if (r_.plan.services.empty()) return;
    Line(
        "| service | has | needs | how known | CPU per request | one instance answers | is asked "
        "|");
    Line("|---|---|---|---|---|---|---|");
    for (const capacity::ServicePlan& p : r_.plan.services) {
      Line("| {} | {} | {} | {} | {} | {} | {} |", Cell(p.service), p.replicas, SayInstances(p),
           capacity::Name(p.basis), SayLatency(p.cost_ms.value * 1e3),
           SayRate(p.per_instance.value), SayRate(p.demand.value));
    }
  }

  void Evidence() {
    Line("\n## Why");
    for (size_t i = 0; i < r_.steps.size(); ++i) {
      const auto& verdict = r_.steps[i].map.verdict;
      if (!verdict) continue;
      Line("\n### Step {}\n\n{}\n", SayStep(r_.steps[i].step, i), verdict->sentence);
      for (const std::string& e : verdict->evidence) Line("- {}", e);
      if (!verdict->demand.text.empty()) Line("- {}", verdict->demand.text);
      for (const analysis::Next& n : verdict->next) Line("- next: {}", n.text);
    }
  }

  void Objectives() {
    if (r_.objectives.empty()) return;
    Line(
        "\n## Objectives\n\n| of | metric | limit | value | over it | met "
        "|\n|---|---|---|---|---|---|");
    size_t rows = 0;
    for (const run::ObjectiveResult& o : r_.objectives) {
      if (++rows > kMaxRows) break;
      const std::string who = o.edge ? o.client + " → " + o.service : o.service;
      Line("| {} | {} | {} | {} | {} | {} |", Cell(who), analysis::Name(o.metric),
           SayMetric(o.metric, o.limit), SayMetric(o.metric, o.value), SayShare(o.over_share, 1),
           o.met ? "yes" : "**no**");
    }
    if (r_.objectives.size() > kMaxRows)
      Line("\n{} more, less telling.", r_.objectives.size() - kMaxRows);
  }

  static std::string SayMetric(analysis::Metric metric, double value) {
    const bool duration =
        metric == analysis::Metric::kLatency || metric == analysis::Metric::kConnectLatency;
    return duration ? SayLatency(value) : SayRate(value);
  }

  void LoadGenerators() {
    for (size_t i = 0; i < r_.reconciliations.size(); ++i) {
      const run::Reconciliation& c = r_.reconciliations[i];
      Line("\n## What {} says\n\n| | reported | seen | |\n|---|---|---|---|",
           Cell(info_.loadgen[i].tool));
      for (const run::ReconcileRow& row : c.rows) {
        const auto say = [&row](double v) {
          return row.unit == "us" ? SayLatency(v) : row.unit == "count" ? SayCount(v) : SayRate(v);
        };
        Line("| {} | {} | {} | {} |", row.name, say(row.reported), say(row.seen),
             !row.agrees   ? ""
             : *row.agrees ? "agrees"
                           : "differs");
      }
      for (const std::string& f : c.findings) Line("\n- {}", f);
      if (!c.omission.text.empty()) Line("\n{}", c.omission.text);
    }
  }

  void Events() {
    if (info_.events.empty() && info_.marks.empty()) return;
    Line("\n## Events\n");
    for (const run::Mark& m : info_.marks) Line("- {} mark: {}", SayClock(m.time), m.text);
    size_t rows = 0;
    for (const run::RunEvent& e : info_.events) {
      if (e.kind == schema::EventKind::kMark || ++rows > 4 * kMaxRows) continue;
      Line("- {} {}: {}", SayClock(e.time_ns / 1'000'000'000), schema::Name(e.kind), e.text);
    }
  }

  void Doubts() {
    Line("\n## Losses and doubts\n");
    if (info_.losses.empty() && info_.doubts.empty()) Line("None: everything was seen.");
    for (const std::string& d : info_.doubts) Line("- {}", d);
    for (const auto& [cause, count] : info_.losses) {
      Line("- {}: {}", cause, SayCount(static_cast<double>(count)));
    }
  }

  const Report& r_;
  const run::RunInfo& info_;
  std::string out_;
};

}  // namespace

std::string Markdown(const Report& report) { return Writer(report).Write(); }

}  // namespace pano::report
