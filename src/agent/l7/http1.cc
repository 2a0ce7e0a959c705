// SPDX-License-Identifier: Apache-2.0
// HTTP/1.0 and HTTP/1.1, RFC 9112. Section numbers below are of that RFC.
#include "bpf/infer/http1.h"

#include <array>
#include <charconv>
#include <cstring>
#include <vector>

#include "agent/l7/endpoint.h"
#include "agent/l7/protocol.h"
#include "agent/l7/trace_context.h"

namespace pano::l7 {
namespace {

constexpr size_t kMaxChunkLine = 1024;  // 7.1: size and extensions
constexpr size_t kMaxMarked = 4096;     // outstanding HEAD and CONNECT requests remembered

size_t FindNewline(std::string_view text, size_t from = 0) {
  if (from >= text.size()) return std::string_view::npos;
  const void* hit = std::memchr(text.data() + from, '\n', text.size() - from);
  return hit ? static_cast<size_t>(static_cast<const char*>(hit) - text.data())
             : std::string_view::npos;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// What the header fields say about the body and the connection.
struct Framing {
  bool has_length = false;
  bool chunked = false;
  bool invalid = false;
  uint64_t length = 0;
  std::string_view host;
  std::string_view upgrade;
};

void TakeLength(std::string_view value, Framing& f) {
  uint64_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (error != std::errc() || length > uint64_t{1} << 50) {
    f.invalid = true;
    return;
  }
  f.has_length = true;
  f.length = length;
}

void TakeField(std::string_view name, std::string_view value, Framing& f, Message& m) {
  switch (name.size()) {
    case 4:
      if (EqualsIgnoreCase(name, "host")) f.host = value;
      return;
    case 7:
      if (EqualsIgnoreCase(name, "upgrade")) f.upgrade = value;
      return;
    case 14:
      if (EqualsIgnoreCase(name, "content-length")) TakeLength(value, f);
      return;
    case 17:
      if (EqualsIgnoreCase(name, "transfer-encoding")) {
        // 6.1: chunked is the last coding.
        f.chunked =
            value.size() >= 7 && EqualsIgnoreCase(value.substr(value.size() - 7), "chunked");
        return;
      }
      break;
    default:
      break;
  }
  TakeTraceHeader(name, value, m);
}

// Reads the fields that start at `at`. The offset behind the empty line that ends them, or npos
// when the head is not whole yet. One pass: this is where most of the time goes.
size_t ReadFields(std::string_view text, size_t at, Framing& f, Message& m) {
  while (at < text.size()) {
    const void* newline = std::memchr(text.data() + at, '\n', text.size() - at);
    if (newline == nullptr) return std::string_view::npos;
    const auto end = static_cast<size_t>(static_cast<const char*>(newline) - text.data());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) return at;
    const char c = static_cast<char>(line[0] | 0x20);
    // The few fields of interest start with one of these letters.
    if (c != 'h' && c != 'u' && c != 'c' && c != 't' && c != 'x' && c != 's' && c != 'b') continue;
    const size_t colon = line.substr(0, 64).find(':');
    if (colon == std::string_view::npos || colon == 0) continue;
    TakeField(line.substr(0, colon), Trim(line.substr(colon + 1)), f, m);
  }
  return std::string_view::npos;
}

class Http1Parser final : public Parser {
 public:
  Step Parse(Toward toward, Bytes bytes, Message& m) override {
    Side& s = sides_[static_cast<size_t>(toward)];
    m.type = toward == Toward::kServer ? MessageType::kRequest : MessageType::kResponse;
    const std::string_view text = AsText(bytes);
    switch (s.state) {
      case State::kHead:
        return toward == Toward::kServer ? Request(text, s, m) : Response(text, s, m);
      case State::kChunk:
        return Chunk(text, s, m);
      case State::kTrailer:
        return Trailer(text, s, m);
      case State::kUntilClose:
        return UntilClose(text, s, m);
    }
    return {Verdict::kInvalid, 0};
  }

  size_t Resync(Toward toward, Bytes bytes) override {
    Side& s = sides_[static_cast<size_t>(toward)];
    const std::string_view text = AsText(bytes);
    if (s.state == State::kChunk || s.state == State::kTrailer) {
      // The end of the chunked body may be in sight: it is also the end of these bytes.
      constexpr std::string_view kLast = "0\r\n\r\n";
      if (text == kLast || text.ends_with("\r\n0\r\n\r\n")) {
        s.state = State::kChunk;
        return text.size() - kLast.size();
      }
    }
    const size_t at = FindHead(toward, text);
    if (at == kNoSync) return kNoSync;
    s.state = State::kHead;
    if (toward == Toward::kClient) {
      // The lost response was the last request's unless requests are pipelined.
      responses_ = requests_ > 0 ? requests_ - 1 : 0;
      marked_.clear();
    }
    return at;
  }

