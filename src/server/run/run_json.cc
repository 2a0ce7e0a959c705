// SPDX-License-Identifier: Apache-2.0
#include "server/run/run_json.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace pano::run {
namespace {

using analysis::kUnknown;
using analysis::LimitOverride;
using analysis::LimitSet;
using nlohmann::json;

constexpr size_t kMaxOverrides = 1000;
constexpr size_t kMaxText = 500;

json TimeJson(uint64_t time) { return time == 0 ? json(nullptr) : json(time); }

json TextOrNull(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

template <typename Enum, size_t kSize>
Enum EnumOf(const json& object, const char* key, const std::array<Enum, kSize>& all,
            Enum fallback) {
  const auto at = object.find(key);
  if (at == object.end() || !at->is_string()) return fallback;
  for (const Enum e : all) {
    if (Name(e) == at->get_ref<const std::string&>()) return e;
  }
  return fallback;
}

std::string TextAt(const json& object, const char* key, size_t most = kMaxText) {
  const auto at = object.find(key);
  if (at == object.end() || !at->is_string()) return {};
  return CleanText(at->get_ref<const std::string&>(), most);
}

double NumberAt(const json& object, const char* key, double fallback = kUnknown) {
  const auto at = object.find(key);
  return at != object.end() && at->is_number() ? at->get<double>() : fallback;
}

// Whole, not negative, and far from overflow.
uint64_t CountAt(const json& object, const char* key) {
  const double value = NumberAt(object, key, 0);
  return value >= 0 && value < 1e18 ? static_cast<uint64_t>(value) : 0;
}

bool FlagAt(const json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_boolean() && at->get<bool>();
}

const json& ListAt(const json& object, const char* key) {
  static const json kEmpty = json::array();
  const auto at = object.find(key);
  return at != object.end() && at->is_array() ? *at : kEmpty;
}

const json& ObjectAt(const json& object, const char* key) {
  static const json kEmpty = json::object();
  const auto at = object.find(key);
  return at != object.end() && at->is_object() ? *at : kEmpty;
}

json CountsJson(const std::vector<std::pair<std::string, uint64_t>>& counts) {
  json out = json::object();
  for (const auto& [name, count] : counts) out[name] = count;
  return out;
}

std::vector<std::pair<std::string, uint64_t>> CountsAt(const json& object, const char* key) {
  std::vector<std::pair<std::string, uint64_t>> out;
  for (const auto& [name, value] : ObjectAt(object, key).items()) {
    if (out.size() >= kMaxText) break;
    if (value.is_number_unsigned()) out.emplace_back(name.substr(0, 200), value.get<uint64_t>());
  }
  return out;
}

std::vector<std::string> TextsAt(const json& object, const char* key, size_t most) {
  std::vector<std::string> out;
  for (const json& text : ListAt(object, key)) {
    if (out.size() >= most) break;
    if (text.is_string()) out.push_back(CleanText(text.get_ref<const std::string&>(), kMaxText));
  }
  return out;
}

json LimitJson(const std::optional<double>& limit) { return limit ? json(*limit) : json(nullptr); }

Result<std::optional<double>> LimitOf(const json& value, std::string_view what) {
  if (value.is_null()) return std::optional<double>();
  if (!value.is_number() || !std::isfinite(value.get<double>()) || value.get<double>() < 0) {
    return Fail(Code::kInvalid, "{}: a limit is a number of 0 or more, or null", what);
  }
  return std::optional(value.get<double>());
}

Result<analysis::Metric> MetricOf(const std::string& name) {
  const auto metric = analysis::MetricByName(name);
  if (!metric) return Fail(Code::kInvalid, "there is no metric \"{}\"", name.substr(0, 60));
  return *metric;
}

Result<LimitOverride> OverrideOf(const json& entry) {
  if (!entry.is_object() || !entry.contains("limit")) {
    return Fail(Code::kInvalid, "overrides: each has service, or client and server; metric; limit");
  }
  LimitOverride out;
  out.service = TextAt(entry, "service", kMaxName);
  out.client = TextAt(entry, "client", kMaxName);
  out.server = TextAt(entry, "server", kMaxName);
  const std::string metric = TextAt(entry, "metric");
  PANO_ASSIGN(out.metric, MetricOf(metric));
  PANO_ASSIGN(out.limit, LimitOf(entry["limit"], metric));
  const bool edge = !out.client.empty() && !out.server.empty();
  if (out.service.empty() == !edge || (!edge && !(out.client.empty() && out.server.empty()))) {
    return Fail(Code::kInvalid, "overrides: either service, or client and server");
  }
  return out;
}

constexpr std::array kStates{RunState::kRunning, RunState::kDone, RunState::kAborted};
constexpr std::array kOrigins{Origin::kManual, Origin::kRecognised};
constexpr std::array kReasons{StepReason::kBegin, StepReason::kLoad, StepReason::kScale,
                              StepReason::kMark};
constexpr std::array kVerdicts{analysis::Verdict::kNone, analysis::Verdict::kBottleneck,
                               analysis::Verdict::kUnknownCause};

schema::EventKind EventKindAt(const json& object) {
  const std::string name = TextAt(object, "kind");
  for (uint8_t i = 0; i <= static_cast<uint8_t>(schema::EventKind::kLimits); ++i) {
    const auto kind = static_cast<schema::EventKind>(i);
    if (schema::Name(kind) == name) return kind;
  }
  return schema::EventKind::kMark;
}

Step StepFrom(const json& j) {
  Step s;
  s.from = CountAt(j, "from");
  s.to = CountAt(j, "to");
  s.settled_from = CountAt(j, "settled_from");
  s.reason = EnumOf(j, "reason", kReasons, StepReason::kLoad);
  s.label = TextAt(j, "label");
  s.ramp = TextAt(j, "shape") == "ramp";
  s.offered_rate = NumberAt(j, "offered_rate");
  s.accepted_rate = NumberAt(j, "accepted_rate");
  s.connections = NumberAt(j, "connections");
  s.in_flight = NumberAt(j, "in_flight");
  return s;
}

RunEvent EventFrom(const json& j) {
  RunEvent e;
  const double time = NumberAt(j, "time", 0);
  e.time_ns = time > 0 && time < 1e10 ? std::llround(time * 1e3) * 1'000'000u : 0;
  e.kind = EventKindAt(j);
  e.service = TextAt(j, "service", kMaxName);
  e.instance = TextAt(j, "instance", kMaxName);
  e.text = TextAt(j, "text");
  return e;
}

VerdictSpan VerdictFrom(const json& j) {
  VerdictSpan v;
  v.from = CountAt(j, "from");
  v.to = CountAt(j, "to");
  v.verdict = EnumOf(j, "status", kVerdicts, analysis::Verdict::kUnknownCause);
  v.bottleneck = TextAt(j, "bottleneck", kMaxName);
  v.fault = TextAt(j, "class");
  v.confidence = NumberAt(j, "confidence", 0);
  v.sentence = TextAt(j, "sentence", 2000);
  return v;
}

void SetSummaryLoad(RunSummary& s, const json& load) {
  s.offered_rate = NumberAt(load, "offered_rate");
  s.accepted_rate = NumberAt(load, "accepted_rate");
  s.requests = NumberAt(load, "requests");
  s.errors = NumberAt(load, "errors");
  s.latency_p50_us = NumberAt(load, "latency_p50");
  s.latency_p95_us = NumberAt(load, "latency_p95");
  s.latency_p99_us = NumberAt(load, "latency_p99");
  s.connections = NumberAt(load, "connections");
}

json HistogramJson(const ExpHistogram& histogram) {
  json out = json::array();
  for (const HistogramEntry& e : histogram.entries()) out.push_back({e.bucket, e.count});
  return out;
}

ExpHistogram HistogramAt(const json& object, const char* key) {
  ExpHistogram out;
  size_t left = kHistogramBuckets;
  for (const json& pair : ListAt(object, key)) {
    if (left-- == 0) break;
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number_unsigned() ||
        !pair[1].is_number_unsigned()) {
      continue;
    }
    const auto bucket = pair[0].get<uint64_t>();
    const auto count = pair[1].get<uint64_t>();
    if (bucket < kHistogramBuckets && count <= UINT32_MAX) {
      out.AddBucket(static_cast<decltype(HistogramEntry::bucket)>(bucket),
                    static_cast<uint32_t>(count));
    }
  }
  return out;
}

}  // namespace

