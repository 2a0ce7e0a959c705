// SPDX-License-Identifier: Apache-2.0
// in: Native blocks, SQL  out: acknowledgements, results
// A ClickHouse server over HTTP, for more than one machine. Same schema, same blocks, same queries.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "server/store/ddl.h"
#include "server/store/store.h"

namespace pano::store {

struct HttpOptions {
  std::string url = "http://127.0.0.1:8123";  // http or https
  std::string database = "panoscope";         // made if it does not exist
  std::string user;
  std::string password;
  uint32_t connect_timeout_ms = 3'000;
  uint32_t insert_timeout_ms = 30'000;
};

// Asks the server for its version; kLegacy18 below 23. kUnavailable when nobody answers.
Result<std::unique_ptr<Store>> OpenHttpClickHouse(HttpOptions options);

}  // namespace pano::store