  bool Lose(Toward toward) override {
    return sides_[static_cast<size_t>(toward)].state == State::kUntilClose;
  }

  bool Close(Message& m) override {
    Side& s = sides_[static_cast<size_t>(Toward::kClient)];
    if (s.state != State::kUntilClose) return false;
    s.state = State::kHead;
    m.type = MessageType::kResponse;
    m.begin = false;
    return true;
  }

 private:
  enum class State : uint8_t { kHead, kChunk, kTrailer, kUntilClose };
  struct Side {
    State state = State::kHead;
  };
  // Requests whose response is framed unlike others.
  struct Marked {
    uint64_t index;
    bool connect;
  };

  static size_t FindHead(Toward toward, std::string_view text) {
    const auto* data = reinterpret_cast<const unsigned char*>(text.data());
    const infer_verdict wanted = toward == Toward::kServer ? INFER_REQUEST : INFER_RESPONSE;
    for (size_t at = 0; at < text.size();) {
      if (infer_http1(data + at, static_cast<unsigned>(text.size() - at)) == wanted) return at;
      const size_t line = FindNewline(text, at);
      if (line == std::string_view::npos) return kNoSync;
      at = line + 1;
    }
    return kNoSync;
  }

  Step Request(std::string_view text, Side& s, Message& m) {
    if (text.starts_with("\r\n")) return {Verdict::kSkip, 2};  // 2.2: tolerated before a request
    if (text == "\r") return {};
    const infer_verdict kind = infer_http1(reinterpret_cast<const unsigned char*>(text.data()),
                                           static_cast<unsigned>(text.size()));
    if (kind == INFER_MORE) return {};
    const size_t line_end = FindNewline(text);
    const size_t first = text.find(' ');
    if (kind != INFER_REQUEST && !PlausibleMethod(text, first)) return {Verdict::kInvalid, 0};
    if (line_end == std::string_view::npos) return {};
    std::string_view line = text.substr(0, line_end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const size_t last = line.rfind(' ');
    if (last == std::string_view::npos || last <= first ||
        !line.substr(last + 1).starts_with("HTTP/1.")) {
      return {Verdict::kInvalid, 0};
    }
    const std::string_view target = line.substr(first + 1, last - first - 1);
    Framing f;
    const size_t end = ReadFields(text, line_end + 1, f, m);
    if (end == std::string_view::npos) return {};
    if (f.invalid) return {Verdict::kInvalid, 0};
    m.request_type = line.substr(0, first);
    m.version = line.substr(last + 6);
    m.domain = f.host;
    m.resource = MaskQuery(target, m);
    const bool connect = m.request_type == "CONNECT";
    m.endpoint = m.Join(m.request_type, " ", connect ? target : FoldPath(target, m));
    if ((connect || m.request_type == "HEAD") && marked_.size() < kMaxMarked) {
      marked_.push_back({requests_, connect});
    }
    ++requests_;
    if (f.chunked) {
      s.state = State::kChunk;
      m.end = false;
      return {Verdict::kMessage, end};
    }
    return {Verdict::kMessage, end + f.length};
  }

  static bool PlausibleMethod(std::string_view text, size_t space) {
    if (space == 0 || space == std::string_view::npos || space > 20) return false;
    for (const char c : text.substr(0, space)) {
      if ((c < 'A' || c > 'Z') && c != '-' && c != '_') return false;
    }
    return true;
  }

  Step Response(std::string_view text, Side& s, Message& m) {
    const infer_verdict kind = infer_http1(reinterpret_cast<const unsigned char*>(text.data()),
                                           static_cast<unsigned>(text.size()));
    if (kind == INFER_MORE) return {};
    if (kind != INFER_RESPONSE) return {Verdict::kInvalid, 0};
    const size_t line_end = FindNewline(text);
    if (line_end == std::string_view::npos || line_end < 12) return {};
    const int code = (text[9] - '0') * 100 + (text[10] - '0') * 10 + (text[11] - '0');
    if (text[11] < '0' || text[11] > '9') return {Verdict::kInvalid, 0};
    Framing f;
    const size_t end = ReadFields(text, line_end + 1, f, m);
    if (end == std::string_view::npos) return {};
    if (f.invalid) return {Verdict::kInvalid, 0};
    if (code < 200 && code != 101) return {Verdict::kPart, end};  // interim, 15.2 of RFC 9110
    SetStatus(code, Trim(text.substr(12, line_end - 12 - (text[line_end - 1] == '\r'))), m);
    m.version = text.substr(5, 3);

    const Marked mark = TakeMark();
    if (code == 101 || (mark.connect && code < 300)) {
      m.upgrade = EqualsIgnoreCase(f.upgrade, "h2c") ? Upgrade::kHttp2 : Upgrade::kOpaque;
      return {Verdict::kMessage, end};
    }
    // 6.3: which responses have no body, whatever their fields say.
    const bool head_response = mark.index != kNotMarked && !mark.connect;
    if (head_response || code == 204 || code == 304) return {Verdict::kMessage, end};
    if (f.chunked || !f.has_length) {
      s.state = f.chunked ? State::kChunk : State::kUntilClose;
      m.end = false;
      return {Verdict::kMessage, end};
    }
    return {Verdict::kMessage, end + f.length};
  }

  static void SetStatus(int code, std::string_view reason, Message& m) {
    m.code = code;
    m.status = code >= 500   ? schema::ResponseStatus::kServerError
               : code >= 400 ? schema::ResponseStatus::kClientError
                             : schema::ResponseStatus::kOk;
    if (code >= 400) m.exception = reason;
  }

  // Counts the response; answers what its request asked for.
  Marked TakeMark() {
    Marked mark{kNotMarked, false};
    if (responses_ >= requests_) return mark;  // joined after its request
    while (!marked_.empty() && marked_.front().index < responses_) marked_.erase(marked_.begin());
    if (!marked_.empty() && marked_.front().index == responses_) {
      mark = marked_.front();
      marked_.erase(marked_.begin());
    }
    ++responses_;
    return mark;
  }

  Step Chunk(std::string_view text, Side& s, Message& m) {
    const size_t line = FindNewline(text.substr(0, kMaxChunkLine));
    if (line == std::string_view::npos) {
      return text.size() < kMaxChunkLine ? Step{} : Step{Verdict::kInvalid, 0};
    }
    uint64_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + line, size, 16);
    if (error != std::errc() || size > uint64_t{1} << 40) return {Verdict::kInvalid, 0};
    if (size > 0) return {Verdict::kPart, line + 1 + size + 2};
    if (text.substr(line + 1).starts_with("\r\n")) {
      s.state = State::kHead;
      m.begin = false;
      return {Verdict::kMessage, line + 3};
    }
    s.state = State::kTrailer;
    return {Verdict::kPart, line + 1};
  }

