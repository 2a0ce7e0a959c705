// SPDX-License-Identifier: Apache-2.0
// /api/v1/compare: two runs, steps or windows beside each other.
#include "server/run/compare/compare.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "server/api/resources.h"
#include "server/live/history.h"
#include "server/run/compare/budget.h"
#include "server/run/run_json.h"

namespace pano::api {
namespace {

using nlohmann::json;
using run::NumberJson;
using run::Stretch;

constexpr uint64_t kMaxStoredSeconds = uint64_t{24} * 3600;

bool TakeTime(std::string_view text, uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out < 100'000'000'000u;
}

// "T..T"
bool TakeWindow(std::string_view text, uint64_t& from, uint64_t& to) {
  const size_t dots = text.find("..");
  return dots != std::string_view::npos && TakeTime(text.substr(0, dots), from) &&
         TakeTime(text.substr(dots + 2), to) && from < to;
}

// A last bucket that is not full would count as a quiet one.
void TakeBuckets(const run::Snapshot& snapshot, Stretch& out) {
  out.names = snapshot.names();
  out.buckets = snapshot.Series(out.from, out.to);
  const uint32_t whole = snapshot.bucket_seconds();
  if (!out.buckets.empty() && out.buckets.back().to - out.buckets.back().from < whole) {
    out.buckets.pop_back();
  }
  if (!out.buckets.empty()) {
    out.from = out.buckets.front().from;
    out.to = out.buckets.back().to;
  }
}

Result<Stretch> OfRun(Context& context, const std::string& ref) {
  const std::string id = ref.substr(0, ref.find('@'));
  PANO_ASSIGN(const run::RunSummary summary, context.runs->Find(id));
  PANO_ASSIGN(const run::SnapshotPtr snapshot, context.runs->Load(summary.id));
  Stretch out;
  out.run = summary.id;
  out.label = summary.name;
  out.from = snapshot->begin();
  out.to = snapshot->end();
  if (ref.size() > id.size()) {
    const std::string part = ref.substr(id.size() + 1);
    uint64_t step = 0;
    if (TakeWindow(part, out.from, out.to)) {
      out.label += " " + part;
    } else if (TakeTime(part, step)) {
      if (step >= snapshot->info().steps.size()) {
        return Fail(Code::kNotFound, "run {} has {} steps, the first is 0", id,
                    snapshot->info().steps.size());
      }
      const run::Step& chosen = snapshot->info().steps[step];
      out.step = static_cast<uint32_t>(step);
      out.from = chosen.settled_from;
      out.to = chosen.to;
      out.label += ", step " + part;
    } else {
      return Fail(Code::kInvalid, "{}: after @ comes a step or from..to", ref.substr(0, 100));
    }
  }
  TakeBuckets(*snapshot, out);
  return out;
}

// As /api/v1/series does: memory where it reaches, else the store.
Result<Stretch> OfWindow(Context& context, uint64_t from, uint64_t to) {
  Stretch out;
  out.from = from;
  out.to = to;
  out.label = fmt::format("{}..{}", from, to);
  out.names = context.live->names();
  const auto [begin, end] = context.live->Span();
  const live::EdgeIdOf edge_of = [&context](uint32_t id) {
    return context.live->edge_directory().Find(id).value_or(tag::EdgeId{});
  };
  if (begin != end && from >= begin) {
    for (const live::SecondPtr& s : context.live->Seconds(from, to)) {
      out.buckets.push_back(live::Collect({s}, s->second(), s->second() + 1, edge_of));
    }
    return out;
  }
  if (context.archive == nullptr) return Fail(Code::kNotFound, "nothing is kept of {}", out.label);
  if (to - from > kMaxStoredSeconds) return Fail(Code::kInvalid, "a window of a day at most");
  const auto step = static_cast<uint32_t>((to - from + run::kMaxBuckets - 1) / run::kMaxBuckets);
  PANO_ASSIGN(const auto edges, context.archive->Edges(std::nullopt, from, to, step));
  std::map<uint64_t, live::WindowSet> buckets;
  std::set<uint32_t> services;
  for (const Archive::EdgePoint& p : edges) {
    if (p.time < from || p.time + step > to) continue;
    const uint32_t id = context.live->edge_directory().IdOf(p.edge);
    buckets[p.time].edges.push_back({id, p.edge, p.window});
    services.insert(p.edge.server_service);
  }
  for (const uint32_t service : services) {
    PANO_ASSIGN(const auto nodes, context.archive->Nodes(service, from, to, step));
    for (const Archive::NodePoint& p : nodes) {
      const auto at = buckets.find(p.time);
      if (at != buckets.end()) at->second.nodes.push_back({service, p.window});
    }
  }
  for (auto& [time, window] : buckets) {
    window.from = time;
    window.to = time + step;
    out.buckets.push_back(std::move(window));
  }
  return out;
}

Result<Stretch> StretchOf(Context& context, const std::string& ref, const char* side) {
  if (ref.empty() || ref.size() > 100) {
    return std::unexpected(Error{Code::kInvalid, fmt::format("{}: what is compared?", side),
                                 "a run, RUN@STEP, RUN@FROM..TO or FROM..TO"});
  }
  uint64_t from = 0;
  uint64_t to = 0;
  if (TakeWindow(ref, from, to)) return OfWindow(context, from, to);
  return OfRun(context, ref);
}

json SideJson(const std::string& ref, const Stretch& s, double offered) {
  const uint64_t bucket = s.buckets.empty() ? 1 : s.buckets.front().to - s.buckets.front().from;
  return {{"ref", ref},
          {"label", s.label},
          {"run", s.run.empty() ? json(nullptr) : json(s.run)},
          {"step", s.step ? json(*s.step) : json(nullptr)},
          {"from", s.from},
          {"to", s.to},
          {"seconds", s.to - s.from},
          {"bucket_seconds", bucket},
          {"offered_rate", NumberJson(offered)}};
}

json DeltaJson(const run::Delta& d) {
  return {{"a", NumberJson(d.a)},
          {"b", NumberJson(d.b)},
          {"change", NumberJson(d.change)},
          {"low", NumberJson(d.low)},
          {"high", NumberJson(d.high)},
          {"p", NumberJson(d.p)},
          {"q", NumberJson(d.q)},
          {"significant", d.significant},
          {"shared", d.shared},
          {"direction", run::Name(d.direction)}};
}

void NameSubject(json& out, const run::Compared& c) {
  if (!c.edge) {
    out["service"] = c.server;
    return;
  }
  out["client"] = c.client;
  out["server"] = c.server;
  out["port"] = c.port;
  out["protocol"] = schema::Name(c.protocol);
}

json SubjectJson(const run::Compared& c) {
  json out = {{"id_a", c.id_a == 0 ? json(nullptr) : json(c.id_a)},
              {"id_b", c.id_b == 0 ? json(nullptr) : json(c.id_b)},
              {"presence", run::Name(c.presence)}};
  NameSubject(out, c);
  if (!c.edge) out["entry_us"] = NumberJson(c.entry_us);
  json& metrics = out["metrics"] = json::object();
  for (size_t i = 0; i < run::kCompareMetrics; ++i) {
    const auto metric = static_cast<run::CompareMetric>(i);
    if (c.edge && metric >= run::CompareMetric::kCpuUsage) continue;
    metrics[std::string(run::Name(metric))] = DeltaJson(c.metrics[i]);
  }
  return out;
}

json SharedJson(const run::SharedShift& s) {
  if (!s.found) return nullptr;
  return {{"cpu_per_request", NumberJson(s.cpu_per_request)},
          {"own_time", NumberJson(s.own_time)},
          {"alike", s.alike},
          {"services", s.services},
          {"text", s.text}};
}

json RankedJson(const run::Ranked& r, const run::Comparison& comparison) {
  const run::Compared& c = comparison.subjects[r.subject];
  json out = DeltaJson(c.metrics[static_cast<size_t>(r.metric)]);
  NameSubject(out, c);
  out["metric"] = run::Name(r.metric);
  out["weight"] = NumberJson(r.weight);
  out["text"] = r.text;
  return out;
}

json BudgetJson(const run::BudgetResult& b, const run::Comparison& comparison) {
  const run::Compared& c = comparison.subjects[b.subject];
  const run::Delta& d = c.metrics[static_cast<size_t>(b.metric)];
  json out = {{"metric", run::Name(b.metric)},
              {"budget", b.budget},
              {"a", NumberJson(d.a)},
              {"b", NumberJson(d.b)},
              {"change", NumberJson(d.change)},
              {"significant", d.significant},
              {"over", b.over},
              {"undecided", b.undecided},
              {"text", b.text}};
  NameSubject(out, c);
  return out;
}

struct Wanted {
  std::string a;
  std::string b;
  run::CompareOptions options;
  std::optional<std::vector<run::Budget>> budgets;
};

Status CheckOptions(const run::CompareOptions& options) {
  if (!(options.alpha > 0 && options.alpha < 1)) {
    return Fail(Code::kInvalid, "alpha: between 0 and 1");
  }
  if (!(options.min_change >= 0 && options.min_change < 100)) {
    return Fail(Code::kInvalid, "min_change: 0 or more");
  }
  return {};
}

Response Answer(Context& context, const Wanted& wanted) {
  if (const Status status = CheckOptions(wanted.options); !status) {
    return ErrorResponse(status.error());
  }
  auto a = StretchOf(context, wanted.a, "a");
  if (!a) return ErrorResponse(a.error());
  auto b = StretchOf(context, wanted.b, "b");
  if (!b) return ErrorResponse(b.error());
  run::Equalise(*a, *b);
  const run::Comparison c = run::Compare(*a, *b, wanted.options);
  json out = {{"a", SideJson(wanted.a, *a, c.load.a)},
              {"b", SideJson(wanted.b, *b, c.load.b)},
              {"verdict", run::Name(c.verdict)},
              {"sentence", c.sentence},
              {"alpha", wanted.options.alpha},
              {"min_change", wanted.options.min_change},
              {"tests", c.tests},
              {"load",
               {{"a", NumberJson(c.load.a)},
                {"b", NumberJson(c.load.b)},
                {"change", NumberJson(c.load.change)},
                {"matched", c.load.matched},
                {"text", c.load.text}}},
              {"shared", SharedJson(c.shared)},
              {"edges", json::array()},
              {"services", json::array()},
              {"ranked", json::array()},
              {"budgets", json::array()},
              {"within", nullptr},
              {"warnings", c.warnings}};
  for (const run::Compared& subject : c.subjects) {
    out[subject.edge ? "edges" : "services"].push_back(SubjectJson(subject));
  }
  for (const run::Ranked& r : c.ranked) out["ranked"].push_back(RankedJson(r, c));
  if (wanted.budgets) {
    bool over = false;
    bool undecided = false;
    for (const run::BudgetResult& r : run::JudgeBudgets(*wanted.budgets, c, wanted.options.alpha)) {
      over = over || r.over;
      undecided = undecided || r.undecided;
      out["budgets"].push_back(BudgetJson(r, c));
    }
    if (over || !undecided) out["within"] = !over;
  }
  return JsonResponse(out.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace

Response GetCompare(Context& context, const Request& request) {
  Wanted wanted;
  wanted.a = request.Query("a").value_or("");
  wanted.b = request.Query("b").value_or("");
  const auto alpha = request.Number("alpha", wanted.options.alpha);
  const auto least = request.Number("min_change", wanted.options.min_change);
  if (!alpha) return ErrorResponse(alpha.error());
  if (!least) return ErrorResponse(least.error());
  wanted.options.alpha = *alpha;
  wanted.options.min_change = *least;
  return Answer(context, wanted);
}

Response PostCompare(Context& context, const Request& request) {
  const json body = json::parse(request.body, nullptr, false);
  if (!body.is_object()) {
    return ErrorResponse({Code::kInvalid, "the body is not a JSON object", ""});
  }
  Wanted wanted;
  for (const auto& [key, value] : body.items()) {
    if ((key == "a" || key == "b") && value.is_string()) {
      (key == "a" ? wanted.a : wanted.b) = value.get<std::string>();
    } else if (key == "alpha" && value.is_number()) {
      wanted.options.alpha = value.get<double>();
    } else if (key == "min_change" && value.is_number()) {
      wanted.options.min_change = value.get<double>();
    } else if (key == "budgets") {
      auto budgets = run::ParseBudgets(value);
      if (!budgets) return ErrorResponse(budgets.error());
      wanted.budgets = std::move(*budgets);
    } else {
      return ErrorResponse({Code::kInvalid, "\"" + key.substr(0, 60) + "\" is not understood",
                            "a, b, alpha, min_change, budgets"});
    }
  }
  return Answer(context, wanted);
}

}  // namespace pano::api
