// SPDX-License-Identifier: Apache-2.0
// One row per route.
#pragma once

#include <span>
#include <string_view>

#include "server/api/context.h"
#include "server/api/exchange.h"

namespace pano::api {

enum class Kind : uint8_t {
  kQuick,   // answered from memory, at once
  kLive,    // at once without query; with one as kStored
  kStored,  // may wait for the store: never on a thread that serves sockets
  kStream,  // the map stream
};

struct Route {
  std::string_view method;
  std::string_view path;
  Kind kind;
  Response (*answer)(Context&, const Request&);  // null for kStream
};

std::span<const Route> Routes();
// The route, or null; `known_path` tells a wrong method from a wrong path. HEAD finds GET.
const Route* FindRoute(const Request& request, bool& known_path);
// The answer of anything that is no route: a file of the page, or an error.
Response AnswerElse(Context& context, const Request& request, bool known_path);

}  // namespace pano::api
