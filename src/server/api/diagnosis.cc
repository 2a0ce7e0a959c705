// SPDX-License-Identifier: Apache-2.0
#include "server/api/map_json.h"
#include "server/api/resources.h"

namespace pano::api {

Response GetDiagnosis(Context& context, const Request& request) {
  const auto asked = RangeOf(context, request, context.live->options().analysis_seconds);
  if (!asked) return ErrorResponse(asked.error());
  if (asked->live) {
    const auto map = context.live->Latest();
    return JsonResponse(DiagnosisJson(*map->verdict, *map->names));
  }
  const auto map = PastMap(context, *asked);
  if (!map) return ErrorResponse(map.error());
  return JsonResponse(DiagnosisJson(*map->verdict, *map->names));
}

}  // namespace pano::api
