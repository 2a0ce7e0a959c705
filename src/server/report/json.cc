// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "server/report/report.h"
#include "server/report/words.h"
#include "server/run/run_json.h"

namespace pano::report {
namespace {

using nlohmann::json;
using run::NumberJson;

json EstimateJson(const capacity::Estimate& e) {
  return {{"value", NumberJson(e.value)}, {"low", NumberJson(e.low)}, {"high", NumberJson(e.high)}};
}

json PlanJson(const capacity::Plan& plan) {
  json services = json::array();
  for (const capacity::ServicePlan& p : plan.services) {
    json s = {{"service", p.service},
              {"basis", capacity::Name(p.basis)},
              {"replicas", p.replicas},
              {"rate", NumberJson(p.rate)},
              {"utilisation", NumberJson(p.utilisation)},
              {"cost_ms", EstimateJson(p.cost_ms)},
              {"per_instance", EstimateJson(p.per_instance)},
              {"visits", EstimateJson(p.visits)},
              {"demand", EstimateJson(p.demand)},
              {"needed", p.needed == 0 ? json() : json(p.needed)},
              {"needed_low", p.needed == 0 ? json() : json(p.needed_low)},
              {"needed_high", p.needed == 0 ? json() : json(p.needed_high)},
              {"entry_limit", NumberJson(p.entry_limit)},
              {"text", p.text}};
    if (p.curve) {
      s["curve"] = {{"gain", p.curve->gain},
                    {"contention", p.curve->contention},
                    {"coherency", p.curve->coherency},
                    {"knee", p.curve->knee},
                    {"peak", p.curve->peak},
                    {"best", p.curve->best},
                    {"fit", p.curve->fit}};
    }
    services.push_back(std::move(s));
  }
  return {{"sentence", plan.sentence},
          {"users", plan.target.users ? json(*plan.target.users) : json()},
          {"entry_rate", EstimateJson(plan.entry_rate)},
          {"think_s", NumberJson(plan.think_s)},
          {"next", plan.next.empty() ? json() : json(plan.next)},
          {"headroom", NumberJson(plan.headroom)},
          {"services", std::move(services)}};
}

json StepJson(const StepReport& s) {
  json out = run::StepJson(s.step);
  out["requests"] = s.requests;
  out["errors"] = s.errors;
  out["latency_p50"] = NumberJson(s.p50_us);
  out["latency_p95"] = NumberJson(s.p95_us);
  out["latency_p99"] = NumberJson(s.p99_us);
  out["bottleneck"] = BottleneckOf(s.map);
  json replicas = json::object();
  for (const Replicas& r : ReplicasOf(s.map)) replicas[r.service] = r.count;
  out["replicas"] = std::move(replicas);
  if (s.map.verdict) {
    out["sentence"] = s.map.verdict->sentence;
    out["evidence"] = s.map.verdict->evidence;
  }
  return out;
}

}  // namespace

json Json(const Report& report) {
  json steps = json::array();
  for (const StepReport& s : report.steps) steps.push_back(StepJson(s));
  json objectives = json::array();
  for (const run::ObjectiveResult& o : report.objectives) {
    objectives.push_back({{"client", o.edge ? json(o.client) : json()},
                          {"service", o.service},
                          {"metric", analysis::Name(o.metric)},
                          {"limit", NumberJson(o.limit)},
                          {"value", NumberJson(o.value)},
                          {"over_share", NumberJson(o.over_share)},
                          {"met", o.met}});
  }
  json out = run::SummaryJson(report.summary);
  out["finding"] = SayFinding(report);
  out["notes"] = report.snapshot->info().notes;
  out["steps"] = std::move(steps);
  out["capacity"] = PlanJson(report.plan);
  out["objectives"] = std::move(objectives);
  json losses = json::object();
  for (const auto& [cause, count] : report.snapshot->info().losses) losses[cause] = count;
  out["losses"] = std::move(losses);
  out["doubts"] = report.snapshot->info().doubts;
  return out;
}

}  // namespace pano::report
