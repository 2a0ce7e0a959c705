// SPDX-License-Identifier: Apache-2.0
#include "server/run/run_json.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace pano::run {
namespace {

using nlohmann::json;

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
  s.from = TimeAt(j, "from");
  s.to = TimeAt(j, "to");
  s.settled_from = TimeAt(j, "settled_from");
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
  // Nanoseconds must fit; milliseconds are what was written.
  e.time_ns = time > 0 && time < 9e9 ? std::llround(time * 1e3) * 1'000'000u : 0;
  e.kind = EventKindAt(j);
  e.service = TextAt(j, "service", kMaxName);
  e.instance = TextAt(j, "instance", kMaxName);
  e.text = TextAt(j, "text");
  return e;
}

VerdictSpan VerdictFrom(const json& j) {
  VerdictSpan v;
  v.from = TimeAt(j, "from");
  v.to = TimeAt(j, "to");
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

}  // namespace

bool ValidId(std::string_view id) {
  return !id.empty() && id.size() <= 40 && std::ranges::all_of(id, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
  });
}

json LabelsJson(const std::vector<std::pair<std::string, std::string>>& labels) {
  json out = json::object();
  for (const auto& [key, value] : labels) out[key] = value;
  return out;
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
  const uint64_t milliseconds = e.time_ns / 1'000'000;
  return {{"time", static_cast<double>(milliseconds) / 1e3},
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
  s.begin = TimeAt(j, "begin");
  s.end = TimeAt(j, "end");
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
  info.begin = TimeAt(j, "begin");
  info.end = TimeAt(j, "end");
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
  std::erase_if(info.steps, [](const Step& s) { return s.to < s.from; });
  list("marks", kMaxMarks, info.marks,
       [](const json& m) { return Mark{TimeAt(m, "time"), TextAt(m, "text"), FlagAt(m, "step")}; });
  list("events", kMaxRunEvents, info.events, EventFrom);
  list("verdicts", kMaxVerdicts, info.verdicts, VerdictFrom);
  list("loadgen", kMaxReports, info.loadgen,
       [](const json& r) { return ReportFromJson(r).value_or(LoadgenReport{}); });
  std::erase_if(info.loadgen, [](const LoadgenReport& r) { return r.tool.empty(); });
  return info;
}

}  // namespace pano::run
