// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "server/api/map_json.h"
#include "server/api/resources.h"

namespace pano::api {
namespace {

constexpr uint32_t kDefaultSeconds = 900;
constexpr size_t kMaxText = 500;
constexpr uint64_t kNs = 1'000'000'000u;

std::string TextOf(const nlohmann::json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

}  // namespace

Response GetEvents(Context& context, const Request& request) {
  auto asked = RangeOf(context, request, kDefaultSeconds);
  if (!asked) return ErrorResponse(asked.error());
  if (!request.Query("to") && !request.Query("at")) asked->to = WallNs() / kNs + 1;
  std::vector<live::MapEvent> events =
      context.live->events().Range(asked->from * kNs, asked->to * kNs);
  if (context.archive != nullptr) {
    // Memory holds what happened since the start; the store what came before.
    const auto known = context.live->events().After(0);
    const uint64_t begin = known.empty() ? asked->to * kNs : known.front().row.time_ns;
    if (asked->from * kNs < begin) {
      const uint64_t until = std::min(asked->to, begin / kNs + 1);
      if (const auto stored = context.archive->Events(asked->from, until)) {
        const auto names = context.live->names();
        std::vector<live::MapEvent> all;
        for (const tag::EventRow& row : *stored) {
          if (row.time_ns < begin) all.push_back({0, row, names->ServiceName(row.service), ""});
        }
        all.insert(all.end(), events.begin(), events.end());
        events = std::move(all);
      }
    }
  }
  JsonWriter out;
  out.BeginObject().Key("events").BeginArray();
  for (const live::MapEvent& event : events) WriteEvent(out, event);
  out.EndArray().EndObject();
  return JsonResponse(out.Take());
}

Response PostEvent(Context& context, const Request& request) {
  const auto body = nlohmann::json::parse(request.body, nullptr, false);
  if (!body.is_object()) {
    return ErrorResponse({Code::kInvalid, "the body is not a JSON object", ""});
  }
  tag::EventRow row;
  row.time_ns = WallNs();
  row.text = TextOf(body, "text");
  if (row.text.empty() || row.text.size() > kMaxText) {
    return ErrorResponse({Code::kInvalid, "text: 1 to 500 bytes are needed", ""});
  }
  const std::string kind = TextOf(body, "kind");
  if (kind == "scale") {
    row.kind = schema::EventKind::kScale;
  } else if (!kind.empty() && kind != "mark") {
    return ErrorResponse({Code::kInvalid, "kind: mark or scale", ""});
  }
  const std::string service = TextOf(body, "service");
  row.service = service.empty() ? 0 : context.live->names()->ServiceId(service);
  live::MapEvent event = context.add_event(std::move(row));
  if (event.service.empty()) event.service = service.substr(0, 128);
  JsonWriter out;
  WriteEvent(out, event);
  return JsonResponse(out.Take(), 201);
}

}  // namespace pano::api
