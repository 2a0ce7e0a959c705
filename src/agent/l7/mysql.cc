// SPDX-License-Identifier: Apache-2.0
// MySQL and MariaDB client/server protocol: commands, prepared statements, result sets of either
// ending (EOF packets or OK packets), several results, several packets.
#include "bpf/infer/mysql.h"

#include <array>
#include <deque>
#include <map>
#include <string>

#include "agent/l7/protocol.h"
#include "agent/l7/sql.h"

namespace pano::l7 {
namespace {

constexpr size_t kHead = 4;
constexpr uint32_t kWholePacket = 0xffffff;  // this long: the message goes on in the next packet
constexpr size_t kQueryWindow = 2048;
constexpr size_t kMaxStatements = 512;
constexpr size_t kMaxExpected = 4096;
constexpr uint32_t kClientSsl = 1u << 11;
constexpr uint32_t kClientCompress = 1u << 5;
constexpr uint32_t kClientConnectWithDb = 1u << 3;
constexpr uint16_t kMoreResults = 0x0008;

enum Command : uint8_t {
  kQuit = 0x01,
  kInitDb = 0x02,
  kQuery = 0x03,
  kFieldList = 0x04,
  kStatistics = 0x09,
  kPing = 0x0e,
  kChangeUser = 0x11,
  kBinlogDump = 0x12,
  kStmtPrepare = 0x16,
  kStmtExecute = 0x17,
  kStmtLongData = 0x18,
  kStmtClose = 0x19,
  kStmtReset = 0x1a,
  kSetOption = 0x1b,
  kStmtFetch = 0x1c,
  kBinlogDumpGtid = 0x1e,
  kResetConnection = 0x1f,
  kBulkExecute = 0xfa,
};

std::string_view CommandName(uint8_t command) {
  switch (command) {
    case kInitDb:
      return "USE";
    case kFieldList:
      return "FIELD_LIST";
    case kStatistics:
      return "STATISTICS";
    case kPing:
      return "PING";
    case kChangeUser:
      return "CHANGE_USER";
    case kStmtReset:
      return "STMT_RESET";
    case kSetOption:
      return "SET_OPTION";
    case kStmtFetch:
      return "FETCH";
    case kResetConnection:
      return "RESET_CONNECTION";
    default:
      return "COMMAND";
  }
}

struct Statement {
  std::string verb;
  std::string endpoint;
  std::string shown;
};

uint64_t LengthCoded(Cursor& in) {
  const uint8_t first = in.U8();
  if (first < 0xfb) return first;
  if (first == 0xfc) return in.Little<uint16_t>();
  if (first == 0xfd) {
    const uint64_t low = in.Little<uint16_t>();
    return low | static_cast<uint64_t>(in.U8()) << 16;
  }
  return in.Little<uint64_t>();
}

// SQLSTATE classes and codes that are the server's own: connections, memory, locks waited too long
// are left to the client's account only when it can avoid them.
bool ServerAtFault(int code, std::string_view state) {
  constexpr std::array kCodes{1021, 1037, 1038, 1040, 1041, 1053, 1114, 1135, 1205, 1290, 3024};
  for (const int c : kCodes) {
    if (c == code) return true;
  }
  return state.starts_with("08") || state.starts_with("57") || state.starts_with("XX");
}

class MysqlParser final : public Parser {
 public:
  explicit MysqlParser(bool joined_late) : phase_(joined_late ? Phase::kCommand : Phase::kStart) {}

  Step Parse(Toward toward, Bytes bytes, Message& m) override {
    m.type = toward == Toward::kServer ? MessageType::kRequest : MessageType::kResponse;
    if (bytes.size() < kHead) return {};
    Cursor in(bytes);
    const uint32_t low = in.Little<uint16_t>();
    const uint32_t length = low | static_cast<uint32_t>(in.U8()) << 16;
    const uint8_t sequence = in.U8();
    const size_t size = kHead + length;
    const bool goes_on = goes_on_[static_cast<size_t>(toward)];
    goes_on_[static_cast<size_t>(toward)] = false;
    const Step step = goes_on ? Step{Verdict::kPart, size}
                      : toward == Toward::kServer
                          ? Client(length, sequence, bytes.subspan(kHead), size, m)
                          : Server(length, sequence, bytes.subspan(kHead), size, m);
    const bool taken = step.verdict != Verdict::kNeedMore && step.verdict != Verdict::kInvalid;
    if (taken ? length == kWholePacket : goes_on) goes_on_[static_cast<size_t>(toward)] = true;
    return step;
  }