  // 7.1.2: trailer fields up to an empty line.
  Step Trailer(std::string_view text, Side& s, Message& m) {
    const size_t line = FindNewline(text);
    if (line == std::string_view::npos) return {};
    const bool last = line == 0 || (line == 1 && text[0] == '\r');
    if (!last) return {Verdict::kPart, line + 1};
    s.state = State::kHead;
    m.begin = false;
    return {Verdict::kMessage, line + 1};
  }

  // Normally everything up to the close. A status line at the start of a segment while a request
  // waits says that the missing length had another reason (a HEAD request never seen).
  Step UntilClose(std::string_view text, Side& s, Message& m) {
    const bool next = responses_ < requests_ && text.starts_with("HTTP/1.");
    if (!next) return {Verdict::kPart, text.size()};
    s.state = State::kHead;
    m.begin = false;
    return {Verdict::kMessage, 0};
  }

  static constexpr uint64_t kNotMarked = ~uint64_t{0};

  std::array<Side, 2> sides_;
  uint64_t requests_ = 0;
  uint64_t responses_ = 0;
  std::vector<Marked> marked_;
};

std::unique_ptr<Parser> Make(bool /*joined_late*/) { return std::make_unique<Http1Parser>(); }

}  // namespace

extern const Protocol kHttp1;
constinit const Protocol kHttp1{
    .id = schema::L7Protocol::kHttp1,
    .name = "http",
    .sure_of_roles = true,
    .default_port = 80,
    .capture_bytes = 4096,
    .sniff = infer_http1,
    .make = Make,
};

}  // namespace pano::l7