json NumberJson(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

bool ValidId(std::string_view id) {
  return !id.empty() && id.size() <= 40 && std::ranges::all_of(id, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
  });
}

std::string CleanText(std::string_view text, size_t most) {
  // The library's own repair of invalid UTF-8 (RFC 3629); control characters stay as they are.
  std::string clean =
      json(std::string(text.substr(0, most))).dump(-1, ' ', false, json::error_handler_t::ignore);
  const json back = json::parse(clean, nullptr, false);
  return back.is_string() ? back.get<std::string>() : std::string();
}

json LabelsJson(const std::vector<std::pair<std::string, std::string>>& labels) {
  json out = json::object();
  for (const auto& [key, value] : labels) out[key] = value;
  return out;
}

json LimitsJson(const analysis::Limits& limits) {
  json defaults = json::object();
  for (const analysis::Metric m : analysis::kAllMetrics) {
    defaults[std::string(analysis::Name(m))] = LimitJson(limits.defaults()[m]);
  }
  json overrides = json::array();
  for (const LimitOverride& o : limits.overrides()) {
    json one = {{"metric", analysis::Name(o.metric)}, {"limit", LimitJson(o.limit)}};
    if (!o.service.empty()) {
      one["service"] = o.service;
    } else {
      one["client"] = o.client;
      one["server"] = o.server;
    }
    overrides.push_back(std::move(one));
  }
  return {{"defaults", std::move(defaults)}, {"overrides", std::move(overrides)}};
}