  size_t Resync(Toward toward, Bytes bytes) override {
    goes_on_[static_cast<size_t>(toward)] = false;
    phase_ = Phase::kCommand;
    // A command starts its send call; a response starts with packet 1.
    if (bytes.size() < kHead + 1) return kNoSync;
    const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
    if (toward == Toward::kServer) {
      expected_.clear();
      result_ = Result::kFirst;
      return infer_mysql(p, static_cast<unsigned>(bytes.size())) == INFER_REQUEST ? 0 : kNoSync;
    }
    if (expected_.size() != 1 || p[3] != 1 || p[2] != 0) return kNoSync;
    result_ = Result::kFirst;
    return 0;
  }

 private:
  enum class Phase : uint8_t { kStart, kLogin, kAuth, kCommand };
  enum class Result : uint8_t { kFirst, kColumns, kAfterColumns, kRows, kPrepareDefinitions };

  Step Client(uint32_t length, uint8_t sequence, Bytes body, size_t size, Message& m) {
    if (phase_ != Phase::kCommand) return Login(length, sequence, body, size);
    if (local_infile_) {  // file contents, ended by an empty packet
      if (length == 0) local_infile_ = false;
      return {Verdict::kSkip, size};
    }
    if (sequence != 0) {
      return auth_again_ ? Step{Verdict::kSkip, size} : Step{Verdict::kInvalid, 0};
    }
    if (length == 0) return {Verdict::kInvalid, 0};
    if (body.size() < std::min<size_t>(length, kQueryWindow)) return {};
    const auto command = static_cast<uint8_t>(body[0]);
    if (command > kResetConnection && command != kBulkExecute) return {Verdict::kInvalid, 0};
    const Bytes rest = body.subspan(1, std::min<size_t>(body.size(), length) - 1);
    auth_again_ = command == kChangeUser;
    switch (command) {
      case kQuit:
      case kStmtLongData:
        return {Verdict::kSkip, size};
      case kStmtClose:
        statements_.erase(Cursor(rest).Little<uint32_t>());
        return {Verdict::kSkip, size};
      case kBinlogDump:
      case kBinlogDumpGtid:
        return {Verdict::kOpaque, size};
      default:
        Name(command, rest, m);
        return {Verdict::kMessage, size};
    }
  }

  void Name(uint8_t command, Bytes rest, Message& m) {
    if (command == kQuery || command == kStmtPrepare) {
      // Query attributes: zero parameters, one set.
      if (command == kQuery && rest.size() > 2 && rest[0] == std::byte{0} &&
          rest[1] == std::byte{1}) {
        rest = rest.subspan(2);
      }
      const SqlText text = DescribeSql(AsText(rest), true, m);
      m.request_type = command == kQuery ? text.verb : "PREPARE";
      m.endpoint = command == kQuery ? text.endpoint : m.Join("PREPARE ", text.endpoint);
      m.resource = text.shown;
      if (command == kStmtPrepare) {
        preparing_ = {std::string(text.verb), std::string(text.endpoint), std::string(text.shown)};
      }
    } else if (command == kStmtExecute || command == kBulkExecute) {
      NameExecute(Cursor(rest).Little<uint32_t>(), m);
    } else {
      m.request_type = m.endpoint = m.resource = CommandName(command);
      if (command == kInitDb) database_ = AsText(rest).substr(0, 64);
    }
    m.domain = database_;  // a view: after the last change
    if (expected_.size() < kMaxExpected) expected_.push_back(command);
  }

  void NameExecute(uint32_t id, Message& m) {
    // MariaDB: -1 is the statement prepared last.
    const auto found = statements_.find(id == ~0u ? last_statement_ : id);
    if (found == statements_.end()) {
      m.request_type = m.endpoint = "EXECUTE";
      m.unnamed = true;
      return;
    }
    m.request_type = found->second.verb;
    m.endpoint = found->second.endpoint;
    m.resource = found->second.shown;
  }

  // The client's answer to the greeting: capabilities say what follows.
  Step Login(uint32_t length, uint8_t sequence, Bytes body, size_t size) {
    if (phase_ == Phase::kStart && sequence == 0) {  // a command: the greeting was before our time
      phase_ = Phase::kCommand;
      return {Verdict::kSkip, 0};
    }
    if (phase_ != Phase::kLogin) return {Verdict::kSkip, size};
    if (body.size() < length) return {};
    Cursor in(body.first(length));
    const auto capabilities = in.Little<uint32_t>();
    if (length == 32 && (capabilities & kClientSsl)) return {Verdict::kOpaque, size};
    if (capabilities & kClientCompress) return {Verdict::kOpaque, size};
    in.Skip(28);
    TakeDatabase(in, capabilities);
    phase_ = Phase::kAuth;
    return {Verdict::kSkip, size};
  }

