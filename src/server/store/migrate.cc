// SPDX-License-Identifier: Apache-2.0
#include "server/store/migrate.h"

#include <charconv>
#include <map>
#include <set>
#include <string>

#include "base/log.h"

namespace pano::store {
namespace {

using schema::Table;

const QueryLimits kLimits{.max_seconds = 10};

// name -> type of a table's columns, as the engine has them; empty: no such table.
using Columns = std::map<std::string, std::string>;

Result<std::string> Ask(Store& store, const std::string& sql) {
  return store.Query(sql, {}, "TSVRaw", kLimits);
}

Result<Columns> ExistingColumns(Store& store, const std::string& table) {
  PANO_ASSIGN(const std::string text,
              Ask(store, "SELECT name, type FROM system.columns WHERE database = " +
                             Quote(store.database()) + " AND table = " + Quote(table)));
  Columns out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const size_t tab = text.find('\t', at);
    if (tab < end) out[text.substr(at, tab - at)] = text.substr(tab + 1, end - tab - 1);
    at = end + 1;
  }
  return out;
}

Status CheckVersion(Store& store) {
  const auto text = Ask(store, "SELECT value FROM config FINAL WHERE key = 'schema_version'");
  if (!text) return std::unexpected(text.error());
  uint32_t version = 0;
  std::from_chars(text->data(), text->data() + text->size(), version);
  if (version != 0 && version < kOldestSchema) {
    return std::unexpected(
        Error{Code::kUnsupported,
              fmt::format("the store has schema {}, from before the first release", version),
              "move the data folder away, or give another one with --data"});
  }
  if (version <= kSchemaVersion) return {};
  return std::unexpected(
      Error{Code::kUnsupported,
            fmt::format("the store has schema {}, this binary knows {}", version, kSchemaVersion),
            "use the newer panoscope, or another data folder"});
}

Status RecordVersion(Store& store) {
  return store.Execute(
      fmt::format("INSERT INTO config (key, value, updated) VALUES ('schema_version', '{0}', {0})",
                  kSchemaVersion));
}

// Adds what the schema has and the table has not; true when it changed anything.
Result<bool> AddColumns(Store& store, const Table& table) {
  PANO_ASSIGN(const Columns existing, ExistingColumns(store, std::string(table.name)));
  bool changed = false;
  for (const PhysicalColumn& column : PhysicalColumns(table, store.dialect())) {
    const auto at = existing.find(column.name);
    const std::string codec = column.codec.empty() ? "" : " CODEC(" + column.codec + ")";
    std::string change;
    if (at == existing.end()) {
      change = "ADD COLUMN";
    } else if (at->second != column.type && column.type.starts_with("Enum8(")) {
      change = "MODIFY COLUMN";
    } else {
      continue;
    }
    Log(LogLevel::kInfo, "store", "{}: {} {}", table.name, change, column.name);
    PANO_TRY(store.Execute(fmt::format("ALTER TABLE {} {} {} {}{}", table.name, change,
                                       QuoteName(column.name), column.type, codec)));
    changed = true;
  }
  return changed;
}

// The 1 m twin follows its table: new metrics, and a view that fills them.
Status FollowRollup(Store& store, const Table& table, bool changed, const Retention& retention) {
  const auto statements = CreateRollup(table, store.dialect(), retention);
  if (statements.empty()) return {};
  PANO_TRY(store.Execute(statements[0]));
  PANO_ASSIGN(const Columns existing, ExistingColumns(store, std::string(table.name) + "_1m"));
  for (const PhysicalColumn& column : RollupColumns(table, store.dialect())) {
    if (existing.contains(column.name)) continue;
    const std::string codec = column.codec.empty() ? "" : " CODEC(" + column.codec + ")";
    PANO_TRY(store.Execute(fmt::format("ALTER TABLE {}_1m ADD COLUMN {} {}{}", table.name,
                                       QuoteName(column.name), column.type, codec)));
    changed = true;
  }
  if (changed) {
    PANO_TRY(store.Execute(fmt::format("DROP TABLE IF EXISTS {}_1m_view", table.name)));
  }
  return store.Execute(statements[1]);
}

Status FollowTtl(Store& store, const std::string& name, const std::string& wanted) {
  if (store.dialect() == Dialect::kLegacy18) return {};
  PANO_ASSIGN(const std::string definition,
              Ask(store, "SELECT engine_full FROM system.tables WHERE database = " +
                             Quote(store.database()) + " AND name = " + Quote(name)));
  const bool has_ttl = definition.find(" TTL ") != std::string::npos;
  if (wanted.empty()) {
    return has_ttl ? store.Execute("ALTER TABLE " + QuoteName(name) + " REMOVE TTL") : Status();
  }
  if (definition.find(" TTL " + wanted) != std::string::npos) return {};
  return store.Execute("ALTER TABLE " + QuoteName(name) + " MODIFY TTL " + wanted);
}

}  // namespace

Status Migrate(Store& store, const Retention& retention) {
  PANO_TRY(store.Execute(
      CreateTable(schema::Info(schema::TableId::kConfig), store.dialect(), retention)));
  PANO_TRY(CheckVersion(store));
  for (const Table& table : schema::Tables()) {
    PANO_TRY(store.Execute(CreateTable(table, store.dialect(), retention)));
    PANO_ASSIGN(const bool changed, AddColumns(store, table));
    PANO_TRY(
        FollowTtl(store, std::string(table.name), TtlExpression(table, table.keep, retention)));
    if (!table.rollup) continue;
    PANO_TRY(FollowRollup(store, table, changed, retention));
    PANO_TRY(FollowTtl(store, std::string(table.name) + "_1m",
                       TtlExpression(table, schema::Keep::kMinute, retention)));
  }
  return RecordVersion(store);
}

Status RepairRollups(Store& store) {
  if (store.dialect() == Dialect::kLegacy18) return {};  // no synchronous deletes
  for (const Table& table : schema::Tables()) {
    if (!table.rollup) continue;
    PANO_ASSIGN(
        std::string minutes,
        Ask(store, fmt::format("SELECT arrayStringConcat(groupArray(toString(minute)), ',') FROM ("
                               "SELECT minute, sum(seconds) AS difference FROM ("
                               "SELECT toUnixTimestamp(toStartOfMinute(time)) AS minute, "
                               "toInt64(count()) AS seconds FROM {0} WHERE time >= "
                               "(SELECT toStartOfMinute(max(time)) - 900 FROM {0}) GROUP BY minute "
                               "UNION ALL SELECT toUnixTimestamp(time) AS minute, "
                               "-toInt64(sum(t.seconds)) AS seconds FROM {0}_1m AS t WHERE time >= "
                               "(SELECT toStartOfMinute(max(time)) - 900 FROM {0}) GROUP BY minute"
                               ") GROUP BY minute HAVING difference != 0)",
                               table.name)));
    if (minutes.ends_with('\n')) minutes.pop_back();
    if (minutes.empty()) continue;
    Log(LogLevel::kInfo, "store", "{}_1m: making minutes {} again", table.name, minutes);
    PANO_TRY(
        store.Execute(fmt::format("ALTER TABLE {}_1m DELETE WHERE toUnixTimestamp(time) IN "
                                  "({}) SETTINGS mutations_sync = 1",
                                  table.name, minutes)));
    PANO_TRY(store.Execute(RefillRollup(table, store.dialect(), minutes)));
  }
  return {};
}

}  // namespace pano::store