Result<analysis::Limits> LimitsFromJson(const json& document) {
  if (!document.is_object()) {
    return Fail(Code::kInvalid, "objectives: an object of defaults and overrides");
  }
  for (const auto& [key, value] : document.items()) {
    if (key != "defaults" && key != "overrides") {
      return Fail(Code::kInvalid, "objectives: \"{}\" is neither defaults nor overrides",
                  key.substr(0, 60));
    }
  }
  LimitSet defaults;
  for (const auto& [name, value] : ObjectAt(document, "defaults").items()) {
    PANO_ASSIGN(const analysis::Metric metric, MetricOf(name));
    PANO_ASSIGN(defaults[metric], LimitOf(value, name));
  }
  std::vector<LimitOverride> overrides;
  for (const json& entry : ListAt(document, "overrides")) {
    if (overrides.size() >= kMaxOverrides) {
      return Fail(Code::kInvalid, "overrides: at most {}", kMaxOverrides);
    }
    PANO_ASSIGN(LimitOverride one, OverrideOf(entry));
    overrides.push_back(std::move(one));
  }
  return analysis::Limits(defaults, std::move(overrides));
}

Result<std::vector<std::pair<std::string, std::string>>> LabelsFromJson(const json& document,
                                                                        bool removals) {
  std::map<std::string, std::string> out;
  if (!document.is_object()) return Fail(Code::kInvalid, "labels: an object of texts");
  for (const auto& [key, value] : document.items()) {
    const bool removal = removals && value.is_null();
    if (key.empty() || key.size() > kMaxName || !(value.is_string() || removal)) {
      return Fail(Code::kInvalid, "labels: \"{}\" is not a text", key.substr(0, 60));
    }
    out[CleanText(key, kMaxName)] =
        removal ? "" : CleanText(value.get_ref<const std::string&>(), kMaxName);
    if (out.size() > kMaxLabels) return Fail(Code::kInvalid, "labels: at most {}", kMaxLabels);
  }
  return std::vector<std::pair<std::string, std::string>>(out.begin(), out.end());
}

json StepJson(const Step& s) {
  return {{"from", s.from},
          {"to", s.to},
          {"settled_from", s.settled_from},
          {"reason", Name(s.reason)},
          {"label", s.label},
          {"shape", s.ramp ? "ramp" : "plateau"},
          {"offered_rate", NumberJson(s.offered_rate)},
          {"accepted_rate", NumberJson(s.accepted_rate)},
          {"connections", NumberJson(s.connections)},
          {"in_flight", NumberJson(s.in_flight)}};
}

json MarkJson(const Mark& m) { return {{"time", m.time}, {"text", m.text}, {"step", m.step}}; }

json EventJson(const RunEvent& e) {
  return {{"time", static_cast<double>(e.time_ns / 1'000'000) / 1e3},
          {"kind", schema::Name(e.kind)},
          {"service", e.service},
          {"instance", e.instance},
          {"text", e.text}};
}

json VerdictJson(const VerdictSpan& v) {
  return {{"from", v.from},
          {"to", v.to},
          {"status", analysis::Name(v.verdict)},
          {"bottleneck", TextOrNull(v.bottleneck)},
          {"class", TextOrNull(v.fault)},
          {"confidence", NumberJson(v.confidence)},
          {"sentence", v.sentence}};
}

