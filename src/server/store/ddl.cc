// SPDX-License-Identifier: Apache-2.0
#include "server/store/ddl.h"

#include <fmt/ranges.h>

namespace pano::store {
namespace {

using schema::Column;
using schema::ColumnType;
using schema::Fold;
using schema::Role;
using schema::Table;

// Blocks remembered by hash or token, so that one sent twice is kept once.
constexpr int kDedupWindow = 1'000;

std::string EnumName(ColumnType type) {
  std::string out = "Enum8(";
  for (const auto& [value, name] : schema::EnumValues(type)) {
    out += fmt::format("{}'{}' = {}", out.back() == '(' ? "" : ", ", name, value);
  }
  return out + ")";
}

// Codecs measured on edge rows: T64 for numbers that are small most of the time.
std::string CodecOf(const Column& column, Dialect dialect) {
  if (dialect == Dialect::kLegacy18) return {};
  if (column.role == Role::kTime) return "DoubleDelta, ZSTD(1)";
  if (column.role == Role::kMetric) return "T64, ZSTD(1)";
  return "ZSTD(1)";
}

uint32_t HoursOf(schema::Keep keep, const Retention& retention) {
  switch (keep) {
    case schema::Keep::kSecond:
      return retention.second_hours;
    case schema::Keep::kMinute:
      return retention.minute_hours;
    case schema::Keep::kRequest:
      return retention.request_hours;
    case schema::Keep::kForever:
      break;
  }
  return 0;
}

std::string PartitionBy(schema::Partition partition) {
  switch (partition) {
    case schema::Partition::kHour:
      return " PARTITION BY toStartOfHour(toDateTime(time))";
    case schema::Partition::kDay:
      return " PARTITION BY toDate(time)";
    case schema::Partition::kNone:
      break;
  }
  return {};
}

std::string ColumnText(const PhysicalColumn& column, std::string_view doc, Dialect dialect) {
  std::string out = QuoteName(column.name) + " " + column.type;
  if (dialect == Dialect::kLegacy18) return out;
  if (!doc.empty()) out += " COMMENT " + Quote(doc);
  if (!column.codec.empty()) out += " CODEC(" + column.codec + ")";
  return out;
}

std::string Settings(bool replicated_window, bool drops, Dialect dialect) {
  if (dialect == Dialect::kLegacy18) return " SETTINGS index_granularity = 8192";
  std::string out;
  if (replicated_window)
    out = fmt::format("non_replicated_deduplication_window = {}", kDedupWindow);
  if (drops) out += fmt::format("{}ttl_only_drop_parts = 1", out.empty() ? "" : ", ");
  return out.empty() ? out : " SETTINGS " + out;
}

std::vector<std::string> KeyNames(const Table& table) {
  std::vector<std::string> out;
  for (const Column& column : table.columns) {
    if (column.role == Role::kKey) out.push_back(QuoteName(column.name));
  }
  return out;
}

// Gauges and limits are summed with the seconds beside them: their mean is sum over seconds.
std::string_view AggregateOf(const Column& column) {
  if (column.type == ColumnType::kHistogram) return "sumMap";
  return column.fold == Fold::kMax ? "max" : "sum";
}

// What a minute's row has beside its folded metrics, of every second that had a row.
struct RollupExtra {
  const char* name;
  const char* aggregate;
  const char* expression;
};
constexpr RollupExtra kRollupExtras[] = {
    {"seconds", "sum", "toUInt64(1)"},
    {"first_second", "min", "in_second"},
    {"last_second", "max", "in_second"},
};

std::string AggregateType(std::string_view aggregate, Dialect dialect) {
  return fmt::format("{}AggregateFunction({}, UInt64)",
                     dialect == Dialect::kLegacy18 ? "" : "Simple", aggregate);
}

std::string RollupType(const Column& column, Dialect dialect) {
  if (column.type != ColumnType::kHistogram) return AggregateType(AggregateOf(column), dialect);
  return dialect == Dialect::kLegacy18
             ? "AggregateFunction(sumMap, Array(UInt16), Array(UInt64))"
             : "SimpleAggregateFunction(sumMap, Tuple(Array(UInt16), Array(UInt64)))";
}

std::string CreateRollupTable(const Table& table, Dialect dialect, const Retention& retention) {
  std::vector<std::string> columns;
  for (const PhysicalColumn& column : RollupColumns(table, dialect)) {
    columns.push_back(ColumnText(column, {}, dialect));
  }
  const auto keys = KeyNames(table);
  std::string out = fmt::format(
      "CREATE TABLE IF NOT EXISTS {} ({}) ENGINE = AggregatingMergeTree PARTITION BY toDate(time)",
      QuoteName(std::string(table.name) + "_1m"), fmt::join(columns, ", "));
  if (dialect == Dialect::kModern) {
    out += fmt::format(" PRIMARY KEY (toStartOfHour(time), {})", keys[0]);
  }
  out += fmt::format(" ORDER BY (toStartOfHour(time), {}, time)", fmt::join(keys, ", "));
  if (dialect == Dialect::kModern && retention.minute_hours > 0) {
    out += " TTL " + TtlExpression(table, schema::Keep::kMinute, retention);
  }
  return out + Settings(true, retention.minute_hours > 0, dialect);
}

// The inner SELECT renames: an aggregate's name must be its column's, and 18.16 takes a name that
// is both an argument and an alias for the alias.
std::string SelectRollup(const Table& table, Dialect dialect, std::string_view where) {
  const char* state = dialect == Dialect::kLegacy18 ? "State" : "";
  std::vector<std::string> inner;
  std::vector<std::string> outer;
  std::vector<std::string> group;
  const auto pass = [&](std::string_view from, std::string_view as) {
    inner.push_back(fmt::format("{} AS {}", from, QuoteName(std::string("in_") + std::string(as))));
    return QuoteName(std::string("in_") + std::string(as));
  };
  for (const Column& column : table.columns) {
    const std::string name = QuoteName(column.name);
    if (column.role == Role::kTime) {
      group.push_back(pass("toStartOfMinute(time)", column.name));
      outer.push_back(fmt::format("{} AS {}", group.back(), name));
    } else if (column.role == Role::kKey) {
      group.push_back(pass(name, column.name));
      outer.push_back(fmt::format("{} AS {}", group.back(), name));
    } else if (column.type == ColumnType::kHistogram) {
      const std::string base(column.name);
      const auto bucket = pass(QuoteName(base + ".bucket"), base + "_buckets");
      const auto count = pass(QuoteName(base + ".count"), base + "_counts");
      outer.push_back(fmt::format("sumMap{}({}, arrayMap(x -> toUInt64(x), {})) AS {}", state,
                                  bucket, count, name));
    } else if (column.role == Role::kMetric) {
      outer.push_back(fmt::format("{}{}(toUInt64({})) AS {}", AggregateOf(column), state,
                                  pass(name, column.name), name));
    }
  }
  pass("toUInt64(toUnixTimestamp(time))", "second");
  for (const RollupExtra& extra : kRollupExtras) {
    outer.push_back(
        fmt::format("{}{}({}) AS {}", extra.aggregate, state, extra.expression, extra.name));
  }
  return fmt::format("SELECT {} FROM (SELECT {} FROM {}{}) GROUP BY {}", fmt::join(outer, ", "),
                     fmt::join(inner, ", "), table.name, where, fmt::join(group, ", "));
}

std::string CreateRollupView(const Table& table, Dialect dialect) {
  return fmt::format("CREATE MATERIALIZED VIEW IF NOT EXISTS {0}_1m_view TO {0}_1m AS {1}",
                     table.name, SelectRollup(table, dialect, {}));
}

}  // namespace

std::string TypeName(ColumnType type, Dialect dialect) {
  const bool old = dialect == Dialect::kLegacy18;
  switch (type) {
    case ColumnType::kUInt8:
      return "UInt8";
    case ColumnType::kUInt16:
      return "UInt16";
    case ColumnType::kUInt32:
      return "UInt32";
    case ColumnType::kUInt64:
      return "UInt64";
    case ColumnType::kInt32:
      return "Int32";
    case ColumnType::kSecond:
      return "DateTime('UTC')";
    case ColumnType::kMicrosecond:
      return old ? "Int64" : "DateTime64(6, 'UTC')";
    case ColumnType::kString:
      return "String";
    case ColumnType::kLowCardinality:
      return "LowCardinality(String)";
    case ColumnType::kIp:
      return old ? "FixedString(16)" : "IPv6";
    case ColumnType::kIpArray:
      return old ? "Array(FixedString(16))" : "Array(IPv6)";
    case ColumnType::kHistogram:
      return "Nested(bucket UInt16, count UInt32)";
    default:
      return EnumName(type);
  }
}

std::vector<PhysicalColumn> PhysicalColumns(const Table& table, Dialect dialect) {
  std::vector<PhysicalColumn> out;
  for (const Column& column : table.columns) {
    const std::string name(column.name);
    const std::string codec = CodecOf(column, dialect);
    if (column.type == ColumnType::kHistogram) {
      out.push_back(
          {name + ".bucket", "Array(UInt16)", dialect == Dialect::kModern ? "ZSTD(1)" : ""});
      out.push_back({name + ".count", "Array(UInt32)", codec});
    } else {
      out.push_back({name, TypeName(column.type, dialect), codec});
    }
  }
  return out;
}

std::vector<PhysicalColumn> RollupColumns(const Table& table, Dialect dialect) {
  std::vector<PhysicalColumn> out;
  for (const Column& column : table.columns) {
    const bool metric = column.role == Role::kMetric;
    const bool histogram = column.type == ColumnType::kHistogram;
    const bool zstd = histogram && dialect == Dialect::kModern;
    out.push_back({std::string(column.name),
                   metric ? RollupType(column, dialect) : TypeName(column.type, dialect),
                   zstd ? "ZSTD(1)" : CodecOf(column, dialect)});
  }
  for (const RollupExtra& extra : kRollupExtras) {
    out.push_back({extra.name, AggregateType(extra.aggregate, dialect),
                   dialect == Dialect::kLegacy18 ? "" : "T64, ZSTD(1)"});
  }
  return out;
}

std::string TtlExpression(const Table& table, schema::Keep keep, const Retention& retention) {
  const bool exact = table.columns[0].type == ColumnType::kMicrosecond;
  const uint32_t hours = HoursOf(keep, retention);
  if (hours == 0) return {};
  return fmt::format("{} + toIntervalHour({})", exact ? "toDateTime(time)" : "time", hours);
}

std::string CreateTable(const Table& table, Dialect dialect, const Retention& retention) {
  std::vector<std::string> columns;
  size_t next = 0;
  const auto physical = PhysicalColumns(table, dialect);
  for (const Column& column : table.columns) {
    columns.push_back(ColumnText(physical[next++], column.doc, dialect));
    if (column.type == ColumnType::kHistogram) {
      columns.push_back(ColumnText(physical[next++], column.doc, dialect));
    }
  }
  const bool replace = table.engine == schema::Engine::kReplace;
  std::string out =
      fmt::format("CREATE TABLE IF NOT EXISTS {} ({}) ENGINE = {}{}", QuoteName(table.name),
                  fmt::join(columns, ", "), replace ? "ReplacingMergeTree(updated)" : "MergeTree",
                  PartitionBy(table.partition));
  if (dialect == Dialect::kModern && !table.primary_key.empty()) {
    out += fmt::format(" PRIMARY KEY ({})", table.primary_key);
  }
  out += fmt::format(" ORDER BY ({})", table.order_by);
  const std::string ttl = TtlExpression(table, table.keep, retention);
  if (dialect == Dialect::kModern && !ttl.empty()) out += " TTL " + ttl;
  return out + Settings(!replace, !ttl.empty(), dialect);
}

std::vector<std::string> CreateRollup(const Table& table, Dialect dialect,
                                      const Retention& retention) {
  // 18.16 cannot push a block through a view over a subquery whose columns max() takes.
  if (!table.rollup || dialect == Dialect::kLegacy18) return {};
  return {CreateRollupTable(table, dialect, retention), CreateRollupView(table, dialect)};
}

std::string RefillRollup(const Table& table, Dialect dialect, const std::string& minutes) {
  std::vector<std::string> names;
  for (const PhysicalColumn& column : RollupColumns(table, dialect)) {
    names.push_back(QuoteName(column.name));
  }
  return fmt::format("INSERT INTO {0}_1m ({1}) SELECT {1} FROM ({2})", table.name,
                     fmt::join(names, ", "),
                     SelectRollup(table, dialect,
                                  fmt::format(" WHERE toUnixTimestamp(toStartOfMinute(time)) IN "
                                              "({})",
                                              minutes)));
}

std::string Quote(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    if (c == '\0') {
      out += "\\0";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string QuoteName(std::string_view identifier) {
  std::string out = "`";
  for (const char c : identifier) {
    if (c == '`' || c == '\\') out += '\\';
    if (c != '\0') out += c;
  }
  return out + "`";
}

}  // namespace pano::store
