// SPDX-License-Identifier: Apache-2.0
// HTTP/2 (RFC 9113) and gRPC over it. Section numbers are of that RFC.
#include "bpf/infer/http2.h"

#include <algorithm>
#include <array>
#include <vector>

#include "agent/l7/endpoint.h"
#include "agent/l7/hpack.h"
#include "agent/l7/http2_block.h"
#include "agent/l7/http2_frame.h"
#include "agent/l7/protocol.h"

namespace pano::l7 {
namespace {

constexpr size_t kMaxBlock = size_t{32} * 1024;  // header block held while CONTINUATION frames come
constexpr size_t kMaxStreams = 4096;
constexpr uint32_t kCancel = 8;  // 7: error code CANCEL
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct Stream {
  uint32_t id = 0;
  bool grpc = false;
  bool named = false;
  bool responded = false;  // response headers seen
  int32_t code = 0;
  schema::ResponseStatus status = schema::ResponseStatus::kUnknown;
  uint64_t request_length = 0;
  uint64_t response_length = 0;
};

class Http2Parser final : public Parser {
 public:
  explicit Http2Parser(bool joined_late) { sides_[0].unproven = sides_[1].unproven = joined_late; }

  Step Parse(Toward toward, Bytes bytes, Message& m) override {
    Side& s = side(toward);
    m.type = toward == Toward::kServer ? MessageType::kRequest : MessageType::kResponse;
    if (refused_from_ != 0 && toward == Toward::kClient) return Refuse(m);
    const std::string_view text = AsText(bytes);
    if (toward == Toward::kServer && text[0] == 'P' && s.fresh) {
      if (text.starts_with(kPreface)) return s.fresh = false, Step{Verdict::kSkip, kPreface.size()};
      if (kPreface.starts_with(text)) return {};
    }
    if (bytes.size() < kFrameHead) return {};
    const Frame f = ReadFrame(bytes);
    const bool known = f.type <= kContinuation;
    if (known ? !BelievableFrame(bytes) : f.length > 16384 || (f.stream & 0x80000000u) != 0) {
      return {Verdict::kInvalid, 0};
    }
    if (s.unproven && !known) return {Verdict::kInvalid, 0};
    // 6.10: nothing may come between HEADERS and its CONTINUATION.
    if (s.block_stream != 0 && (f.type != kContinuation || f.stream != s.block_stream)) {
      ForgetBlock(toward);
      return {Verdict::kInvalid, 0};
    }
    s.fresh = s.unproven = false;
    return Dispatch(toward, f, bytes, m);
  }

  size_t Resync(Toward toward, Bytes bytes) override {
    ForgetBlock(toward);
    if (toward == Toward::kServer && AsText(bytes).starts_with(kPreface.substr(0, 14))) {
      side(toward).fresh = true;
      return 0;
    }
    for (size_t at = 0; at + kFrameHead <= bytes.size(); ++at) {
      const Bytes rest = bytes.subspan(at);
      if (!BelievableFrame(rest)) continue;
      const Frame f = ReadFrame(rest);
      // At the start of a segment one believable frame will do, elsewhere the next must fit too.
      const bool next_seen = rest.size() >= f.size() + kFrameHead;
      if (next_seen ? BelievableFrame(rest.subspan(f.size()))
                    : at == 0 || (f.type != kData && rest.size() == f.size())) {
        return at;
      }
    }
    return kNoSync;
  }

 private:
  struct Side {
    HpackDecoder hpack;
    std::vector<std::byte> block;  // header block so far, when it spans frames
    uint32_t block_stream = 0;
    uint8_t block_flags = 0;
    bool block_push = false;
    bool fresh = true;     // nothing parsed yet
    bool unproven = true;  // first frame of a stream joined late
  };

  Side& side(Toward toward) { return sides_[static_cast<size_t>(toward)]; }
  Side& opposite(Toward toward) { return sides_[1 - static_cast<size_t>(toward)]; }