  void TakeDatabase(Cursor& in, uint32_t capabilities) {
    const std::string_view rest = AsText(in.rest());
    const size_t user = rest.find('\0');
    if (!(capabilities & kClientConnectWithDb) || user == std::string_view::npos) return;
    in.Skip(user + 1);
    in.Skip(static_cast<size_t>(std::min<uint64_t>(LengthCoded(in), in.remaining())));  // password
    const std::string_view name = AsText(in.rest());
    database_ = name.substr(0, std::min<size_t>(name.find('\0'), 64));
  }

  Step Server(uint32_t length, uint8_t sequence, Bytes body, size_t size, Message& m) {
    const bool greets = sequence == 0 && expected_.empty() && length > 40 && !body.empty() &&
                        body[0] == std::byte{10};
    if (phase_ == Phase::kCommand && greets) phase_ = Phase::kStart;
    if (phase_ != Phase::kCommand) return Greeting(length, sequence, body, size);
    if (expected_.empty()) return {Verdict::kSkip, size};
    if (length == 0 || sequence == 0) return {Verdict::kInvalid, 0};
    if (body.size() < std::min<size_t>(length, 16)) return {};
    const auto first = static_cast<uint8_t>(body[0]);
    const Bytes seen = body.first(std::min<size_t>(body.size(), length));
    if (first == 0xff && length < kWholePacket) {
      if (body.size() < std::min<size_t>(length, 256)) return {};
      if (Progressing(seen)) return {Verdict::kPart, size};
      TakeError(seen, m);
      return End(size, m);
    }
    switch (result_) {
      case Result::kFirst:
        return FirstPacket(first, length, seen, size, m);
      case Result::kColumns:
        if (--columns_left_ == 0) result_ = Result::kAfterColumns;
        return {Verdict::kPart, size};
      case Result::kAfterColumns:
        result_ = Result::kRows;
        if (first == 0xfe && length == 5) {
          if (expected_.front() == kStmtExecute && (StatusOf(seen) & 0x0040)) return End(size, m);
          return {Verdict::kPart, size};  // the classic EOF between columns and rows
        }
        [[fallthrough]];
      case Result::kRows:
        return Row(first, length, seen, size, m);
      case Result::kPrepareDefinitions:
        return Definition(first, length, size, m);
    }
    return {Verdict::kInvalid, 0};
  }

  Step Greeting(uint32_t length, uint8_t sequence, Bytes body, size_t size) {
    if (length == 0) return {Verdict::kInvalid, 0};
    if (body.empty()) return {};
    const auto first = static_cast<uint8_t>(body[0]);
    if (phase_ == Phase::kStart && sequence == 0 && first == 10) {
      phase_ = Phase::kLogin;
      return {Verdict::kSkip, size};
    }
    if (phase_ == Phase::kAuth && (first == 0x00 || first == 0xff)) phase_ = Phase::kCommand;
    return {Verdict::kSkip, size};
  }

  Step FirstPacket(uint8_t first, uint32_t length, Bytes seen, size_t size, Message& m) {
    const uint8_t command = expected_.front();
    if (command == kStatistics) return End(size, m);
    if (command == kChangeUser && first != 0x00) return {Verdict::kPart, size};
    if (command == kStmtPrepare && first == 0x00) return Prepared(seen, size, m);
    if (command == kFieldList || command == kStmtFetch) {
      result_ = Result::kRows;
      return Row(first, length, seen, size, m);
    }
    if (first == 0x00 || (first == 0xfe && length < 9)) {  // OK, EOF
      return StatusOf(seen) & kMoreResults ? Step{Verdict::kPart, size} : End(size, m);
    }
    if (first == 0xfb) {  // LOCAL INFILE: the client sends the file
      local_infile_ = true;
      return {Verdict::kPart, size};
    }
    Cursor in(seen);
    columns_left_ = LengthCoded(in);
    if (in.failed() || columns_left_ == 0 || columns_left_ > 4096) return {Verdict::kInvalid, 0};
    // MariaDB may send a flag: 0 means that the client knows the columns already.
    const bool cached = in.position() + 1 == length && in.remaining() >= 1 && in.U8() == 0;
    result_ = cached ? Result::kAfterColumns : Result::kColumns;
    m.end = false;
    return {Verdict::kMessage, size};
  }

