// SPDX-License-Identifier: Apache-2.0
// in: l7::Message  out: session::Request
// A request with its response, or its end without one. First owner of its strings (capped).
#pragma once

#include <cstdint>
#include <string>

#include "schema/tag.h"

namespace pano::session {

struct Request {
  uint64_t connection = 0;
  schema::L7Protocol l7_protocol = schema::L7Protocol::kUnknown;
  uint64_t request_time_ns = 0;   // monotonic: first byte of the request moved through the socket
  uint64_t response_time_ns = 0;  // last byte that completes the response; 0: none came
  bool one_way = false;  // no response belongs to it: it finishes as it starts, without rrt
  bool unnamed = false;  // method and path unknown (joined a compressed stream late)

  std::string version;
  std::string request_type;
  std::string request_domain;
  std::string request_resource;
  std::string endpoint;  // low cardinality, variable parts folded
  std::string request_id;
  uint64_t request_length = 0;
  uint64_t response_length = 0;
  uint64_t records = 0;  // a consumer of a log moved past since it asked before
  schema::ResponseStatus status = schema::ResponseStatus::kUnknown;
  int32_t response_code = 0;
  std::string response_exception;
  std::string response_result;
  std::string trace_id;
  std::string span_id;
  std::string parent_span_id;
  std::string x_request_id;

  uint64_t rrt_us() const {
    return response_time_ns > request_time_ns ? (response_time_ns - request_time_ns) / 1000 : 0;
  }
};

// How a connection came to its end, for the requests that still wait on it.
enum class Ending : uint8_t {
  kUnknown,       // taken for the server's doing
  kClientLeft,    // it gave up: a client_error
  kClientExited,  // its process has ended: nobody waits any more, and nothing failed
  kServerLeft,    // it closed or reset without an answer, or fell silent: a server_error
};

// What a session reports besides finished requests. A timeout is reported once, when the wait
// passes the limit; its response, should it still come, is a late response and not counted again.
enum class SessionEvent : uint8_t {
  kRequestStarted,   // counts `request`, in_flight + 1
  kRequestFinished,  // response matched: counts `response`, errors, rrt; in_flight - 1
  kRequestTimedOut,  // counts `timeout`; stays in flight
  kRequestAborted,   // connection ended while it waited: in_flight - 1, its error by `status`
  kLateResponse,     // response of a request that had timed out: in_flight - 1, rrt is recorded
  // Its outcome is not known (bytes were lost), no failure (a long poll ended with its connection,
  // its client has exited) or told before (it had timed out): in_flight - 1, counts nothing else.
  kRequestLost,
};

}  // namespace pano::session
