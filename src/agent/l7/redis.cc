// SPDX-License-Identifier: Apache-2.0
// Redis serialization protocol, RESP2 and RESP3. Only the command and its key leave this file.
#include "bpf/infer/redis.h"

#include <array>
#include <charconv>
#include <cstring>

#include "agent/l7/protocol.h"

namespace pano::l7 {
namespace {

constexpr size_t kMaxLine = size_t{32} * 1024;  // simple strings and inline commands
constexpr size_t kMaxDepth = 32;
constexpr int64_t kMaxCount = int64_t{64} * 1024 * 1024;
constexpr int64_t kMaxBulk = int64_t{512} * 1024 * 1024;
constexpr size_t kNameWindow = 64;  // of a command's name or a key that must be seen

enum class Shape : uint8_t { kIncomplete, kInvalid, kSimple, kError, kBulk, kAggregate, kNull };

struct Element {
  Shape shape = Shape::kIncomplete;
  char tag = 0;
  size_t head = 0;        // bytes of the first line with its CRLF
  int64_t count = 0;      // bulk: bytes; aggregate: elements
  std::string_view line;  // simple types: the text
};

Element ReadElement(std::string_view text) {
  Element e;
  if (text.empty()) return e;
  e.tag = text[0];
  const size_t window = std::min(text.size(), kMaxLine);
  const void* cr = std::memchr(text.data(), '\r', window);
  if (cr == nullptr) {
    if (text.size() >= kMaxLine) e.shape = Shape::kInvalid;
    return e;
  }
  const auto end = static_cast<size_t>(static_cast<const char*>(cr) - text.data());
  if (end + 1 >= text.size()) return e;
  if (text[end + 1] != '\n') return e.shape = Shape::kInvalid, e;
  e.line = text.substr(1, end - 1);
  e.head = end + 2;
  switch (e.tag) {
    case '+':
    case ':':
    case ',':
    case '#':
    case '(':
      e.shape = Shape::kSimple;
      return e;
    case '_':
      e.shape = Shape::kNull;
      return e;
    case '-':
      e.shape = Shape::kError;
      return e;
    case '$':
    case '!':
    case '=':
    case '*':
    case '%':
    case '~':
    case '>':
    case '|':
      break;
    default:
      e.shape = Shape::kInvalid;
      return e;
  }
  const auto [stop, error] = std::from_chars(e.line.data(), e.line.data() + e.line.size(), e.count);
  const bool bulk = e.tag == '$' || e.tag == '!' || e.tag == '=';
  if (error != std::errc() || stop != e.line.data() + e.line.size() || e.count < -1 ||
      e.count > (bulk ? kMaxBulk : kMaxCount)) {
    e.shape = Shape::kInvalid;
    return e;
  }
  e.shape = e.count < 0 ? Shape::kNull : bulk ? Shape::kBulk : Shape::kAggregate;
  if (e.tag == '%' || e.tag == '|') e.count *= 2;
  return e;
}

// The server's own troubles; every other error blames the command.
constexpr std::array kServerWords{std::string_view("LOADING"),     std::string_view("OOM"),
                                  std::string_view("READONLY"),    std::string_view("MISCONF"),
                                  std::string_view("CLUSTERDOWN"), std::string_view("MASTERDOWN"),
                                  std::string_view("TRYAGAIN"),    std::string_view("BUSY"),
                                  std::string_view("NOREPLICAS"),  std::string_view("UNKILLABLE")};

std::string_view FirstWord(std::string_view text) { return text.substr(0, text.find(' ')); }

class RedisParser final : public Parser {
 public:
  Step Parse(Toward toward, Bytes bytes, Message& m) override {
    return toward == Toward::kServer ? Command(AsText(bytes), m) : Reply(AsText(bytes), m);
  }

  size_t Resync(Toward toward, Bytes bytes) override {
    const std::string_view text = AsText(bytes);
    if (toward == Toward::kServer) {
      arguments_left_ = 0;
    } else {
      depth_ = 0;
      in_reply_ = false;
    }
    for (size_t at = 0; at < text.size();) {
      const infer_verdict v = infer_redis(reinterpret_cast<const unsigned char*>(text.data()) + at,
                                          static_cast<unsigned>(text.size() - at));
      const bool request = v == INFER_REQUEST || v == INFER_EITHER;
      if (toward == Toward::kServer ? request : v == INFER_RESPONSE) return at;
      const size_t line = text.find("\r\n", at);
      if (line == std::string_view::npos) return kNoSync;
      at = line + 2;
    }
    return kNoSync;
  }

