// SPDX-License-Identifier: Apache-2.0
#include "server/api/runs/run_detail_json.h"

#include <algorithm>

#include "server/analysis/diagnose.h"
#include "server/live/map_view.h"
#include "server/run/digest.h"
#include "server/run/load_series.h"
#include "server/run/reconcile.h"
#include "server/run/run_json.h"

namespace pano::api {
namespace {

using nlohmann::json;
using run::NumberJson;

json TextOrNull(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

json StepVerdict(const run::Snapshot& snapshot, const run::Step& step) {
  const analysis::Diagnosis d =
      analysis::Diagnose(snapshot.Input(step.settled_from, step.to), snapshot.info().limits);
  json path = json::array();
  for (const uint32_t id : d.path) path.push_back(snapshot.names()->ServiceName(id));
  const bool named = d.verdict == analysis::Verdict::kBottleneck;
  const bool classed = named && !d.candidates.empty();
  return {{"status", analysis::Name(d.verdict)},
          {"bottleneck", named ? json(d.bottleneck_service) : json(nullptr)},
          {"class", classed ? json(analysis::Name(d.candidates.front().fault)) : json(nullptr)},
          {"confidence", NumberJson(d.confidence)},
          {"sentence", d.sentence},
          {"path", std::move(path)},
          {"evidence", d.evidence}};
}

// What the entry saw in a step, and who was how many.
void AddStepNumbers(json& out, const run::Snapshot& snapshot, const run::Step& step) {
  const live::WindowSet window = snapshot.Window(step.settled_from, step.to);
  const std::vector<uint32_t> entry = snapshot.EntryEdges();
  live::EdgeWindow sum;
  for (const live::EdgeEntry& e : window.edges) {
    if (std::ranges::binary_search(entry, e.id)) sum.AddAcross(e.window);
  }
  const live::EdgeCounts counts = live::CountsOf(sum);
  out["requests"] = counts.request;
  out["errors"] = counts.client_error + counts.server_error + counts.timeout;
  const ExpHistogram& rrt = sum.Requests().rrt;
  const auto quantile = [&rrt](double q) {
    return rrt.empty() ? json(nullptr) : NumberJson(rrt.Quantile(q));
  };
  out["latency_p50"] = quantile(0.5);
  out["latency_p95"] = quantile(0.95);
  out["latency_p99"] = quantile(0.99);
  json& replicas = out["replicas"] = json::object();
  for (const live::NodeEntry& n : window.nodes) {
    if (n.window.replicas > 0) {
      replicas[snapshot.names()->ServiceName(n.service)] = n.window.replicas;
    }
  }
}

json StepsJson(const run::Snapshot& snapshot) {
  json out = json::array();
  size_t index = 0;
  for (const run::Step& step : snapshot.info().steps) {
    json one = run::StepJson(step);
    one["index"] = index++;
    AddStepNumbers(one, snapshot, step);
    one["verdict"] = StepVerdict(snapshot, step);
    out.push_back(std::move(one));
  }
  return out;
}

json ResultsJson(const run::Snapshot& snapshot) {
  json out = json::array();
  for (const run::ObjectiveResult& r : run::JudgeObjectives(snapshot, true)) {
    json one = {{"metric", analysis::Name(r.metric)},
                {"limit", r.limit},
                {"value", NumberJson(r.value)},
                {"over_share", NumberJson(r.over_share)},
                {"met", r.met}};
    if (r.edge) {
      one["client"] = r.client;
      one["server"] = r.service;
      one["port"] = r.port;
      one["protocol"] = schema::Name(r.protocol);
    } else {
      one["service"] = r.service;
    }
    out.push_back(std::move(one));
  }
  return out;
}

template <typename Items, typename ToJson>
json ListJson(const Items& items, ToJson to_json) {
  json out = json::array();
  for (const auto& item : items) out.push_back(to_json(item));
  return out;
}

json LossesJson(const run::Snapshot& snapshot) {
  json out = json::object();
  for (const auto& [cause, count] : snapshot.Window(snapshot.begin(), snapshot.end()).losses) {
    out[cause] = count;
  }
  for (const auto& [cause, count] : snapshot.info().losses) out[cause] = count;
  return out;
}

}  // namespace

json RunJson(const run::RunSummary& s) {
  json out = run::SummaryJson(s);
  out["duration_s"] = s.end > s.begin ? json(s.end - s.begin) : json(nullptr);
  return out;
}

json RunDetailJson(const run::RunSummary& kept, const run::Snapshot& snapshot) {
  const run::RunInfo& info = snapshot.info();
  // The list's summary is of the last checkpoint; the last seconds may have come in since.
  run::RunSummary summary = run::Summarise(snapshot);
  summary.state = kept.state;
  summary.end = kept.end;
  summary.bytes = kept.bytes;
  json out = RunJson(summary);
  out["notes"] = info.notes;
  out["generator"] = TextOrNull(info.generator);
  out["joined_late"] = info.joined_late;
  out["host"] = info.host;
  out["version"] = info.version;
  out["tier"] = info.tier;
  out["bucket_seconds"] = snapshot.bucket_seconds();
  const auto& buckets = snapshot.buckets();
  const uint64_t data_end =
      buckets.empty() ? info.begin : buckets.back().from + buckets.back().seconds;
  out["data"] = {{"from", info.begin}, {"to", data_end}};
  out["objectives"] = info.objectives ? run::LimitsJson(*info.objectives) : json(nullptr);
  out["limits"] = run::LimitsJson(info.limits);
  out["steps"] = StepsJson(snapshot);
  out["marks"] = ListJson(info.marks, run::MarkJson);
  out["events"] = ListJson(info.events, run::EventJson);
  out["verdicts"] = ListJson(info.verdicts, run::VerdictJson);
  out["results"] = ResultsJson(snapshot);
  out["loadgen"] = ListJson(info.loadgen,
                            [&](const run::LoadgenReport& r) { return AttachedJson(r, snapshot); });
  out["losses"] = LossesJson(snapshot);
  out["doubts"] = info.doubts;
  return out;
}

namespace {

json BoolJson(const std::optional<bool>& value) { return value ? json(*value) : json(nullptr); }

json OmissionJson(const run::CoordinatedOmission& o) {
  json corrected = nullptr;
  if (o.corrected) {
    corrected = {{"p50", NumberJson(o.p50_us)},
                 {"p95", NumberJson(o.p95_us)},
                 {"p99", NumberJson(o.p99_us)}};
  }
  return {{"closed_loop", BoolJson(o.closed_loop)},
          {"in_flight_mean", NumberJson(o.in_flight_mean)},
          {"in_flight_spread", NumberJson(o.in_flight_spread)},
          {"interval", NumberJson(o.interval_us)},
          {"corrected", std::move(corrected)},
          {"text", o.text}};
}

json ReconciliationJson(const run::Reconciliation& r) {
  json rows = json::array();
  for (const run::ReconcileRow& row : r.rows) {
    rows.push_back({{"name", row.name},
                    {"unit", row.unit},
                    {"reported", NumberJson(row.reported)},
                    {"seen", NumberJson(row.seen)},
                    {"difference", NumberJson(row.difference)},
                    {"agrees", BoolJson(row.agrees)}});
  }
  const run::GeneratorSaturation& s = r.saturation;
  return {{"from", r.from},
          {"to", r.to},
          {"generator", TextOrNull(r.generator)},
          {"rows", std::move(rows)},
          {"offered_rate", NumberJson(r.offered_rate)},
          {"accepted_rate", NumberJson(r.accepted_rate)},
          {"connect_failures", r.connect_failures},
          {"saturation",
           {{"cpu_usage", NumberJson(s.cpu_usage)},
            {"cpu_quota", NumberJson(s.cpu_quota)},
            {"cpu_throttled", NumberJson(s.cpu_throttled)},
            {"run_queue_wait", NumberJson(s.run_queue_wait)},
            {"text", s.text}}},
          {"coordinated_omission", OmissionJson(r.omission)},
          {"findings", r.findings}};
}

}  // namespace

json AttachedJson(const run::LoadgenReport& report, const run::Snapshot& snapshot) {
  json out = run::ReportJson(report);
  out.erase("histogram");
  out["reconciliation"] = ReconciliationJson(run::Reconcile(report, snapshot));
  return out;
}

}  // namespace pano::api
