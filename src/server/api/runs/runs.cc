// SPDX-License-Identifier: Apache-2.0
// /api/v1/runs: list, start, stop, change, mark, delete.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/api/resources.h"
#include "server/api/runs/run_detail_json.h"
#include "server/run/run_json.h"

namespace pano::api {
namespace {

using nlohmann::json;

constexpr size_t kMaxListed = 1000;
constexpr double kMaxTime = 1e11;

Response AsResponse(const json& document, unsigned status = 200) {
  return JsonResponse(document.dump(-1, ' ', false, json::error_handler_t::replace), status);
}

Response Conflict(Response response) {
  response.status = 409;
  return response;
}

// The body as an object; an empty one is {}.
Result<json> BodyOf(const Request& request) {
  if (request.body.empty()) return json::object();
  json body = json::parse(request.body, nullptr, false);
  if (!body.is_object()) return Fail(Code::kInvalid, "the body is not a JSON object");
  return body;
}

Result<std::string> TextAt(const json& body, const char* key, size_t most) {
  const auto at = body.find(key);
  if (at == body.end() || at->is_null()) return std::string();
  if (!at->is_string() || at->get_ref<const std::string&>().size() > most) {
    return Fail(Code::kInvalid, "{}: a text of at most {} bytes", key, most);
  }
  return at->get<std::string>();
}

Result<uint64_t> TimeAt(const json& body, const char* key) {
  const auto at = body.find(key);
  if (at == body.end() || at->is_null()) return uint64_t{0};
  if (!at->is_number() || !(at->get<double>() > 0) || at->get<double>() > kMaxTime) {
    return Fail(Code::kInvalid, "{}: unix seconds", key);
  }
  return static_cast<uint64_t>(at->get<double>());
}

bool HasLabel(const run::RunSummary& s, const std::string& wanted) {
  const size_t equals = wanted.find('=');
  const std::string key = wanted.substr(0, equals);
  return std::ranges::any_of(s.labels, [&](const auto& label) {
    return label.first == key &&
           (equals == std::string::npos || label.second == wanted.substr(equals + 1));
  });
}

bool Asked(const run::RunSummary& s, const Request& request, double before) {
  if (before >= 0 && static_cast<double>(s.begin) >= before) return false;
  if (const auto state = request.Query("state"); state && *state != run::Name(s.state))
    return false;
  if (const auto origin = request.Query("origin"); origin && *origin != run::Name(s.origin)) {
    return false;
  }
  if (const auto label = request.Query("label"); label && !HasLabel(s, *label)) return false;
  const auto part = request.Query("q");
  return !part || s.name.find(*part) != std::string::npos;
}

Result<run::StartRequest> StartOf(const Request& request) {
  PANO_ASSIGN(const json body, BodyOf(request));
  run::StartRequest start;
  PANO_ASSIGN(start.name, TextAt(body, "name", run::kMaxName));
  PANO_ASSIGN(start.notes, TextAt(body, "notes", run::kMaxNotes));
  PANO_ASSIGN(start.begin, TimeAt(body, "begin"));
  if (body.contains("labels") && !body["labels"].is_null()) {
    PANO_ASSIGN(start.labels, run::LabelsFromJson(body["labels"], false));
  }
  if (body.contains("objectives") && !body["objectives"].is_null()) {
    PANO_ASSIGN(start.objectives, run::LimitsFromJson(body["objectives"]));
  }
  return start;
}

Result<run::RunChange> ChangeOf(const Request& request) {
  PANO_ASSIGN(const json body, BodyOf(request));
  run::RunChange change;
  for (const auto& [key, value] : body.items()) {
    if (key == "name") {
      PANO_ASSIGN(change.name, TextAt(body, "name", run::kMaxName));
    } else if (key == "notes") {
      PANO_ASSIGN(change.notes, TextAt(body, "notes", run::kMaxNotes));
    } else if (key == "labels") {
      PANO_ASSIGN(change.labels, run::LabelsFromJson(value, true));
    } else if (key == "objectives") {
      PANO_ASSIGN(change.objectives, run::LimitsFromJson(value));
    } else {
      return Fail(Code::kInvalid, "\"{}\" cannot be changed: name, notes, labels, objectives can",
                  key.substr(0, 60));
    }
  }
  return change;
}

}  // namespace

std::string RunIdOf(const Request& request) {
  constexpr std::string_view kPrefix = "/api/v1/runs/";
  const std::string rest = request.path.substr(std::min(request.path.size(), kPrefix.size()));
  return rest.substr(0, rest.find('/'));
}

Response GetRuns(Context& context, const Request& request) {
  const auto limit = request.Number("limit", 100);
  const auto before = request.Number("before", -1);
  if (!limit) return ErrorResponse(limit.error());
  if (!before) return ErrorResponse(before.error());
  if (*limit < 1) return ErrorResponse({Code::kInvalid, "limit: 1 or more", ""});
  const auto most = static_cast<size_t>(std::min(*limit, double{kMaxListed}));
  json runs = json::array();
  size_t total = 0;
  for (const run::RunSummary& s : context.runs->List()) {
    if (!Asked(s, request, *before)) continue;
    if (total++ < most) runs.push_back(RunJson(s));
  }
  return AsResponse({{"runs", std::move(runs)},
                     {"total", total},
                     {"recognise", context.runs->recognises()},
                     {"alarms", context.runs->Alarms()}});
}

Response PostRun(Context& context, const Request& request) {
  auto start = StartOf(request);
  if (!start) return ErrorResponse(start.error());
  const bool was_given_begin = start->begin != 0;
  const auto started = context.runs->Start(*std::move(start));
  if (started) return AsResponse(RunJson(*started), 201);
  const bool busy = started.error().code == Code::kInvalid &&
                    (!was_given_begin || context.runs->Find(std::string(run::kCurrent)));
  return busy ? Conflict(ErrorResponse(started.error())) : ErrorResponse(started.error());
}

Response GetRun(Context& context, const Request& request) {
  const std::string id = RunIdOf(request);
  const auto summary = context.runs->Find(id);
  if (!summary) return ErrorResponse(summary.error());
  const auto snapshot = context.runs->Load(summary->id);
  if (!snapshot) return ErrorResponse(snapshot.error());
  return AsResponse(RunDetailJson(*summary, **snapshot));
}

Response PatchRun(Context& context, const Request& request) {
  auto change = ChangeOf(request);
  if (!change) return ErrorResponse(change.error());
  const auto changed = context.runs->Change(RunIdOf(request), *std::move(change));
  return changed ? AsResponse(RunJson(*changed)) : ErrorResponse(changed.error());
}

Response DeleteRun(Context& context, const Request& request) {
  const auto summary = context.runs->Find(RunIdOf(request));
  if (!summary) return ErrorResponse(summary.error());
  const Status deleted = context.runs->Delete(summary->id);
  return deleted ? AsResponse({{"deleted", summary->id}}) : ErrorResponse(deleted.error());
}

Response StopRun(Context& context, const Request& request) {
  const auto body = BodyOf(request);
  if (!body) return ErrorResponse(body.error());
  const auto end = TimeAt(*body, "end");
  if (!end) return ErrorResponse(end.error());
  const std::string id = RunIdOf(request);
  const auto stopped = context.runs->Stop(id, *end);
  if (stopped) return AsResponse(RunJson(*stopped));
  const auto summary = context.runs->Find(id);
  const bool ended = summary && summary->state != run::RunState::kRunning;
  return ended ? Conflict(ErrorResponse(stopped.error())) : ErrorResponse(stopped.error());
}

Response PostMark(Context& context, const Request& request) {
  const auto body = BodyOf(request);
  if (!body) return ErrorResponse(body.error());
  run::Mark mark;
  auto text = TextAt(*body, "text", 500);
  if (!text) return ErrorResponse(text.error());
  if (text->empty()) return ErrorResponse({Code::kInvalid, "text: 1 to 500 bytes are needed", ""});
  mark.text = *std::move(text);
  const auto time = TimeAt(*body, "time");
  if (!time) return ErrorResponse(time.error());
  mark.time = *time;
  const auto step = body->find("step");
  mark.step = step != body->end() && step->is_boolean() && step->get<bool>();
  const auto added = context.runs->AddMark(RunIdOf(request), std::move(mark));
  if (!added) return ErrorResponse(added.error());
  // The timeline shows it as well.
  context.add_event({added->time * 1'000'000'000u, schema::EventKind::kMark, 0, 0, added->text});
  return AsResponse(run::MarkJson(*added), 201);
}

}  // namespace pano::api