 private:
  // A command: its array header, name and key are seen whole, further arguments pass unread.
  Step Command(std::string_view text, Message& m) {
    if (arguments_left_ > 0) return Argument(text, m);
    if (text[0] != '*') return Inline(text, m);
    const Element array = ReadElement(text);
    if (array.shape == Shape::kIncomplete) return {};
    if (array.shape != Shape::kAggregate) return {Verdict::kInvalid, 0};
    if (array.count == 0) return {Verdict::kSkip, array.head};
    size_t at = array.head;
    std::string_view name;
    const Step first = Word(text, at, name);
    if (first.verdict != Verdict::kMessage) return first;
    std::string_view key;
    int64_t read = 1;
    if (array.count > 1) {
      const Step second = Word(text, at, key);
      if (second.verdict != Verdict::kMessage) return second;
      ++read;
    }
    Name(name, key, static_cast<uint64_t>(array.count), m);
    arguments_left_ = static_cast<uint64_t>(array.count - read);
    m.end = arguments_left_ == 0;
    return {Verdict::kMessage, at};
  }

  // One bulk string of a command; `at` moves behind it, perhaps beyond the bytes at hand.
  static Step Word(std::string_view text, size_t& at, std::string_view& word) {
    if (at >= text.size()) return {};
    const Element e = ReadElement(text.substr(at));
    if (e.shape == Shape::kIncomplete) return {};
    if (e.shape != Shape::kBulk) return {Verdict::kInvalid, 0};
    const size_t start = at + e.head;
    const auto size = static_cast<size_t>(e.count);
    if (text.size() - start < std::min(size, kNameWindow)) return {};
    word = text.substr(start, std::min(size, kMaxText));
    at = start + size + 2;
    return {Verdict::kMessage, 0};
  }

  Step Argument(std::string_view text, Message& m) {
    const Element e = ReadElement(text);
    if (e.shape == Shape::kIncomplete) return {};
    if (e.shape != Shape::kBulk) return arguments_left_ = 0, Step{Verdict::kInvalid, 0};
    const size_t size = e.head + static_cast<size_t>(e.count) + 2;
    if (--arguments_left_ > 0) return {Verdict::kPart, size};
    m.begin = false;
    return {Verdict::kMessage, size};
  }

  Step Inline(std::string_view text, Message& m) {
    const size_t end = text.substr(0, kMaxLine).find('\n');
    if (end == std::string_view::npos) {
      return text.size() < kMaxLine && PlausibleInline(text) ? Step{} : Step{Verdict::kInvalid, 0};
    }
    std::string_view line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) return {Verdict::kSkip, end + 1};
    if (!PlausibleInline(line)) return {Verdict::kInvalid, 0};
    const std::string_view name = FirstWord(line);
    std::string_view rest = line.substr(name.size());
    while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
    Name(name, FirstWord(rest), rest.empty() ? 1 : 2, m);
    return {Verdict::kMessage, end + 1};
  }

  static bool PlausibleInline(std::string_view line) {
    const char c = static_cast<char>(line[0] | 0x20);
    return c >= 'a' && c <= 'z';
  }

  void Name(std::string_view name, std::string_view key, uint64_t words, Message& m) {
    std::array<char, 32> upper{};
    const size_t size = std::min(name.size(), upper.size());
    for (size_t i = 0; i < size; ++i) {
      upper[i] = name[i] >= 'a' && name[i] <= 'z' ? static_cast<char>(name[i] - 32) : name[i];
    }
    const std::string_view command(upper.data(), size);
    m.request_type = m.Keep(command);
    m.endpoint = m.request_type;
    // Scripts, passwords and settings are no keys.
    const bool keyless = command == "AUTH" || command == "EVAL" || command == "HELLO" ||
                         command == "CONFIG" || command == "ACL" || command == "SCRIPT" ||
                         command == "FUNCTION" || command == "ECHO" || command == "PING";
    m.resource = keyless || key.empty() ? m.request_type : m.Join(m.request_type, " ", key);
    constexpr std::array kBlocking{std::string_view("BLPOP"),      std::string_view("BRPOP"),
                                   std::string_view("BRPOPLPUSH"), std::string_view("BLMOVE"),
                                   std::string_view("BLMPOP"),     std::string_view("BZPOPMIN"),
                                   std::string_view("BZPOPMAX"),   std::string_view("BZMPOP"),
                                   std::string_view("XREAD"),      std::string_view("WAIT"),
                                   std::string_view("XREADGROUP"), std::string_view("MONITOR")};
    for (const std::string_view blocking : kBlocking) m.patient |= command == blocking;
    if (command.ends_with("SUBSCRIBE")) {
      ++confirmations_due_;
      extra_confirmations_ += words > 2 ? static_cast<uint32_t>(words - 2) : 0;
    }
  }

