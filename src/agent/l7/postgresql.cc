// SPDX-License-Identifier: Apache-2.0
// PostgreSQL frontend/backend protocol 3.0: simple and extended queries, pipelines up to Sync,
// COPY. A request is a Query or an Execute; a batch that only prepares counts once, as PREPARE.
#include "bpf/infer/postgresql.h"

#include <array>
#include <deque>
#include <map>
#include <string>

#include "agent/l7/protocol.h"
#include "agent/l7/sql.h"

namespace pano::l7 {
namespace {

constexpr uint32_t kMaxLength = 1u << 30;
constexpr size_t kQueryWindow = 2048;  // of a statement that must be seen
constexpr size_t kErrorWindow = 512;
constexpr size_t kMaxStatements = 512;  // prepared statements remembered per connection
constexpr size_t kMaxExpected = 8192;
constexpr std::string_view kFrontend = "QPBEDCSHFdcfpX";
constexpr std::string_view kBackend = "123ACDEGHIKNRSTVWZcdnstv";

struct Statement {
  std::string verb;
  std::string endpoint;
  std::string shown;
};

enum class Expected : uint8_t { kQuery, kExecute, kPrepare, kSync };

bool ServerAtFault(std::string_view sqlstate) {
  // Resources, limits by the system, operator intervention, system and internal errors.
  constexpr std::array<std::string_view, 6> kClasses{"53", "57", "58", "XX", "F0", "08"};
  for (const std::string_view c : kClasses) {
    if (sqlstate.starts_with(c)) return true;
  }
  return false;
}

class PostgresqlParser final : public Parser {
 public:
  Step Parse(Toward toward, Bytes bytes, Message& m) override {
    m.type = toward == Toward::kServer ? MessageType::kRequest : MessageType::kResponse;
    if (toward == Toward::kServer && bytes[0] == std::byte{0}) return Startup(bytes);
    if (toward == Toward::kClient && awaiting_encryption_) return Encryption(bytes);
    if (bytes.size() < 5) {
      return Known(toward, bytes[0]) ? Step{} : Step{Verdict::kInvalid, 0};
    }
    Cursor in(bytes);
    const auto type = static_cast<char>(in.U8());
    const auto length = in.Big<uint32_t>();
    if (!Known(toward, bytes[0]) || length < 4 || length > kMaxLength) {
      return {Verdict::kInvalid, 0};
    }
    const size_t size = size_t{1} + length;
    const size_t window = std::min(size, Window(toward, type));
    if (bytes.size() < window) return {};
    const std::string_view body = AsText(bytes.first(std::min(size, bytes.size()))).substr(5);
    return toward == Toward::kServer ? Frontend(type, body, size, m) : Backend(type, body, size, m);
  }

  size_t Resync(Toward toward, Bytes bytes) override {
    if (toward == Toward::kServer || Groups() > 1) expected_.clear();
    begun_ = failed_ = awaiting_encryption_ = false;
    for (size_t at = 0; at + 5 <= bytes.size(); ++at) {
      if (ChainHolds(toward, bytes.subspan(at), at == 0)) return at;
    }
    return kNoSync;
  }

 private:
  static bool Known(Toward toward, std::byte type) {
    const std::string_view set = toward == Toward::kServer ? kFrontend : kBackend;
    return set.find(static_cast<char>(type)) != std::string_view::npos;
  }

  static size_t Window(Toward toward, char type) {
    if (toward == Toward::kServer)
      return type == 'Q' || type == 'P' || type == 'B' ? kQueryWindow : 5;
    return type == 'E' ? kErrorWindow : type == 'C' || type == 'Z' ? 128 : 5;
  }

  // Message after message fits, for two of them or up to the end.
  static bool ChainHolds(Toward toward, Bytes bytes, bool at_start) {
    size_t whole = 0;
    while (bytes.size() >= 5) {
      Cursor in(bytes);
      in.Skip(1);
      const auto length = in.Big<uint32_t>();
      if (!Known(toward, bytes[0]) || length < 4 || length > 1u << 24) return false;
      if (length + size_t{1} > bytes.size()) return whole > 0 || (at_start && length < 1u << 20);
      if (bytes[0] == std::byte{'Z'} && length != 5) return false;
      if (++whole == 3) return true;
      bytes = bytes.subspan(length + size_t{1});
    }
    return whole > 0 && bytes.empty();
  }

