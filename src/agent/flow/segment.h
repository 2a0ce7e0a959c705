// SPDX-License-Identifier: Apache-2.0
// in: decode::Event  out: flow::Segment (bytes of one direction of one socket, in stream order)
// The flow stage puts the calls of a socket in sequence order, says where bytes are missing, and
// knows the connection's ends. Views live until the callee returns.
#pragma once

#include <cstdint>

#include "agent/decode/event.h"
#include "base/cursor.h"
#include "base/ip_address.h"
#include "schema/tag.h"

namespace pano::flow {

using decode::Direction;
using decode::Role;

// Which way bytes go once the roles are known; with Role::kUnknown kTx is taken for kToServer until
// inference knows better (l7 reports the role it found back to flow).
enum class Toward : uint8_t { kServer, kClient };

struct Segment {
  uint64_t connection = 0;  // socket cookie
  uint64_t time_ns = 0;     // monotonic
  uint32_t tgid = 0;
  uint32_t tid = 0;
  Role role = Role::kUnknown;  // of the observed socket's end
  Direction direction = Direction::kTx;
  schema::L4Protocol l4_protocol = schema::L4Protocol::kTcp;
  uint16_t server_port = 0;  // hint only; 0 when unknown
  bool joined_late = false;  // the connection is older than the agent
  uint32_t tcp_seq = 0;
  // Bytes of the stream lost before this segment (0 for none). They were never seen.
  uint32_t gap_before = 0;
  uint32_t length = 0;  // bytes that moved; payload holds the first payload.size() of them
  Bytes payload;
};

}  // namespace pano::flow
