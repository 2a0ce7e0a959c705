// SPDX-License-Identifier: Apache-2.0
// Turns what varies into what stays: paths into endpoints, query strings into masked ones.
#pragma once

#include <string_view>

#include "agent/l7/message.h"

namespace pano::l7 {

// "/api/products/66VCHSJNUP?x=1" -> "/api/products/{id}". Numbers, UUIDs, hex and long or mixed
// identifiers fold; the query goes. The text lives in `message`.
std::string_view FoldPath(std::string_view path, Message& message);

// The target with the values of query parameters that look like secrets replaced by "***".
std::string_view MaskQuery(std::string_view target, Message& message);

}  // namespace pano::l7