  size_t Groups() const {
    size_t groups = 0;
    for (const Expected e : expected_) groups += e == Expected::kQuery || e == Expected::kSync;
    return groups;
  }

  // Before the first typed message, and cancellations: length, code.
  Step Startup(Bytes bytes) {
    if (bytes.size() < 8) return {};
    Cursor in(bytes);
    const auto length = in.Big<uint32_t>();
    const auto code = in.Big<uint32_t>();
    if (length < 8 || length > 10000) return {Verdict::kInvalid, 0};
    if (code == 80877103 || code == 80877104) {  // SSLRequest, GSSENCRequest
      awaiting_encryption_ = true;
      return {Verdict::kSkip, length};
    }
    if (code == 80877102) return {Verdict::kSkip, length};  // CancelRequest
    if (code >> 16 != 3) return {Verdict::kInvalid, 0};
    if (bytes.size() < length) return {};
    TakeDatabase(AsText(bytes.subspan(8, length - 8)));
    return {Verdict::kSkip, length};
  }

  // Name NUL value NUL ... NUL; the database is the user's name unless given.
  void TakeDatabase(std::string_view list) {
    while (!list.empty() && list[0] != '\0') {
      const std::string_view name = CutText(list);
      const std::string_view value = CutText(list);
      if (name == "database" || (name == "user" && database_.empty())) {
        database_ = value.substr(0, 64);
      }
    }
  }

  Step Encryption(Bytes bytes) {
    awaiting_encryption_ = false;
    if (bytes[0] == std::byte{'S'} || bytes[0] == std::byte{'G'}) return {Verdict::kOpaque, 1};
    return bytes[0] == std::byte{'N'} ? Step{Verdict::kSkip, 1} : Step{Verdict::kInvalid, 0};
  }

  // The text up to a NUL; cuts it off `rest`.
  static std::string_view CutText(std::string_view& rest) {
    const size_t end = rest.find('\0');
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return text;
  }

  Step Frontend(char type, std::string_view body, size_t size, Message& m) {
    switch (type) {
      case 'Q':
        return Query(CutText(body), size, m);
      case 'F':
        return Query("FUNCTION", size, m);
      case 'P':
        Prepare(body, m);
        return {Verdict::kPart, size};
      case 'B':
        CutText(body);  // portal
        bound_ = CutText(body).substr(0, 64);
        return {Verdict::kPart, size};
      case 'D':
      case 'C':
        return {Verdict::kPart, size};
      case 'E':
        return Execute(size, m);
      case 'S':
        return Sync(size, m);
      default:
        return {Verdict::kSkip, size};
    }
  }

  Step Query(std::string_view sql, size_t size, Message& m) {
    const SqlText text = DescribeSql(sql, false, m);
    m.request_type = text.verb;
    m.endpoint = text.endpoint;
    m.resource = text.shown;
    m.domain = database_;
    Expect(Expected::kQuery);
    return {Verdict::kMessage, size};
  }

  void Prepare(std::string_view body, Message& m) {
    const std::string_view name = CutText(body).substr(0, 64);
    const SqlText text = DescribeSql(CutText(body), false, m);
    if (statements_.size() >= kMaxStatements && !statements_.contains(name)) {
      statements_.erase(statements_.begin());
    }
    Statement& s = statements_[std::string(name)];
    s.verb = text.verb;
    s.endpoint = text.endpoint;
    s.shown = text.shown;
    bound_ = name;
    prepared_ = true;
  }

  Step Execute(size_t size, Message& m) {
    executed_ = true;
    Expect(Expected::kExecute);
    m.domain = database_;
    if (const auto found = statements_.find(bound_); found != statements_.end()) {
      m.request_type = found->second.verb;
      m.endpoint = found->second.endpoint;
      m.resource = found->second.shown;
    } else {  // prepared before we looked
      m.request_type = m.endpoint = "EXECUTE";
      m.resource = bound_;
      m.unnamed = true;
    }
    return {Verdict::kMessage, size};
  }

