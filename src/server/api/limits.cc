// SPDX-License-Identifier: Apache-2.0
#include "server/api/limits_document.h"
#include "server/api/resources.h"

namespace pano::api {

Response GetLimits(Context& context, const Request&) {
  return JsonResponse(LimitsJson(*context.live->limits()));
}

Response PutLimits(Context& context, const Request& request) {
  const auto limits = ParseLimits(request.body);
  if (!limits) return ErrorResponse(limits.error());
  if (const Status saved = context.set_limits(*limits); !saved) return ErrorResponse(saved.error());
  return JsonResponse(LimitsJson(*context.live->limits()));
}

}  // namespace pano::api