  // A reply is a tree of elements; each is one step, so that none need be held.
  Step Reply(std::string_view text, Message& m) {
    m.type = MessageType::kResponse;
    const Element e = ReadElement(text);
    if (e.shape == Shape::kIncomplete) return {};
    if (e.shape == Shape::kInvalid) return {Verdict::kInvalid, 0};
    if (!in_reply_ && e.shape == Shape::kAggregate) {
      const Step step = Classify(text, e);
      if (step.verdict == Verdict::kNeedMore) return step;
    }
    if (!in_reply_) {
      in_reply_ = true;
      NoteResult(e, text);
    }
    size_t size = e.head;
    if (e.shape == Shape::kBulk) size += static_cast<size_t>(e.count) + 2;
    if (e.shape == Shape::kAggregate && e.count > 0) {
      if (depth_ == kMaxDepth) return depth_ = 0, in_reply_ = false, Step{Verdict::kInvalid, 0};
      // An attribute (|) precedes the element it belongs to: one more to come.
      if (e.tag == '|' && depth_ > 0) ++left_[depth_ - 1];
      attribute_first_ |= e.tag == '|' && depth_ == 0;
      left_[depth_++] = static_cast<uint64_t>(e.count);
      return {Verdict::kPart, size};
    }
    return Closed(size, m);
  }

  // An element is complete: so may be the ones around it.
  Step Closed(size_t size, Message& m) {
    while (depth_ > 0 && --left_[depth_ - 1] == 0) --depth_;
    if (depth_ > 0) return {Verdict::kPart, size};
    in_reply_ = false;
    if (attribute_first_) return attribute_first_ = false, Step{Verdict::kPart, size};
    if (push_) return push_ = false, Step{Verdict::kSkip, size};
    m.status = status_;
    m.exception = std::string_view(error_.data(), error_size_);
    return {Verdict::kMessage, size};
  }

  // Is this aggregate a push of the server's own accord?
  Step Classify(std::string_view text, const Element& e) {
    push_ = false;
    if ((e.tag != '>' && e.tag != '*') || e.count < 2) return {Verdict::kPart, 0};
    if (e.tag == '*' && confirmations_due_ == 0 && !subscribed_) return {Verdict::kPart, 0};
    size_t at = e.head;
    std::string_view word;
    const Step step = Word(text, at, word);
    if (step.verdict == Verdict::kNeedMore) return step;
    if (step.verdict != Verdict::kMessage) return push_ = e.tag == '>', Step{Verdict::kPart, 0};
    if (word.size() > 32) word = {};
    if (word.ends_with("subscribe")) {
      subscribed_ = true;
      if (confirmations_due_ > 0) {
        --confirmations_due_;
      } else {
        push_ = true;
        if (extra_confirmations_ > 0) --extra_confirmations_;
      }
    } else {
      push_ = e.tag == '>' || (subscribed_ && word.ends_with("message"));
    }
    return {Verdict::kPart, 0};
  }

  void NoteResult(const Element& e, std::string_view text) {
    status_ = schema::ResponseStatus::kOk;
    error_size_ = 0;
    if (e.shape != Shape::kError && e.tag != '!') return;
    std::string_view what =
        e.tag == '!' ? text.substr(e.head, static_cast<size_t>(std::max<int64_t>(e.count, 0)))
                     : e.line;
    status_ = schema::ResponseStatus::kClientError;
    for (const std::string_view word : kServerWords) {
      if (FirstWord(what) == word) status_ = schema::ResponseStatus::kServerError;
    }
    what = what.substr(0, what.find(", with args"));  // the rest quotes arguments
    error_size_ = std::min(what.size(), error_.size());
    std::memcpy(error_.data(), what.data(), error_size_);
  }

  uint64_t arguments_left_ = 0;  // of the command being read

  std::array<uint64_t, kMaxDepth> left_{};  // elements still to come, per level
  size_t depth_ = 0;
  bool in_reply_ = false;
  bool push_ = false;
  bool attribute_first_ = false;
  bool subscribed_ = false;
  uint32_t confirmations_due_ = 0;
  uint32_t extra_confirmations_ = 0;
  schema::ResponseStatus status_ = schema::ResponseStatus::kOk;
  size_t error_size_ = 0;
  std::array<char, 128> error_{};
};

std::unique_ptr<Parser> Make(bool /*joined_late*/) { return std::make_unique<RedisParser>(); }

}  // namespace

extern const Protocol kRedis;
constinit const Protocol kRedis{
    .id = schema::L7Protocol::kRedis,
    .name = "redis",
    .default_port = 6379,
    .capture_bytes = 16384,
    .sniff = infer_redis,
    .make = Make,
};

}  // namespace pano::l7
