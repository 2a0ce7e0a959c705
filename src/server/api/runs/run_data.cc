// SPDX-License-Identifier: Apache-2.0
// /api/v1/runs/ID/map, /diagnosis, /series, /timeline: a run's own data, shaped as the live ones.
#include <algorithm>

#include "server/api/map_json.h"
#include "server/api/resources.h"
#include "server/run/digest.h"

namespace pano::api {
namespace {

constexpr double kMaxTime = 1e11;
constexpr size_t kMaxMetrics = 64;
constexpr std::string_view kDefaultMetrics =
    "traffic,request_rate,errors,latency,connect_latency,connect_failures,retrans_syn,"
    "server_resets,in_flight,cpu_throttled";

struct Part {
  uint64_t from = 0;
  uint64_t to = 0;
};

Result<Part> PartOf(const run::Snapshot& snapshot, const Request& request, uint32_t window) {
  Part all{snapshot.begin(), snapshot.end()};
  PANO_ASSIGN(const double step, request.Number("step", -1));
  PANO_ASSIGN(const double at, request.Number("at", -1));
  PANO_ASSIGN(const double from, request.Number("from", -1));
  PANO_ASSIGN(const double to, request.Number("to", -1));
  PANO_ASSIGN(const double seconds, request.Number("window", window));
  for (const double time : {at, from, to}) {
    if (time > kMaxTime || (time < 0 && time != -1)) {
      return Fail(Code::kInvalid, "times are unix seconds");
    }
  }
  if (seconds < 1 || seconds > 1e9) return Fail(Code::kInvalid, "window: 1 second or more");
  if (step != -1) {
    const std::vector<run::Step>& steps = snapshot.info().steps;
    if (step < 0 || step >= static_cast<double>(steps.size())) {
      return Fail(Code::kNotFound, "the run has {} steps, the first is 0", steps.size());
    }
    const run::Step& chosen = steps[static_cast<size_t>(step)];
    return Part{chosen.settled_from, chosen.to};
  }
  if (at >= 0) {
    all.to = static_cast<uint64_t>(at);
    all.from = all.to - std::min(all.to, static_cast<uint64_t>(seconds));
  }
  if (from >= 0) all.from = static_cast<uint64_t>(from);
  if (to >= 0) all.to = static_cast<uint64_t>(to);
  all.from = std::max(all.from, snapshot.begin());
  all.to = std::min(all.to, std::max(snapshot.end(), snapshot.begin()));
  if (snapshot.begin() >= snapshot.end()) {
    return Fail(Code::kNotFound, "the run has nothing yet: its first second is not over");
  }
  if (all.from >= all.to) {
    return Fail(Code::kNotFound, "the run is of [{}, {})", snapshot.begin(), snapshot.end());
  }
  return all;
}

std::vector<std::string> Split(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    if (!one.empty()) out.emplace_back(one);
  }
  return out;
}

struct Subject {
  bool edge = false;
  uint32_t id = 0;
  tag::EdgeId ends;
};

Result<Subject> SubjectOf(const run::Snapshot& snapshot, const Request& request) {
  PANO_ASSIGN(const double edge, request.Number("edge", 0));
  PANO_ASSIGN(const double node, request.Number("node", 0));
  if ((edge > 0) == (node > 0) || edge > 4294967295.0 || node > 4294967295.0) {
    return Fail(Code::kInvalid, "either edge=ID or node=ID");
  }
  Subject out;
  out.edge = edge > 0;
  out.id = static_cast<uint32_t>(out.edge ? edge : node);
  if (!out.edge) {
    if (!snapshot.names()->services.contains(out.id)) {
      return Fail(Code::kNotFound, "the run has no node {}", out.id);
    }
    return out;
  }
  const auto at = std::ranges::find(snapshot.edges(), out.id, &live::EdgeEntry::id);
  if (at == snapshot.edges().end()) return Fail(Code::kNotFound, "the run has no edge {}", out.id);
  out.ends = at->edge;
  return out;
}

struct Point {
  live::EdgeWindow edge;
  live::NodeWindow node;
};

// A node's requests are those it serves, or makes when it serves none.
Point PointOf(const live::WindowSet& window, const Subject& subject, double watched) {
  Point out;
  out.edge.seconds = watched;
  live::EdgeWindow made;
  bool serves = false;
  for (const live::EdgeEntry& e : window.edges) {
    if (subject.edge) {
      if (e.id == subject.id) out.edge = e.window;
      continue;
    }
    if (e.edge.server_service == subject.id) out.edge.AddAcross(e.window), serves = true;
    if (e.edge.client_service == subject.id) made.AddAcross(e.window);
  }
  if (!subject.edge && !serves && made.seconds > 0) out.edge = made;
  const uint32_t service = subject.edge ? subject.ends.server_service : subject.id;
  for (const live::NodeEntry& n : window.nodes) {
    if (n.service == service) out.node = n.window;
  }
  return out;
}

void WriteRunLimits(JsonWriter& out, const run::Snapshot& snapshot, const Subject& subject,
                    const std::vector<std::string>& metrics) {
  const live::Names& names = *snapshot.names();
  const analysis::Limits& limits = snapshot.info().limits;
  const analysis::LimitSet set =
      subject.edge ? limits.ForEdge(names.ServiceName(subject.ends.client_service),
                                    names.ServiceName(subject.ends.server_service))
                   : limits.ForNode(names.ServiceName(subject.id));
  out.Key("limits").BeginObject();
  for (const std::string& name : metrics) {
    const auto metric = analysis::MetricByName(name);
    if (metric && set[*metric]) out.Key(name).Number(*set[*metric]);
  }
  out.EndObject();
}

Result<std::vector<std::string>> MetricsOf(const Request& request) {
  auto metrics = Split(request.Query("metrics").value_or(std::string(kDefaultMetrics)));
  if (metrics.size() > kMaxMetrics) return Fail(Code::kInvalid, "too many metrics");
  for (const std::string& name : metrics) {
    if (live::FindEdgeNumber(name) == nullptr && live::FindNodeNumber(name) == nullptr) {
      return Fail(Code::kInvalid, "there is no metric \"{}\"", name.substr(0, 60));
    }
  }
  return metrics;
}

// Windows of `step` seconds, whole buckets each, and the seconds each was watched.
std::vector<std::pair<live::WindowSet, double>> Stretches(const run::Snapshot& snapshot,
                                                          const Part& part, uint32_t step) {
  std::vector<std::pair<live::WindowSet, double>> out;
  for (uint64_t t = part.from; t < part.to; t += step) {
    const uint64_t end = std::min<uint64_t>(part.to, t + step);
    double watched = 0;
    for (const run::PackedBucket& b : snapshot.buckets()) {
      if (b.from + b.seconds > t && b.from < end) watched += b.watched;
    }
    out.emplace_back(snapshot.Window(t, end), watched);
    out.back().first.from = t;
  }
  return out;
}

// At least a bucket, whole buckets, and so that no more than all buckets come back.
Result<uint32_t> StepOf(const run::Snapshot& snapshot, const Request& request) {
  PANO_ASSIGN(const double asked, request.Number("step", 0));
  if (asked < 0 || asked > 1e6) return Fail(Code::kInvalid, "step: whole seconds");
  const uint32_t bucket = snapshot.bucket_seconds();
  const auto wanted = std::max(bucket, static_cast<uint32_t>(asked));
  return (wanted + bucket - 1) / bucket * bucket;
}

// from and to rounded outwards to buckets.
Part Aligned(const run::Snapshot& snapshot, Part part) {
  for (const run::PackedBucket& b : snapshot.buckets()) {
    if (b.from <= part.from && part.from < b.from + b.seconds) part.from = b.from;
  }
  return part;
}

}  // namespace