json ReportJson(const LoadgenReport& r) {
  json quantiles = json::object();
  for (const auto& [q, us] : r.quantiles_us) quantiles[fmt::format("{:g}", q)] = NumberJson(us);
  return {{"tool", r.tool},
          {"file", r.file},
          {"begin", TimeJson(r.begin)},
          {"end", TimeJson(r.end)},
          {"duration_s", NumberJson(r.duration_s)},
          {"requests", NumberJson(r.requests)},
          {"errors", NumberJson(r.errors)},
          {"connect_errors", NumberJson(r.connect_errors)},
          {"timeouts", NumberJson(r.timeouts)},
          {"rate", NumberJson(r.rate)},
          {"bytes", NumberJson(r.bytes)},
          {"users", NumberJson(r.users)},
          {"dropped", NumberJson(r.dropped)},
          {"mean", NumberJson(r.mean_us)},
          {"max", NumberJson(r.max_us)},
          {"quantiles", std::move(quantiles)},
          {"open_loop", r.open_loop},
          {"error_kinds", CountsJson(r.error_kinds)},
          {"notes", r.notes},
          {"histogram", HistogramJson(r.latency)}};
}

Result<LoadgenReport> ReportFromJson(const json& j) {
  if (!j.is_object()) return Fail(Code::kInvalid, "a report is a JSON object");
  LoadgenReport r;
  r.tool = TextAt(j, "tool", 40);
  if (r.tool.empty()) return Fail(Code::kInvalid, "tool: the report names none");
  r.file = TextAt(j, "file", kMaxName);
  r.begin = CountAt(j, "begin");
  r.end = CountAt(j, "end");
  const std::pair<const char*, double*> numbers[] = {{"duration_s", &r.duration_s},
                                                     {"requests", &r.requests},
                                                     {"errors", &r.errors},
                                                     {"connect_errors", &r.connect_errors},
                                                     {"timeouts", &r.timeouts},
                                                     {"rate", &r.rate},
                                                     {"bytes", &r.bytes},
                                                     {"users", &r.users},
                                                     {"dropped", &r.dropped},
                                                     {"mean", &r.mean_us},
                                                     {"max", &r.max_us}};
  for (const auto& [key, value] : numbers) *value = NumberAt(j, key);
  for (const auto& [name, value] : ObjectAt(j, "quantiles").items()) {
    const double q = std::strtod(name.c_str(), nullptr);
    if (q >= 0 && q <= 1 && value.is_number() && r.quantiles_us.size() < 100) {
      r.quantiles_us.emplace_back(q, value.get<double>());
    }
  }
  std::ranges::sort(r.quantiles_us);
  r.open_loop = FlagAt(j, "open_loop");
  r.error_kinds = CountsAt(j, "error_kinds");
  r.notes = TextsAt(j, "notes", 50);
  r.latency = HistogramAt(j, "histogram");
  return r;
}

json SummaryJson(const RunSummary& s) {
  json met = s.objectives_met ? json(*s.objectives_met) : json(nullptr);
  const bool named = s.verdict == analysis::Verdict::kBottleneck;
  return {{"id", s.id},
          {"name", s.name},
          {"origin", Name(s.origin)},
          {"state", Name(s.state)},
          {"begin", s.begin},
          {"end", TimeJson(s.end)},
          {"labels", LabelsJson(s.labels)},
          {"generator", TextOrNull(s.generator)},
          {"steps", s.steps},
          {"load",
           {{"offered_rate", NumberJson(s.offered_rate)},
            {"accepted_rate", NumberJson(s.accepted_rate)},
            {"requests", NumberJson(s.requests)},
            {"errors", NumberJson(s.errors)},
            {"latency_p50", NumberJson(s.latency_p50_us)},
            {"latency_p95", NumberJson(s.latency_p95_us)},
            {"latency_p99", NumberJson(s.latency_p99_us)},
            {"connections", NumberJson(s.connections)}}},
          {"verdict",
           {{"status", analysis::Name(s.verdict)},
            {"bottleneck", named ? json(s.bottleneck) : json(nullptr)},
            {"sentence", s.sentence}}},
          {"objectives_met", std::move(met)},
          {"bytes", s.bytes}};
}

