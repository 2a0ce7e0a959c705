// SPDX-License-Identifier: Apache-2.0
// Every protocol the agent reads, in sniffing order: the surest signatures first.
#pragma once

#include <span>

#include "agent/l7/protocol.h"
#include "base/cursor.h"

namespace pano::l7 {

std::span<const Protocol* const> Protocols();
const Protocol* FindProtocol(schema::L7Protocol id);

struct Guess {
  const Protocol* protocol = nullptr;  // null: none fits
  infer_verdict verdict = INFER_NO;
  bool need_more = false;  // some protocol could still fit with more bytes
};

// What the first bytes of a stream or a datagram look like. `toward` is where they go when the
// roles are known. `excluded` is a protocol that was tried and failed.
struct SniffContext {
  schema::L4Protocol l4_protocol = schema::L4Protocol::kTcp;
  bool role_known = false;
  Toward toward = Toward::kServer;
  uint16_t server_port = 0;
  const Protocol* excluded = nullptr;
};
Guess Sniff(Bytes bytes, const SniffContext& context);

}  // namespace pano::l7