Response GetRunMap(Context& context, const Request& request) {
  const auto snapshot = context.runs->Load(RunIdOf(request));
  if (!snapshot) return ErrorResponse(snapshot.error());
  const auto part = PartOf(**snapshot, request, context.live->options().window_seconds);
  if (!part) return ErrorResponse(part.error());
  const live::MapView map = (*snapshot)->Map(part->from, part->to);
  std::string body = MapJson(map, true);
  body.insert(1, "\"run\":\"" + (*snapshot)->info().id + "\",");
  return JsonResponse(std::move(body));
}

Response GetRunDiagnosis(Context& context, const Request& request) {
  const auto snapshot = context.runs->Load(RunIdOf(request));
  if (!snapshot) return ErrorResponse(snapshot.error());
  const auto part = PartOf(**snapshot, request, context.live->options().analysis_seconds);
  if (!part) return ErrorResponse(part.error());
  const live::MapView map = (*snapshot)->Map(part->from, part->to);
  return JsonResponse(DiagnosisJson(*map.verdict, *map.names));
}

Response GetRunSeries(Context& context, const Request& request) {
  const auto snapshot = context.runs->Load(RunIdOf(request));
  if (!snapshot) return ErrorResponse(snapshot.error());
  const auto subject = SubjectOf(**snapshot, request);
  if (!subject) return ErrorResponse(subject.error());
  const auto metrics = MetricsOf(request);
  if (!metrics) return ErrorResponse(metrics.error());
  const auto step = StepOf(**snapshot, request);
  if (!step) return ErrorResponse(step.error());
  Request ranged = request;
  ranged.query.erase("step");
  auto part = PartOf(**snapshot, ranged, *step);
  if (!part) return ErrorResponse(part.error());
  *part = Aligned(**snapshot, *part);
  const auto stretches = Stretches(**snapshot, *part, *step);
  std::vector<Point> points;
  points.reserve(stretches.size());
  for (const auto& [window, watched] : stretches) {
    points.push_back(PointOf(window, *subject, watched));
  }
  const bool counts = !subject->edge || analysis::LatencyCounts(subject->ends.l7_protocol);
  JsonWriter out;
  out.BeginObject().Key("from").Integer(part->from).Key("to").Integer(part->to);
  out.Key("step").Integer(*step).Key("times").BeginArray();
  for (const auto& [window, watched] : stretches) out.Integer(window.from);
  out.EndArray().Key("series").BeginObject();
  for (const std::string& name : *metrics) {
    const live::EdgeNumber* edge = live::FindEdgeNumber(name);
    const live::NodeNumber* node = live::FindNodeNumber(name);
    out.Key(name).BeginArray();
    for (const Point& p : points) {
      out.Number(edge != nullptr ? edge->value(p.edge, counts) : node->value(p.node));
    }
    out.EndArray();
  }
  out.EndObject();
  WriteRunLimits(out, **snapshot, *subject, *metrics);
  out.EndObject();
  return JsonResponse(out.Take());
}

Response GetRunTimeline(Context& context, const Request& request) {
  const auto loaded = context.runs->Load(RunIdOf(request));
  if (!loaded) return ErrorResponse(loaded.error());
  const run::Snapshot& snapshot = **loaded;
  const std::vector<run::LoadPoint> load = run::LoadSeries(snapshot);
  JsonWriter out;
  out.BeginObject().Key("from").Integer(snapshot.begin()).Key("to").Integer(snapshot.end());
  out.Key("step").Integer(snapshot.bucket_seconds()).Key("state").BeginArray();
  for (const run::PackedBucket& b : snapshot.buckets()) out.Text(analysis::Name(b.state));
  out.EndArray().Key("bottleneck").BeginArray();
  for (const run::PackedBucket& b : snapshot.buckets()) {
    b.bottleneck == 0 ? out.Null() : out.Integer(b.bottleneck);
  }
  out.EndArray().Key("request_rate").BeginArray();
  for (const run::LoadPoint& p : load) {
    p.known ? out.Number(p.offered) : out.Null();
  }
  out.EndArray().EndObject();
  return JsonResponse(out.Take());
}

}  // namespace pano::api