  void ForgetBlock(Toward toward) {
    Side& s = side(toward);
    s.hpack.Forget();
    s.block.clear();
    s.block_stream = 0;
  }

  Step Dispatch(Toward toward, const Frame& f, Bytes bytes, Message& m) {
    switch (f.type) {
      case kData:
        return Data(toward, f, bytes, m);
      case kHeaders:
      case kPushPromise:
      case kContinuation:
        return HeaderFrame(toward, f, bytes, m);
      case kRstStream:
        if (bytes.size() < f.size()) return {};
        return Reset(toward, f, bytes, m);
      case kSettings:
        if (bytes.size() < f.size()) return {};
        Settings(toward, bytes.subspan(kFrameHead, f.length));
        return {Verdict::kSkip, f.size()};
      case kGoaway:
        if (bytes.size() < kFrameHead + 8) return {};
        if (toward == Toward::kClient) {
          // 6.8: requests on later streams were not and will not be processed.
          const uint32_t last = Cursor(bytes.subspan(kFrameHead)).Big<uint32_t>() & 0x7fffffffu;
          if (!streams_.empty() && streams_.back().id > last) refused_from_ = last + 1;
        }
        return {Verdict::kSkip, f.size()};
      default:
        return {Verdict::kSkip, f.size()};
    }
  }

  Step Data(Toward toward, const Frame& f, Bytes bytes, Message& m) {
    Stream* stream = Find(f.stream);
    if (stream == nullptr) return {Verdict::kSkip, f.size()};
    if (!stream->grpc && !stream->named && LooksGrpc(bytes, f)) stream->grpc = grpc_seen_ = true;
    (toward == Toward::kServer ? stream->request_length : stream->response_length) += f.size();
    if (toward == Toward::kServer || !(f.flags & kEndStream)) return {Verdict::kSkip, f.size()};
    m.begin = !stream->responded;
    return Finish(*stream, stream->code, stream->status, m, f.size());
  }

  Step HeaderFrame(Toward toward, const Frame& f, Bytes bytes, Message& m) {
    Side& s = side(toward);
    if (f.size() > kMaxBlock) {
      ForgetBlock(toward);
      return {Verdict::kSkip, f.size()};
    }
    if (bytes.size() < f.size()) return {};
    Bytes fragment = bytes.subspan(kFrameHead, f.length);
    if (f.type == kContinuation && s.block_stream == 0) {
      s.hpack.Forget();  // its beginning was never seen
      return {Verdict::kSkip, f.size()};
    }
    if (f.type != kContinuation && !Unwrap(f, fragment)) return {Verdict::kInvalid, 0};
    const bool push = f.type == kContinuation ? s.block_push : f.type == kPushPromise;
    const uint8_t flags = f.type == kContinuation ? s.block_flags : f.flags;
    if (!(f.flags & kEndHeaders) || s.block_stream != 0) {
      if (s.block.size() + fragment.size() > kMaxBlock) {
        ForgetBlock(toward);
        return {Verdict::kSkip, f.size()};
      }
      s.block.insert(s.block.end(), fragment.begin(), fragment.end());
      s.block_stream = f.stream;
      s.block_flags = flags;
      s.block_push = push;
      if (!(f.flags & kEndHeaders)) return {Verdict::kPart, f.size()};
      fragment = s.block;
    }
    const Step step = HeaderBlock(toward, f, flags, push, fragment, bytes, m);
    s.block_stream = 0;
    s.block.clear();
    return step;
  }

  Step HeaderBlock(Toward toward, const Frame& f, uint8_t flags, bool push, Bytes fragment,
                   Bytes bytes, Message& m) {
    Http2Block block(m);
    const bool whole = side(toward).hpack.Decode(fragment, block);
    if (push) return {Verdict::kSkip, f.size()};
    const bool end = (flags & kEndStream) != 0;
    if (toward == Toward::kServer) return RequestHead(f, end, whole, block, bytes, m);
    Stream* stream = Find(f.stream);
    if (stream == nullptr) return {Verdict::kSkip, f.size()};
    stream->response_length += f.size();
    return ResponseHead(*stream, f, end, block, m);
  }