  Step Sync(size_t size, Message& m) {
    const bool only_prepared = prepared_ && !executed_;
    prepared_ = executed_ = false;
    if (!only_prepared) {
      Expect(Expected::kSync);
      return {Verdict::kSkip, size};
    }
    Expect(Expected::kPrepare);
    Expect(Expected::kSync);
    m.domain = database_;
    m.request_type = m.endpoint = "PREPARE";
    if (const auto found = statements_.find(bound_); found != statements_.end()) {
      m.resource = found->second.shown;
    }
    return {Verdict::kMessage, size};
  }

  void Expect(Expected what) {
    if (expected_.size() < kMaxExpected) expected_.push_back(what);
  }

  Step Backend(char type, std::string_view body, size_t size, Message& m) {
    const bool waiting = !expected_.empty();
    switch (type) {
      case 'D':
      case 'G':
      case 'H':
      case 'W':
      case 'd':
        return Progress(size, m);
      case 'C':
      case 'I':
      case 's':
        if (type == 'C') tag_ = body.substr(0, body.find('\0')).substr(0, 64);
        if (waiting && expected_.front() == Expected::kExecute) return End(size, m);
        return {Verdict::kPart, size};
      case 'E':
        TakeError(body);
        if (waiting && expected_.front() == Expected::kExecute) return End(size, m);
        return {Verdict::kPart, size};
      case 'Z':
        return Ready(size, m);
      default:
        return {waiting ? Verdict::kPart : Verdict::kSkip, size};
    }
  }

  Step Progress(size_t size, Message& m) {
    const bool first = !begun_ && !expected_.empty() && expected_.front() != Expected::kSync;
    if (!first) return {Verdict::kPart, size};
    begun_ = true;
    m.end = false;
    return {Verdict::kMessage, size};
  }

  // ReadyForQuery ends everything up to its Query or Sync.
  Step Ready(size_t size, Message& m) {
    if (expected_.empty()) return {Verdict::kSkip, size};
    if (expected_.front() == Expected::kSync) {
      expected_.pop_front();
      failed_ = false;
      sqlstate_.clear();
      error_.clear();
      return {Verdict::kSkip, size};
    }
    // Executes that were skipped after an error leave one by one; Sync goes last.
    const bool query = expected_.front() == Expected::kQuery;
    const Step step = End(query ? size : 0, m);
    if (query) {
      failed_ = false;
      sqlstate_.clear();
      error_.clear();
    }
    return step;
  }

  Step End(size_t size, Message& m) {
    expected_.pop_front();
    m.begin = !begun_;
    begun_ = false;
    if (failed_) {
      m.status = ServerAtFault(sqlstate_) ? schema::ResponseStatus::kServerError
                                          : schema::ResponseStatus::kClientError;
      m.result = m.Keep(sqlstate_);
      m.exception = m.Join(sqlstate_, ": ", error_);
    } else {
      m.status = schema::ResponseStatus::kOk;
      m.result = m.Keep(tag_);
    }
    tag_.clear();
    return {Verdict::kMessage, size};
  }

  // Fields: a letter, a text, NUL.
  void TakeError(std::string_view body) {
    failed_ = true;
    while (!body.empty() && body[0] != '\0') {
      const char field = body[0];
      body.remove_prefix(1);
      const std::string_view text = CutText(body);
      if (field == 'C') sqlstate_ = text.substr(0, 5);
      if (field == 'M') error_ = text.substr(0, 128);
    }
  }

  // Client's side.
  std::string database_;
  std::string bound_;
  std::map<std::string, Statement, std::less<>> statements_;
  bool prepared_ = false;
  bool executed_ = false;

  // Server's side.
  std::deque<Expected> expected_;
  bool awaiting_encryption_ = false;
  bool begun_ = false;
  bool failed_ = false;
  std::string tag_;
  std::string sqlstate_;
  std::string error_;
};

std::unique_ptr<Parser> Make(bool /*joined_late*/) { return std::make_unique<PostgresqlParser>(); }

}  // namespace

extern const Protocol kPostgresql;
constinit const Protocol kPostgresql{
    .id = schema::L7Protocol::kPostgresql,
    .name = "postgresql",
    .default_port = 5432,
    .capture_bytes = 16384,
    .sniff = infer_postgresql,
    .make = Make,
};

}  // namespace pano::l7
