// SPDX-License-Identifier: Apache-2.0
// What a Tracker keeps of one connection. For tracker*.cc only.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "agent/session/tracker.h"
#include "agent/session/waiting.h"

namespace pano::session {

struct Tracker::Pending {
  uint64_t key = 0;
  bool begun = false;  // its response has begun
  bool timed_out = false;
  bool patient = false;   // may wait by design: see l7::Message
  bool doubtful = false;  // bytes were lost while it waited
  Request request;
};

// Bytes of one direction held until the protocol is known.
struct Tracker::Prefix {
  std::vector<std::byte> bytes;
  uint64_t time_ns = 0;  // of the first byte
  uint64_t hole = 0;     // bytes known to have moved behind the last one, unseen
};

struct Tracker::Connection {
  enum class State : uint8_t { kSniffing, kParsing, kOpaque };
  // After lost bytes. kOne: the only request that waits may have been answered unseen. kMany: which
  // of several, nobody knows: responses are not matched until the client starts anew.
  enum class Doubt : uint8_t { kNone, kOne, kMany };

  uint64_t id = 0;
  State state = State::kSniffing;
  Doubt doubt = Doubt::kNone;
  bool joined_late = false;
  bool role_inferred = false;
  bool pipelined = false;
  bool orphan_open = false;  // a response without request is under way
  flow::Role role = flow::Role::kUnknown;
  l7::Toward last_toward = l7::Toward::kServer;
  schema::L7Protocol protocol = schema::L7Protocol::kUnknown;
  schema::L4Protocol l4_protocol = schema::L4Protocol::kTcp;
  uint16_t server_port = 0;
  uint32_t sniffed_segments = 0;
  uint64_t sniffed_bytes = 0;
  uint64_t last_ns = 0;
  uint64_t doubt_since_ns = 0;
  uint32_t notified_capture = 0;
  uint64_t consumer_lag = 0;
  const l7::Protocol* excluded = nullptr;
  std::unique_ptr<std::array<Prefix, 2>> prefixes;
  std::unique_ptr<l7::Driver> driver;
  Waiting<Pending> waiting;

  bool keyed() const { return driver && driver->protocol().pairing == l7::Pairing::kKey; }
};

inline l7::Toward TowardOf(flow::Role role, flow::Direction direction) {
  const bool tx = direction == flow::Direction::kTx;
  return (role == flow::Role::kServer) == tx ? l7::Toward::kClient : l7::Toward::kServer;
}

}  // namespace pano::session
