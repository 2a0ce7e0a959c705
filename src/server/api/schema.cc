// SPDX-License-Identifier: Apache-2.0
#include "schema/table.h"
#include "server/api/resources.h"

namespace pano::api {

Response GetSchema(Context&, const Request&) { return JsonResponse(schema::SchemaJson()); }

}  // namespace pano::api