  Step Row(uint8_t first, uint32_t length, Bytes seen, size_t size, Message& m) {
    // 0xfe also starts a row whose first value is huge; such a packet is long.
    if (first != 0xfe || length >= kWholePacket || (length > 5 && !LooksOk(seen))) {
      return {Verdict::kPart, size};
    }
    result_ = Result::kFirst;
    return StatusOf(seen) & kMoreResults ? Step{Verdict::kPart, size} : End(size, m);
  }

  // After 0xfe: affected rows and last id of an OK packet are 0 for result sets.
  static bool LooksOk(Bytes seen) {
    return seen.size() >= 7 && seen[1] == std::byte{0} && seen[2] == std::byte{0};
  }

  // Server status of an OK or EOF packet.
  static uint16_t StatusOf(Bytes seen) {
    Cursor in(seen);
    const uint8_t first = in.U8();
    if (first == 0xfe && seen.size() == 5) {
      in.Skip(2);  // warnings
      return in.Little<uint16_t>();
    }
    LengthCoded(in);
    LengthCoded(in);
    return in.Little<uint16_t>();
  }

  Step Prepared(Bytes seen, size_t size, Message& m) {
    Cursor in(seen);
    in.Skip(1);
    const auto id = in.Little<uint32_t>();
    const auto columns = in.Little<uint16_t>();
    const auto parameters = in.Little<uint16_t>();
    if (in.failed()) return {Verdict::kInvalid, 0};
    if (statements_.size() >= kMaxStatements) statements_.erase(statements_.begin());
    statements_[id] = std::move(preparing_);
    preparing_ = {};
    last_statement_ = id;
    // Definitions follow; the last one is taken for the end. An EOF packet that older clients get
    // behind it comes while nothing is expected, and is passed over.
    definitions_left_ = uint64_t{columns} + parameters;
    if (definitions_left_ == 0) return End(size, m);
    result_ = Result::kPrepareDefinitions;
    return {Verdict::kPart, size};
  }

  Step Definition(uint8_t first, uint32_t length, size_t size, Message& m) {
    if (first == 0xfe && length == 5) return {Verdict::kPart, size};  // between the lists
    if (--definitions_left_ > 0) return {Verdict::kPart, size};
    return End(size, m);
  }

  // MariaDB reports progress of long statements as error 0xffff.
  static bool Progressing(Bytes seen) {
    return seen.size() >= 3 && seen[1] == std::byte{0xff} && seen[2] == std::byte{0xff};
  }

  static void TakeError(Bytes seen, Message& m) {
    Cursor in(seen);
    in.Skip(1);
    m.code = in.Little<uint16_t>();
    std::string_view text = AsText(in.rest());
    std::string_view state;
    if (text.starts_with('#') && text.size() >= 6) {
      state = text.substr(1, 5);
      text.remove_prefix(6);
    }
    m.status = ServerAtFault(m.code, state) ? schema::ResponseStatus::kServerError
                                            : schema::ResponseStatus::kClientError;
    m.result = state;
    m.exception = text.substr(0, 128);
  }

  Step End(size_t size, Message& m) {
    if (m.status == schema::ResponseStatus::kUnknown) m.status = schema::ResponseStatus::kOk;
    expected_.pop_front();
    result_ = Result::kFirst;
    return {Verdict::kMessage, size};
  }

  Phase phase_;
  std::array<bool, 2> goes_on_{};  // the packet before was full: this one continues it

  // Client's side.
  std::string database_;
  std::map<uint32_t, Statement> statements_;
  uint32_t last_statement_ = 0;
  Statement preparing_;
  bool local_infile_ = false;
  bool auth_again_ = false;

  // Server's side.
  std::deque<uint8_t> expected_;  // commands awaiting their response
  Result result_ = Result::kFirst;
  uint64_t columns_left_ = 0;
  uint64_t definitions_left_ = 0;
};

std::unique_ptr<Parser> Make(bool joined_late) {
  return std::make_unique<MysqlParser>(joined_late);
}

}  // namespace

extern const Protocol kMysql;
constinit const Protocol kMysql{
    .id = schema::L7Protocol::kMysql,
    .name = "mysql",
    .default_port = 3306,
    .capture_bytes = 16384,
    .sniff = infer_mysql,
    .make = Make,
};

}  // namespace pano::l7
