// SPDX-License-Identifier: Apache-2.0
// in: schema::Table  out: SQL text of one dialect
// The only place that knows how engines spell types, codecs, TTLs and roll-ups.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/table.h"
#include "server/store/store.h"

namespace pano::store {

// How long rows stay. 0: for ever. Changing it and starting again changes existing tables.
struct Retention {
  uint32_t second_hours = 24;       // 1 s tables
  uint32_t minute_hours = 30 * 24;  // 1 m tables
  uint32_t request_hours = 72;
};

// "UInt32", "LowCardinality(String)", "Enum8('tcp' = 6,...)": the type's name in `dialect`.
std::string TypeName(schema::ColumnType type, Dialect dialect);

// One physical column: a histogram is two.
struct PhysicalColumn {
  std::string name;  // unquoted
  std::string type;
  std::string codec;  // without CODEC(); empty: none
};
std::vector<PhysicalColumn> PhysicalColumns(const schema::Table& table, Dialect dialect);
// The same of its 1 m twin: metrics become aggregates; `seconds` counts the rows folded,
// `first_second` and `last_second` say when they began and ended.
std::vector<PhysicalColumn> RollupColumns(const schema::Table& table, Dialect dialect);

std::string CreateTable(const schema::Table& table, Dialect dialect, const Retention& retention);
// The 1 m twin and the view that feeds it; empty when table.rollup is false, and in the
// old dialect, which has 1 s tables only.
std::vector<std::string> CreateRollup(const schema::Table& table, Dialect dialect,
                                      const Retention& retention);
// Folds the 1 s rows of `minutes` (unix seconds, separated by commas) into the 1 m twin once more.
std::string RefillRollup(const schema::Table& table, Dialect dialect, const std::string& minutes);
// "time + toIntervalHour(24)"; empty: rows are kept.
std::string TtlExpression(const schema::Table& table, schema::Keep keep,
                          const Retention& retention);

// 'text' with everything special escaped: for literals that cannot be parameters.
std::string Quote(std::string_view text);
std::string QuoteName(std::string_view identifier);

}  // namespace pano::store
