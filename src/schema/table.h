// SPDX-License-Identifier: Apache-2.0
// The tables of the store as data. DDL (store/ddl.h), Native blocks (store/block_builder.h), query
// binding and /api/v1/schema derive from it: a new column is a new row in table.cc. Metric columns
// derive from metric.h. Rows carry integer ids; the *_name tables turn ids into names.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/metric.h"

namespace pano::schema {

// What a column holds; how a dialect spells it is store/ddl.h's business.
enum class ColumnType : uint8_t {
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kInt32,
  kSecond,       // unix seconds, 4 bytes
  kMicrosecond,  // unix microseconds, 8 bytes
  kString,
  kLowCardinality,  // string of few values
  kIp,              // 16 bytes, network order, IPv4 mapped
  kIpArray,
  kL7Protocol,
  kL4Protocol,
  kObservationPoint,
  kResponseStatus,
  kNodeKind,
  kEventKind,  // Enum8
  kHistogram,  // ExpHistogram: two arrays `name.bucket`, `name.count`
};

// What a column is in its row; decides codec and what the 1 m roll-up does with it.
enum class Role : uint8_t {
  kTime,    // of the row
  kKey,     // identifies the series; part of the sort order and of the roll-up's key
  kMetric,  // folded by `fold`
  kText,    // everything else
};

struct Column {
  std::string_view name;
  ColumnType type = ColumnType::kUInt32;
  Role role = Role::kText;
  Unit unit = Unit::kCount;
  Fold fold = Fold::kSum;  // of metrics
  std::string_view doc;
};

enum class TableId : uint8_t {
  kEdge,
  kEndpoint,
  kInstance,
  kRequest,
  kEvent,
  kLoss,
  kAgentHealth,
  kServiceName,
  kInstanceName,
  kEndpointName,
  kRun,
  kConfig,
  kTableCount,
};
inline constexpr size_t kTables = static_cast<size_t>(TableId::kTableCount);

enum class Engine : uint8_t {
  kAppend,   // rows are facts and stay
  kReplace,  // the row with the largest `updated` per order key is the truth (read with FINAL)
};

enum class Partition : uint8_t { kNone, kHour, kDay };
enum class Keep : uint8_t { kForever, kSecond, kMinute, kRequest };  // hours: store::Retention

struct Table {
  TableId id = TableId::kEdge;
  std::string_view name;
  std::string_view doc;
  std::span<const Column> columns;
  std::string_view order_by;
  std::string_view primary_key;  // a prefix of order_by; empty: order_by
  Engine engine = Engine::kAppend;
  Partition partition = Partition::kNone;
  Keep keep = Keep::kForever;
  bool rollup = false;  // has a `<name>_1m` twin fed by a materialized view
};

const Table& Info(TableId id);
std::span<const Table> Tables();
std::optional<TableId> TableByName(std::string_view name);

// Values and names of an Enum8 column type; empty for other types. Stored numbers never change.
std::vector<std::pair<int8_t, std::string_view>> EnumValues(ColumnType type);

// The body of GET /api/v1/schema:
// {"tables":[{"name","doc","columns":[{"name","type","unit","doc",…}]}],
// "metrics":{"edge":[…],"instance":[…]},"losses":[{"cause","effect","unit","doc"}]}
std::string SchemaJson();

}  // namespace pano::schema
