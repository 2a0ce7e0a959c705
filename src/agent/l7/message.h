// SPDX-License-Identifier: Apache-2.0
// in: bytes of one direction (flow::Segment)  out: l7::Message
// What a parser found: a request, a response, or the head or the end of one. Views point into the
// captured bytes or into `scratch` and live until the handler returns.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "agent/flow/segment.h"
#include "schema/tag.h"

namespace pano::l7 {

using flow::Toward;

enum class MessageType : uint8_t { kRequest, kResponse };

inline constexpr size_t kMaxText = 256;  // longest kept resource, domain or error text, in bytes

// What a connection turns into after a message: HTTP upgrades, TLS after a plain-text greeting.
enum class Upgrade : uint8_t { kNone, kHttp2, kOpaque };

struct Message {
  MessageType type = MessageType::kRequest;
  // A message may come in pieces: begin is its first (names, status line), end its last. A request
  // counts at its begin, a response is complete at its end. Most messages are both at once.
  bool begin = true;
  bool end = true;
  bool one_way = false;  // request: no response will come
  bool unnamed = false;  // request: method and path were compressed against bytes never seen
  // request: the server answers when it has something (a long poll, a blocking pop). Waiting is no
  // timeout, and a connection that ends meanwhile no failure.
  bool patient = false;
  bool cancelled = false;  // response: the stream was reset
  Upgrade upgrade = Upgrade::kNone;
  schema::L7Protocol protocol =
      schema::L7Protocol::kUnknown;  // set when it differs from the parser's
  schema::ResponseStatus status = schema::ResponseStatus::kUnknown;
  int32_t code = 0;
  uint64_t key = 0;  // pairs request and response where the protocol has ids
  // A consumer of a log. request: records it moved past since it asked before. response: records
  // that were there and not fetched when it asked, of all it reads on this connection; -1: not
  // told.
  uint64_t records = 0;
  int64_t lag = -1;

  // Set by the driver.
  uint64_t begin_time_ns = 0;   // segment that held the first byte
  uint64_t time_ns = 0;         // segment that held the last byte so far; set before parsing
  uint64_t request_length = 0;  // response end: bytes of the request, where the parser counts them
  uint64_t length = 0;          // bytes since the last piece; a parser may set its own count

  std::string_view version;
  std::string_view request_type;
  std::string_view domain;
  std::string_view resource;
  std::string_view endpoint;
  std::string_view request_id;
  std::string_view exception;
  std::string_view result;
  std::string_view trace_id;
  std::string_view span_id;
  std::string_view parent_span_id;
  std::string_view x_request_id;

  // Room for text that is not in the wire bytes as such. Keep() answers a view of its copy, cut to
  // what fits; nothing allocates.
  std::string_view Keep(std::string_view text) {
    const size_t size = std::min({text.size(), scratch.size() - scratch_used, kMaxText});
    char* at = scratch.data() + scratch_used;
    if (size > 0) std::memcpy(at, text.data(), size);
    scratch_used += size;
    return {at, size};
  }
  // Joins up to four parts into one kept text.
  std::string_view Join(std::string_view a, std::string_view b, std::string_view c = {},
                        std::string_view d = {}) {
    char* const at = scratch.data() + scratch_used;
    const size_t room = std::min(scratch.size() - scratch_used, kMaxText);
    size_t size = 0;
    for (const std::string_view part : {a, b, c, d}) {
      const size_t take = std::min(part.size(), room - size);
      if (take > 0) std::memcpy(at + size, part.data(), take);
      size += take;
    }
    scratch_used += size;
    return {at, size};
  }

  void Reset() {
    // The scratch bytes stay as they are: they are only read through views made anew.
    std::string_view* const texts[] = {&version,  &request_type, &domain,         &resource,
                                       &endpoint, &request_id,   &exception,      &result,
                                       &trace_id, &span_id,      &parent_span_id, &x_request_id};
    for (std::string_view* text : texts) *text = {};
    type = MessageType::kRequest;
    begin = end = true;
    one_way = unnamed = patient = cancelled = false;
    upgrade = Upgrade::kNone;
    protocol = schema::L7Protocol::kUnknown;
    status = schema::ResponseStatus::kUnknown;
    code = 0;
    lag = -1;
    records = 0;
    key = length = request_length = begin_time_ns = time_ns = 0;
    scratch_used = 0;
  }

  size_t scratch_used = 0;
  std::array<char, 2048> scratch;  // not initialised: see Reset
};

}  // namespace pano::l7
