// SPDX-License-Identifier: Apache-2.0
// Trace identifiers that applications pass on in headers: W3C traceparent, SkyWalking sw8, Zipkin
// B3, X-Request-ID. Shared by HTTP/1 and HTTP/2.
#pragma once

#include <string_view>

#include "agent/l7/message.h"

namespace pano::l7 {

// Takes a header if it is one of them; `name` in any case.
void TakeTraceHeader(std::string_view name, std::string_view value, Message& message);

bool EqualsIgnoreCase(std::string_view a, std::string_view lower);

}  // namespace pano::l7
