// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "server/api/gzip.h"
#include "server/api/map_json.h"
#include "server/api/resources.h"

namespace pano::api {
namespace {
constexpr double kMaxTime = 1e11;  // far beyond any clock; keeps sums in range
constexpr double kMaxWindow = 900;
}  // namespace

Result<AskedRange> RangeOf(const Context& context, const Request& request, uint32_t window) {
  PANO_ASSIGN(const double asked_window, request.Number("window", window));
  if (asked_window < 1 || asked_window > kMaxWindow) {
    return Fail(Code::kInvalid, "window: 1 to {} seconds", kMaxWindow);
  }
  PANO_ASSIGN(const double at, request.Number("at", -1));
  PANO_ASSIGN(const double from, request.Number("from", -1));
  PANO_ASSIGN(const double to, request.Number("to", -1));
  for (const double time : {at, from, to}) {
    if (time > kMaxTime || (time < 0 && time != -1)) {
      return Fail(Code::kInvalid, "times are unix seconds");
    }
  }
  const uint64_t now = context.live->last_second() + 1;
  AskedRange out;
  const auto seconds = static_cast<uint64_t>(asked_window);
  if (from >= 0 || to >= 0) {
    if (at >= 0) return Fail(Code::kInvalid, "either at, or from and to");
    out.to = to >= 0 ? static_cast<uint64_t>(to) : now;
    out.from = from >= 0 ? static_cast<uint64_t>(from) : out.to - std::min(out.to, seconds);
    out.live = false;
    out.range = true;
  } else {
    out.live = at < 0;
    out.to = at >= 0 ? static_cast<uint64_t>(at) : now;
    out.from = out.to - std::min(out.to, seconds);
  }
  if (out.from >= out.to) return Fail(Code::kInvalid, "from must be before to");
  return out;
}

Result<live::MapView> PastMap(Context& context, const AskedRange& asked) {
  auto map = context.live->Over(asked.from, asked.to);
  if (map || map.error().code != Code::kNotFound) return map;
  const auto [begin, end] = context.live->Span();
  if (context.archive == nullptr) {
    if (asked.to > begin && begin != end) return context.live->Over(begin, asked.to);
    return std::unexpected(Error{Code::kNotFound, "nothing is kept of that time",
                                 "without a store only the last 15 minutes are kept"});
  }
  PANO_ASSIGN(const live::WindowSet windows, context.archive->Map(asked.from, asked.to));
  return context.live->FromStored(windows);
}

Response GetMap(Context& context, const Request& request) {
  const uint32_t window = context.live->options().window_seconds;
  const auto asked = RangeOf(context, request, window);
  if (!asked) return ErrorResponse(asked.error());
  const bool empty = context.live->last_second() == 0;  // before the first second: an empty map
  if (asked->live && (empty || asked->to - asked->from == window)) {
    const auto rendered = context.renderer.Of(context.live->Latest());
    if (!AcceptsGzip(request.Header("accept-encoding"))) return JsonResponse(rendered->map);
    Response response = JsonResponse(rendered->map_gzip);
    response.headers.emplace_back("Content-Encoding", "gzip");
    return response;
  }
  auto map = PastMap(context, *asked);
  if (!map) return ErrorResponse(map.error());
  const auto live = context.live->Latest();
  map->live = asked->live;
  map->topology = live->topology;
  map->stage = live->stage;
  map->tier = live->tier;
  return JsonResponse(MapJson(*map, asked->range));
}

}  // namespace pano::api
