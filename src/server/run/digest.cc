// SPDX-License-Identifier: Apache-2.0
#include "server/run/digest.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/stable_order.h"
#include "server/analysis/state.h"
#include "server/run/load_detector.h"
#include "server/run/step_finder.h"

namespace pano::run {
namespace {

using analysis::Metric;
using schema::EdgeMetric;

// Who makes the load: an entry node known for it, the busiest of them.
std::string GeneratorOf(const Snapshot& snapshot) {
  const std::vector<uint32_t> entry = snapshot.EntryEdges();
  const live::WindowSet window = snapshot.Window(snapshot.begin(), snapshot.end());
  std::map<std::string, double> requests;
  for (const live::EdgeEntry& e : window.edges) {
    if (!std::ranges::binary_search(entry, e.id)) continue;
    const auto at = snapshot.names()->services.find(e.edge.client_service);
    if (at == snapshot.names()->services.end()) continue;
    if (at->second.kind != schema::NodeKind::kLoadGenerator &&
        !IsLoadGeneratorName(at->second.name)) {
      continue;
    }
    requests[at->second.name] += static_cast<double>(e.window.Requests()[EdgeMetric::kRequest]);
  }
  const auto most = std::ranges::max_element(requests, {}, [](const auto& r) { return r.second; });
  return most == requests.end() ? std::string() : most->first;
}

void AddDoubts(RunInfo& info, const Snapshot& raw) {
  uint64_t seconds = 0;
  uint64_t watched = 0;
  for (const PackedBucket& b : raw.buckets()) {
    seconds += b.seconds;
    watched += b.watched;
  }
  const auto add = [&info](std::string text) {
    if (std::ranges::find(info.doubts, text) == info.doubts.end() && info.doubts.size() < 100) {
      info.doubts.push_back(std::move(text));
    }
  };
  std::erase_if(info.doubts, [](const std::string& d) { return d.ends_with("were not watched"); });
  if (seconds > watched) {
    add(fmt::format("{} of {} seconds were not watched", seconds - watched, seconds));
  }
  if (info.joined_late) add("the load was there before it was watched");
  for (const auto& [cause, count] : info.losses) {
    if (cause == "run_edges_full") add("the run has too many edges: some were left out");
    if (cause == "run_nodes_full") add("the run has too many services: some were left out");
  }
}

void SetVerdict(RunSummary& summary, const RunInfo& info) {
  // The one that stood longest; a bottleneck before none.
  std::map<std::tuple<analysis::Verdict, std::string>, uint64_t> time;
  for (const VerdictSpan& v : info.verdicts) {
    time[{v.verdict, v.bottleneck}] += v.to > v.from ? v.to - v.from : 0;
  }
  const VerdictSpan* chosen = nullptr;
  uint64_t longest = 0;
  for (const VerdictSpan& v : info.verdicts) {
    const uint64_t stood = time[{v.verdict, v.bottleneck}];
    const bool named = v.verdict == analysis::Verdict::kBottleneck;
    const bool chosen_named =
        chosen != nullptr && chosen->verdict == analysis::Verdict::kBottleneck;
    if (chosen != nullptr && (named == chosen_named ? stood < longest : chosen_named)) continue;
    chosen = &v;
    longest = stood;
  }
  if (chosen == nullptr) return;
  summary.verdict = chosen->verdict;
  summary.bottleneck = chosen->bottleneck;
  summary.sentence = chosen->sentence;
}

struct Subject {
  ObjectiveResult head;
  analysis::MetricValues values;
  analysis::LimitSet limits;
  bool latency_counts = true;
  bool busy = false;
};

bool Busy(const analysis::MetricValues& v) {
  return v[Metric::kRequestRate] > 0 || v[Metric::kTraffic] > 0 || v[Metric::kConnectFailures] > 0;
}

// Nodes by id, then edges by id: the same order for any stretch of a run.
std::vector<std::pair<std::pair<bool, uint32_t>, Subject>> SubjectsOf(
    const Snapshot& snapshot, const live::WindowSet& window) {
  const analysis::Limits& limits = snapshot.info().judged_by();
  const live::MapView map = live::BuildMap(window, snapshot.names(), limits);
  const auto counts = live::NodeLatencyCounts(window);
  std::vector<std::pair<std::pair<bool, uint32_t>, Subject>> out;
  for (const live::MapNode& n : map.nodes) {
    Subject s;
    s.head.service = n.name;
    s.values = n.metrics;
    s.limits = limits.ForNode(n.name);
    s.latency_counts = counts.at(n.id);
    s.busy = Busy(n.metrics);
    out.emplace_back(std::pair{false, n.id}, std::move(s));
  }
  for (const live::MapEdge& e : map.edges) {
    Subject s;
    s.head.edge = true;
    s.head.client = map.names->ServiceName(e.edge.client_service);
    s.head.service = map.names->ServiceName(e.edge.server_service);
    s.head.port = e.edge.server_port;
    s.head.protocol = e.edge.l7_protocol;
    s.values = e.metrics;
    s.limits = limits.ForEdge(s.head.client, s.head.service);
    s.latency_counts = analysis::LatencyCounts(e.edge.l7_protocol);
    s.busy = Busy(e.metrics);
    out.emplace_back(std::pair{true, e.id}, std::move(s));
  }
  return out;
}

bool Judged(const Subject& s, Metric m) {
  return s.busy && s.limits[m] && analysis::Known(s.values[m]) &&
         (m != Metric::kLatency || s.latency_counts);
}

}  // namespace

std::vector<LoadPoint> LoadSeries(const Snapshot& snapshot) {
  const std::vector<uint32_t> entry = snapshot.EntryEdges();
  std::vector<LoadPoint> out;
  const std::vector<live::WindowSet> series = snapshot.Series(snapshot.begin(), snapshot.end());
  const std::vector<PackedBucket>& buckets = snapshot.buckets();
  for (size_t i = 0; i < series.size(); ++i) {
    out.push_back(LoadOf(series[i], entry));
    out.back().known = buckets[i].watched > 0;
  }
  return out;
}

namespace {

// Events of the services the run is about.
std::vector<RunEvent> EventsOf(const Snapshot& snapshot) {
  const std::set<std::string> loaded = snapshot.Loaded();
  std::vector<RunEvent> out;
  for (const RunEvent& e : snapshot.info().events) {
    if (loaded.contains(e.service)) out.push_back(e);
  }
  return out;
}

}  // namespace

SnapshotPtr Complete(const Snapshot& raw) {
  RunInfo info = raw.info();
  if (info.generator.empty()) info.generator = GeneratorOf(raw);
  const Snapshot named(info, raw.names(), raw.edges(), raw.buckets(), raw.bucket_seconds());
  info.steps = FindSteps(LoadSeries(named), EventsOf(named), info.marks);
  AddDoubts(info, raw);
  return std::make_shared<const Snapshot>(std::move(info), raw.names(), raw.edges(), raw.buckets(),
                                          raw.bucket_seconds());
}

RunSummary Summarise(const Snapshot& snapshot) {
  const RunInfo& info = snapshot.info();
  RunSummary s;
  s.id = info.id;
  s.name = info.name;
  s.labels = info.labels;
  s.state = info.state;
  s.origin = info.origin;
  s.begin = info.begin;
  s.end = info.end;
  s.generator = info.generator;
  s.steps = static_cast<uint32_t>(info.steps.size());
  SetVerdict(s, info);

  const live::WindowSet window = snapshot.Window(snapshot.begin(), snapshot.end());
  const std::vector<uint32_t> entry = snapshot.EntryEdges();
  const LoadPoint load = LoadOf(window, entry);
  if (load.known) {
    s.offered_rate = load.offered;
    s.accepted_rate = load.accepted;
    live::EdgeWindow sum;
    for (const live::EdgeEntry& e : window.edges) {
      if (std::ranges::binary_search(entry, e.id)) sum.AddAcross(e.window);
    }
    const live::EdgeCounts counts = live::CountsOf(sum);
    s.requests = static_cast<double>(counts.request);
    s.errors = static_cast<double>(counts.client_error + counts.server_error + counts.timeout);
    const ExpHistogram& rrt = sum.Requests().rrt;
    if (!rrt.empty()) {
      s.latency_p50_us = rrt.Quantile(0.5);
      s.latency_p95_us = rrt.Quantile(0.95);
      s.latency_p99_us = rrt.Quantile(0.99);
    }
  }
  for (const Step& step : info.steps) {
    if (!(s.connections >= step.connections)) s.connections = step.connections;
  }
  const std::vector<ObjectiveResult> results = JudgeObjectives(snapshot, false);
  if (!results.empty()) s.objectives_met = std::ranges::all_of(results, &ObjectiveResult::met);
  return s;
}

std::vector<ObjectiveResult> JudgeObjectives(const Snapshot& snapshot, bool shares) {
  struct Count {
    double over = 0;
    double known = 0;
  };
  std::map<std::tuple<bool, uint32_t, Metric>, Count> counts;
  if (shares) {
    for (const live::WindowSet& bucket : snapshot.Series(snapshot.begin(), snapshot.end())) {
      for (const auto& [key, subject] : SubjectsOf(snapshot, bucket)) {
        for (const Metric m : analysis::kAllMetrics) {
          if (!Judged(subject, m)) continue;
          Count& count = counts[{key.first, key.second, m}];
          count.known += 1;
          count.over += subject.values[m] > *subject.limits[m] ? 1 : 0;
        }
      }
    }
  }
  std::vector<std::pair<double, ObjectiveResult>> found;
  const live::WindowSet whole = snapshot.Window(snapshot.begin(), snapshot.end());
  for (auto& [key, subject] : SubjectsOf(snapshot, whole)) {
    for (const Metric m : analysis::kAllMetrics) {
      if (!Judged(subject, m)) continue;
      ObjectiveResult result = subject.head;
      result.metric = m;
      result.limit = *subject.limits[m];
      result.value = subject.values[m];
      result.met = result.value <= result.limit;
      if (const auto at = counts.find({key.first, key.second, m}); at != counts.end()) {
        result.over_share = at->second.over / at->second.known;
      }
      const double severity =
          analysis::Severity(m, result.value, result.limit, subject.values[Metric::kRequestRate]);
      found.emplace_back(result.met ? std::min(severity, 1.0) : 1 + severity, std::move(result));
    }
  }
  StableOrder(found, [](const auto& x, const auto& y) { return x.first > y.first; });
  std::vector<ObjectiveResult> out;
  out.reserve(found.size());
  for (auto& [severity, result] : found) out.push_back(std::move(result));
  return out;
}

}  // namespace pano::run
