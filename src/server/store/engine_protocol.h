// SPDX-License-Identifier: Apache-2.0
// Frames between the server and its engine process: a fixed header and length-prefixed fields, host
// byte order (both ends are the same binary). Each request has an id and gets exactly one reply
// with it; replies come in any order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "server/store/store.h"

namespace pano::store {

enum class Op : uint32_t {
  kHello,    // engine -> server, once: fields {version} or code and text of why it cannot start
  kPing,     // {}
  kExecute,  // {sql}
  kInsert,   // {table, token, block}
  kQuery,    // {sql, format, limits, params...}
  kSize,     // {}: bytes of the database on disk, as decimal text
  kStop,     // {}: no reply, the engine ends
  kReply,    // engine -> server: code 0 and {text}, or code and {text, hint}
};

struct FrameHeader {
  uint32_t magic = 0;
  uint32_t size = 0;  // of the payload
  uint64_t id = 0;
  Op op = Op::kPing;
  uint32_t code = 0;  // replies: 0, or 1 + Code
};
static_assert(sizeof(FrameHeader) == 24);

inline constexpr uint32_t kFrameMagic = 0x45414e50;
inline constexpr uint32_t kMaxFrame = uint32_t{512} << 20;

struct Frame {
  FrameHeader header;
  std::string payload;
};

// Payload fields, in order.
void PutField(std::string& payload, std::string_view field);
void PutNumber(std::string& payload, uint64_t number);
class FieldReader {
 public:
  explicit FieldReader(std::string_view payload) : rest_(payload) {}
  std::optional<std::string_view> Field();
  std::optional<uint64_t> Number();
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::string EncodeQuery(std::string_view sql, std::string_view format, const QueryLimits& limits,
                        const Params& params);
struct QueryRequest {
  std::string sql;
  std::string format;
  QueryLimits limits;
  Params params;
};
std::optional<QueryRequest> DecodeQuery(std::string_view payload);

// Writes a frame to a socket without blocking longer than until `deadline_ns` (monotonic).
Status SendFrame(int fd, Op op, uint64_t id, uint32_t code, std::string_view payload,
                 uint64_t deadline_ns);

// Collects bytes of a socket into frames.
class FrameCollector {
 public:
  // Reads what is there. False at the end of the stream, on an error or a malformed header.
  bool ReadFrom(int fd);
  std::optional<Frame> Next();

 private:
  std::string buffer_;
  size_t begin_ = 0;
  bool broken_ = false;
};

}  // namespace pano::store