Result<RunSummary> SummaryFromJson(const json& j) {
  if (!j.is_object()) return Fail(Code::kInvalid, "a run's summary is a JSON object");
  RunSummary s;
  s.id = TextAt(j, "id");
  if (!ValidId(s.id)) return Fail(Code::kInvalid, "id: not that of a run");
  s.name = TextAt(j, "name", kMaxName);
  s.origin = EnumOf(j, "origin", kOrigins, Origin::kManual);
  s.state = EnumOf(j, "state", kStates, RunState::kAborted);
  s.begin = CountAt(j, "begin");
  s.end = CountAt(j, "end");
  if (auto labels = LabelsFromJson(ObjectAt(j, "labels"), false)) s.labels = std::move(*labels);
  s.generator = TextAt(j, "generator", kMaxName);
  s.steps = static_cast<uint32_t>(std::min<uint64_t>(CountAt(j, "steps"), kMaxSteps));
  SetSummaryLoad(s, ObjectAt(j, "load"));
  const json& verdict = ObjectAt(j, "verdict");
  s.verdict = EnumOf(verdict, "status", kVerdicts, analysis::Verdict::kUnknownCause);
  s.bottleneck = TextAt(verdict, "bottleneck", kMaxName);
  s.sentence = TextAt(verdict, "sentence", 2000);
  if (const auto met = j.find("objectives_met"); met != j.end() && met->is_boolean()) {
    s.objectives_met = met->get<bool>();
  }
  return s;
}

json InfoJson(const RunInfo& info) {
  json out = {{"id", info.id},
              {"name", info.name},
              {"labels", LabelsJson(info.labels)},
              {"notes", info.notes},
              {"state", Name(info.state)},
              {"origin", Name(info.origin)},
              {"begin", info.begin},
              {"end", TimeJson(info.end)},
              {"generator", info.generator},
              {"joined_late", info.joined_late},
              {"objectives", info.objectives ? LimitsJson(*info.objectives) : json(nullptr)},
              {"limits", LimitsJson(info.limits)},
              {"losses", CountsJson(info.losses)},
              {"doubts", info.doubts},
              {"host", info.host},
              {"version", info.version},
              {"tier", info.tier}};
  const auto list = [&out](const char* key, const auto& items, auto to_json) {
    json& array = out[key] = json::array();
    for (const auto& item : items) array.push_back(to_json(item));
  };
  list("steps", info.steps, StepJson);
  list("marks", info.marks, MarkJson);
  list("events", info.events, EventJson);
  list("verdicts", info.verdicts, VerdictJson);
  list("loadgen", info.loadgen, ReportJson);
  return out;
}

Result<RunInfo> InfoFromJson(const json& j) {
  if (!j.is_object()) return Fail(Code::kInvalid, "a run's description is a JSON object");
  RunInfo info;
  info.id = TextAt(j, "id");
  if (!ValidId(info.id)) return Fail(Code::kInvalid, "id: not that of a run");
  info.name = TextAt(j, "name", kMaxName);
  if (auto labels = LabelsFromJson(ObjectAt(j, "labels"), false)) info.labels = std::move(*labels);
  info.notes = TextAt(j, "notes", kMaxNotes);
  info.state = EnumOf(j, "state", kStates, RunState::kAborted);
  info.origin = EnumOf(j, "origin", kOrigins, Origin::kManual);
  info.begin = CountAt(j, "begin");
  info.end = CountAt(j, "end");
  info.generator = TextAt(j, "generator", kMaxName);
  info.joined_late = FlagAt(j, "joined_late");
  if (const auto at = j.find("objectives"); at != j.end() && at->is_object()) {
    PANO_ASSIGN(info.objectives, LimitsFromJson(*at));
  }
  if (const auto at = j.find("limits"); at != j.end()) {
    PANO_ASSIGN(info.limits, LimitsFromJson(*at));
  }
  info.losses = CountsAt(j, "losses");
  info.doubts = TextsAt(j, "doubts", 100);
  info.host = TextAt(j, "host", kMaxName);
  info.version = TextAt(j, "version", kMaxName);
  info.tier = TextAt(j, "tier", kMaxName);
  const auto list = [&j](const char* key, size_t most, auto& into, auto from_json) {
    for (const json& item : ListAt(j, key)) {
      if (into.size() >= most) break;
      if (item.is_object()) into.push_back(from_json(item));
    }
  };
  list("steps", kMaxSteps, info.steps, StepFrom);
  list("marks", kMaxMarks, info.marks, [](const json& m) {
    return Mark{CountAt(m, "time"), TextAt(m, "text"), FlagAt(m, "step")};
  });
  list("events", kMaxRunEvents, info.events, EventFrom);
  list("verdicts", kMaxVerdicts, info.verdicts, VerdictFrom);
  list("loadgen", kMaxReports, info.loadgen,
       [](const json& r) { return ReportFromJson(r).value_or(LoadgenReport{}); });
  std::erase_if(info.loadgen, [](const LoadgenReport& r) { return r.tool.empty(); });
  return info;
}

}  // namespace pano::run
