// SPDX-License-Identifier: Apache-2.0
#include "server/alert/history.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/clock.h"

namespace pano::alert {
namespace {

using nlohmann::json;

constexpr const char* kTables =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=1000;"
    "CREATE TABLE IF NOT EXISTS entry (number INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT"
    " NULL, kind TEXT NOT NULL, rule TEXT, route TEXT, service TEXT, body TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS entry_time ON entry (time);"
    "CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL);";

// How many entries are added between two cuts.
constexpr uint32_t kCutEvery = 100;

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
};
struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

void BindText(const Statement& s, int at, const std::string& text) {
  sqlite3_bind_text(s.get(), at, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

std::string TextAt(const Statement& s, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(s.get(), column));
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(sqlite3_column_bytes(s.get(), column))};
}

std::string FieldOf(const json& entry, const char* key) {
  const auto at = entry.find(key);
  return at != entry.end() && at->is_string() ? at->get<std::string>() : std::string();
}

}  // namespace

class History::Impl {
 public:
  explicit Impl(Database db) : db_(std::move(db)) {}

  Result<Statement> Prepare(const std::string& sql) const {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db_.get(), sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
      return Fail(Code::kUnavailable, "history: {}", sqlite3_errmsg(db_.get()));
    }
    return Statement(statement);
  }
  Status Run(const Statement& s) const {
    if (sqlite3_step(s.get()) == SQLITE_DONE) return {};
    return Fail(Code::kUnavailable, "history: {}", sqlite3_errmsg(db_.get()));
  }
  void Cut() const {
    const uint64_t now = WallNs() / 1'000'000'000u;
    const std::string sql = fmt::format(
        "DELETE FROM entry WHERE time < {} OR number <= (SELECT max(number) FROM entry) - {}",
        now - std::min(now, kKeepEntriesSeconds), kMaxEntries);
    sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  }

  mutable std::mutex mutex_;
  Database db_;
  uint32_t added_ = 0;
};

namespace {

Result<Database> OpenFile(const std::string& path) {
  if (!path.empty()) {
    // SQLite would make it readable for all.
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return Fail(Code::kUnavailable, "{}: {}", path, ErrnoText(errno));
    close(fd);
  }
  sqlite3* raw = nullptr;
  const std::string name = path.empty() ? ":memory:" : path;
  const int opened =
      sqlite3_open_v2(name.c_str(), &raw,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, nullptr);
  Database db(raw);
  if (opened != SQLITE_OK) return Fail(Code::kUnavailable, "{}: cannot be opened", name);
  char* error = nullptr;
  if (sqlite3_exec(db.get(), kTables, nullptr, nullptr, &error) != SQLITE_OK) {
    const std::string text = error != nullptr ? error : "unknown";
    sqlite3_free(error);
    return Fail(Code::kUnavailable, "{}: {}", name, text);
  }
  return db;
}

}  // namespace

History::History(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
History::~History() = default;

Result<std::unique_ptr<History>> History::Open(const std::string& path, std::string& note) {
  auto db = OpenFile(path);
  if (!db && !path.empty() && std::filesystem::exists(path)) {
    note = fmt::format("the history of alerts was damaged and is set aside ({})", db.error().text);
    std::error_code error;
    std::filesystem::rename(path, path + ".damaged", error);
    for (const char* beside : {"-wal", "-shm"}) std::filesystem::remove(path + beside, error);
    db = OpenFile(path);
  }
  if (!db) return std::unexpected(std::move(db).error());
  auto impl = std::make_unique<Impl>(std::move(*db));
  impl->Cut();
  return std::unique_ptr<History>(new History(std::move(impl)));
}

Status History::Add(const json& entry) {
  const std::lock_guard lock(impl_->mutex_);
  PANO_ASSIGN(const Statement s,
              impl_->Prepare("INSERT INTO entry (time, kind, rule, route, service, body)"
                             " VALUES (?, ?, ?, ?, ?, ?)"));
  sqlite3_bind_int64(s.get(), 1, entry.value("time", int64_t{0}));
  BindText(s, 2, FieldOf(entry, "kind"));
  BindText(s, 3, FieldOf(entry, "rule"));
  BindText(s, 4, FieldOf(entry, "route"));
  BindText(s, 5, FieldOf(entry, "service"));
  BindText(s, 6, Dump(entry));
  PANO_TRY(impl_->Run(s));
  if (++impl_->added_ % kCutEvery == 0) impl_->Cut();
  return {};
}

Result<json> History::Read(const HistoryQuery& query) const {
  std::string sql = "SELECT number, body FROM entry WHERE time >= ?1";
  if (query.to != 0) sql += " AND time < ?2";
  if (query.before != 0) sql += " AND number < ?3";
  if (!query.kind.empty()) sql += " AND kind = ?4";
  if (!query.rule.empty()) sql += " AND rule = ?5";
  if (!query.route.empty()) sql += " AND route = ?6";
  if (!query.service.empty()) sql += " AND service = ?7";
  sql += " ORDER BY number DESC LIMIT ?8";
  const std::lock_guard lock(impl_->mutex_);
  PANO_ASSIGN(const Statement s, impl_->Prepare(sql));
  sqlite3_bind_int64(s.get(), 1, static_cast<int64_t>(query.from));
  sqlite3_bind_int64(s.get(), 2, static_cast<int64_t>(query.to));
  sqlite3_bind_int64(s.get(), 3, static_cast<int64_t>(query.before));
  BindText(s, 4, query.kind);
  BindText(s, 5, query.rule);
  BindText(s, 6, query.route);
  BindText(s, 7, query.service);
  sqlite3_bind_int64(s.get(), 8, static_cast<int64_t>(query.limit + 1));
  json entries = json::array();
  while (sqlite3_step(s.get()) == SQLITE_ROW) {
    json entry = json::parse(TextAt(s, 1), nullptr, false);
    if (!entry.is_object()) continue;
    entry["number"] = sqlite3_column_int64(s.get(), 0);
    entries.push_back(std::move(entry));
  }
  const bool more = entries.size() > query.limit;
  if (more) entries.erase(entries.end() - 1);
  return json{{"entries", std::move(entries)}, {"more", more}};
}

Status History::SaveState(const json& state) {
  const std::lock_guard lock(impl_->mutex_);
  PANO_ASSIGN(const Statement s,
              impl_->Prepare("INSERT INTO state (id, body) VALUES (1, ?)"
                             " ON CONFLICT (id) DO UPDATE SET body = excluded.body"));
  BindText(s, 1, Dump(state));
  return impl_->Run(s);
}

json History::LoadState() const {
  const std::lock_guard lock(impl_->mutex_);
  const auto s = impl_->Prepare("SELECT body FROM state WHERE id = 1");
  if (!s || sqlite3_step(s->get()) != SQLITE_ROW) return {};
  json state = json::parse(TextAt(*s, 0), nullptr, false);
  return state.is_discarded() ? json() : state;
}

}  // namespace pano::alert