  Step RequestHead(const Frame& f, bool end, bool whole, const Http2Block& block, Bytes bytes,
                   Message& m) {
    if ((f.stream & 1) == 0) return {Verdict::kInvalid, 0};  // 5.1.1: clients use odd ids
    if (f.stream <= last_request_) {                         // the request's trailers
      if (Stream* known = Find(f.stream)) known->request_length += f.size();
      return {Verdict::kSkip, f.size()};
    }
    last_request_ = f.stream;
    if (streams_.size() >= kMaxStreams) streams_.erase(streams_.begin());
    Stream stream{.id = f.stream, .grpc = block.grpc, .request_length = f.size()};
    stream.named = whole && !block.path.empty();
    if (!block.grpc && (!whole || block.unresolved)) {
      stream.grpc = grpc_seen_ || (!end && NextLooksGrpc(f, bytes));
    }
    grpc_seen_ |= stream.grpc;
    streams_.push_back(stream);
    m.key = f.stream;
    m.length = f.size();
    m.protocol = stream.grpc ? schema::L7Protocol::kGrpc : schema::L7Protocol::kHttp2;
    m.version = "2";
    m.unnamed = !stream.named;
    m.request_type = block.method;
    m.resource = MaskQuery(block.path, m);
    if (stream.named) {
      m.endpoint = stream.grpc ? block.path.substr(block.path.starts_with('/') ? 1 : 0)
                               : m.Join(block.method, block.method.empty() ? "" : " ",
                                        FoldPath(block.path, m));
    }
    return {Verdict::kMessage, f.size()};
  }

  // Joined late, the content type is often an unknown index: a gRPC message right behind tells.
  static bool NextLooksGrpc(const Frame& f, Bytes bytes) {
    for (Bytes rest = bytes.subspan(std::min(f.size(), bytes.size())); rest.size() > kFrameHead;) {
      const Frame next = ReadFrame(rest);
      if (next.type == kData && next.stream == f.stream) return LooksGrpc(rest, next);
      if (!BelievableFrame(rest) || next.size() >= rest.size()) return false;
      rest = rest.subspan(next.size());
    }
    return false;
  }

  Step ResponseHead(Stream& stream, const Frame& f, bool end, const Http2Block& block, Message& m) {
    if (!end && block.status >= 100 && block.status < 200) return {Verdict::kSkip, f.size()};
    if (block.grpc || block.grpc_status >= 0) stream.grpc = grpc_seen_ = true;
    if (block.status > 0) {
      stream.code = block.status;
      stream.status = HttpStatus(block.status);
    }
    const bool first = !stream.responded;
    stream.responded = true;
    if (!end) {
      if (!first) return {Verdict::kSkip, f.size()};
      Describe(stream, m);
      m.end = false;
      m.code = stream.grpc ? 0 : stream.code;
      m.status = stream.grpc ? schema::ResponseStatus::kUnknown : stream.status;
      m.length = f.size();
      stream.response_length -= f.size();
      return {Verdict::kMessage, f.size()};
    }
    int code = stream.code;
    schema::ResponseStatus status = stream.status;
    if (stream.grpc) {
      // A failure below gRPC (a proxy's 503) shows in :status alone.
      const bool http_failed = stream.code >= 400;
      // Joined late, the name may be an old index; in trailers only grpc-status is such a number.
      const int grpc_status = block.grpc_status >= 0        ? block.grpc_status
                              : block.nameless_number <= 16 ? block.nameless_number
                                                            : -1;
      code = grpc_status >= 0 ? grpc_status : http_failed ? stream.code : 0;
      status = grpc_status >= 0 ? GrpcStatus(grpc_status)
               : http_failed    ? stream.status
                                : schema::ResponseStatus::kUnknown;
      if (grpc_status > 0) m.result = GrpcStatusName(grpc_status);
      if (grpc_status > 0 && m.exception.empty()) m.exception = m.result;
    }
    m.begin = first;
    return Finish(stream, code, status, m, f.size());
  }

