// SPDX-License-Identifier: Apache-2.0
// in: store::Block  out: rows in tables, query results
// The only door to the database. Two back-ends: the embedded engine (chDB in a supervised child
// process) and a ClickHouse server over HTTP, both fed by the same Native block encoder.
// Thread safe. Calls may block; nothing on the path from capture to live map calls them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pano::store {

using Params = std::vector<std::pair<std::string, std::string>>;  // {name:Type} in the statement

struct QueryLimits {
  uint32_t max_seconds = 30;
  uint64_t max_memory_bytes = uint64_t{1} << 30;
  uint64_t max_result_rows = 1'000'000;
  bool read_only = true;
};

// How the engine spells DDL and parameters. kLegacy18 (ClickHouse 18.16, what Debian packages) is
// for tests of the HTTP back-end only: no TTL, no codecs.
enum class Dialect : uint8_t { kModern, kLegacy18 };

struct StoreHealth {
  bool up = false;
  std::string engine;  // "chdb 26.7.2.1", "clickhouse 24.3"
  std::string last_error;
  uint64_t restarts = 0;  // of the engine process
  uint64_t rows_written = 0;
  uint64_t rows_lost = 0;  // dropped because the engine was down or the disk full, by bound
  uint64_t bytes_on_disk = 0;
  uint64_t pending_rows = 0;
  bool disk_full = false;
};

class Store {
 public:
  virtual ~Store() = default;
  // A statement without result: DDL, KILL, SYSTEM.
  virtual Status Execute(std::string_view sql) = 0;
  // The result in `format` ("JSONCompact", "JSON", "TSV", "Native", ...).
  virtual Result<std::string> Query(std::string_view sql, const Params& params,
                                    std::string_view format, const QueryLimits& limits) = 0;
  // One Native block (see native_block.h) into `table`; returns once the engine acknowledged it.
  // A block sent again with the same non-empty token is kept once.
  virtual Status InsertNative(std::string_view table, std::string_view block,
                              std::string_view token) = 0;
  Status InsertNative(std::string_view table, std::string_view block) {
    return InsertNative(table, block, {});
  }
  virtual StoreHealth Health() const = 0;
  virtual Dialect dialect() const { return Dialect::kModern; }
  virtual const std::string& database() const = 0;  // statements name tables without it
};

}  // namespace pano::store