  static void Describe(const Stream& stream, Message& m) {
    m.type = MessageType::kResponse;
    m.key = stream.id;
    m.protocol = stream.grpc ? schema::L7Protocol::kGrpc : schema::L7Protocol::kHttp2;
  }

  Step Finish(Stream& stream, int code, schema::ResponseStatus status, Message& m, size_t size) {
    Describe(stream, m);
    m.code = code;
    m.status = status;
    m.length = stream.response_length;
    m.request_length = stream.request_length;
    streams_.erase(streams_.begin() + (&stream - streams_.data()));
    return {Verdict::kMessage, size};
  }

  // 6.4: either end gives the stream up.
  Step Reset(Toward toward, const Frame& f, Bytes bytes, Message& m) {
    Stream* stream = Find(f.stream);
    if (stream == nullptr) return {Verdict::kSkip, f.size()};
    const auto error = Cursor(bytes.subspan(kFrameHead)).Big<uint32_t>();
    m.cancelled = true;
    m.begin = !stream->responded;
    const bool by_client = toward == Toward::kServer;
    const bool grpc = stream->grpc;
    int code = stream->code;
    schema::ResponseStatus status =
        by_client ? schema::ResponseStatus::kClientError : schema::ResponseStatus::kServerError;
    if (error == 0 && stream->responded) {
      status = stream->status;
    } else {
      m.exception = error == kCancel ? "stream cancelled" : "stream reset";
      if (grpc) code = by_client && error == kCancel ? 1 : 13;
    }
    return Finish(*stream, code, status, m, f.size());
  }

  // GOAWAY was read: one refused stream at a time.
  Step Refuse(Message& m) {
    if (streams_.empty() || streams_.back().id < refused_from_) {
      refused_from_ = 0;
      return {Verdict::kSkip, 0};
    }
    m.cancelled = true;
    m.exception = "refused by GOAWAY";
    Stream& stream = streams_.back();
    m.begin = !stream.responded;
    return Finish(stream, stream.grpc ? 14 : 0, schema::ResponseStatus::kServerError, m, 0);
  }

  void Settings(Toward toward, Bytes body) {
    for (Cursor in(body); in.remaining() >= 6;) {
      const auto id = in.Big<uint16_t>();
      const auto value = in.Big<uint32_t>();
      // 6.5.2 SETTINGS_HEADER_TABLE_SIZE: what the sender's decoder keeps.
      if (id == 1) opposite(toward).hpack.SetLimit(value);
    }
  }

  Stream* Find(uint32_t id) {
    const auto at = std::lower_bound(streams_.begin(), streams_.end(), id,
                                     [](const Stream& s, uint32_t want) { return s.id < want; });
    return at != streams_.end() && at->id == id ? &*at : nullptr;
  }

  std::array<Side, 2> sides_;
  std::vector<Stream> streams_;  // awaiting their response; ids rise
  uint32_t last_request_ = 0;
  uint32_t refused_from_ = 0;
  bool grpc_seen_ = false;
};

std::unique_ptr<Parser> Make(bool joined_late) {
  return std::make_unique<Http2Parser>(joined_late);
}

}  // namespace

extern const Protocol kHttp2;
constinit const Protocol kHttp2{
    .id = schema::L7Protocol::kHttp2,
    .name = "http2",
    .pairing = Pairing::kKey,
    .sure_of_roles = true,
    // Headers of one stream stand behind the data of another in one large read: Node reads 64 KiB.
    .capture_bytes = 65536,
    .sniff = infer_http2,
    .make = Make,
};

}  // namespace pano::l7
