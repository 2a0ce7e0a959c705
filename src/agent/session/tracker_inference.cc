// SPDX-License-Identifier: Apache-2.0
// Which protocol a connection speaks, from its first bytes; what was held meanwhile is parsed then.
#include <algorithm>

#include "agent/session/tracker_connection.h"

namespace pano::session {

using flow::Direction;
using flow::Role;

namespace {

constexpr size_t kSniffBytes = 2048;          // held per direction while the protocol is not known
constexpr uint32_t kSniffSegments = 16;       // looked at before giving up, once
constexpr uint64_t kSniffEnoughBytes = 1024;  // this much was seen too
constexpr uint32_t kSniffMostSegments = 128;  // at the latest

}  // namespace

void Tracker::Sniff(Connection& c, const flow::Segment& s) {
  if (!c.prefixes) c.prefixes = std::make_unique<std::array<Prefix, 2>>();
  Prefix& p = (*c.prefixes)[static_cast<size_t>(s.direction)];
  if (s.gap_before > 0 || p.hole > 0) p = {};
  if (s.gap_before > 0) c.joined_late = true;
  l7::SniffContext context{s.l4_protocol, c.role != Role::kUnknown, TowardOf(c.role, s.direction),
                           c.server_port, c.excluded};
  l7::Guess guess;
  if (!p.bytes.empty() && p.bytes.size() + s.payload.size() <= kSniffBytes) {
    p.bytes.insert(p.bytes.end(), s.payload.begin(), s.payload.end());
    guess = l7::Sniff(p.bytes, context);
  }
  if (guess.protocol == nullptr && !guess.need_more) {
    // Nothing yet, or what was held leads nowhere: perhaps a message starts with this segment.
    if (c.sniffed_segments > 0) c.joined_late = true;
    guess = l7::Sniff(s.payload, context);
    if (guess.protocol != nullptr || guess.need_more) {
      const size_t keep =
          guess.protocol ? s.payload.size() : std::min(s.payload.size(), kSniffBytes);
      p.bytes.assign(s.payload.begin(), s.payload.begin() + static_cast<ptrdiff_t>(keep));
      p.time_ns = s.time_ns;
    } else {
      p.bytes.clear();
    }
  }
  p.hole = s.length > s.payload.size() ? s.length - s.payload.size() : 0;
  if (guess.protocol != nullptr) {
    Settle(c, guess, s.direction);
    return;
  }
  ++c.sniffed_segments;
  c.sniffed_bytes += s.length;
  if ((c.sniffed_segments >= kSniffSegments && c.sniffed_bytes >= kSniffEnoughBytes) ||
      c.sniffed_segments >= kSniffMostSegments) {
    ++unknown_protocol_;
    SettleOpaque(c, schema::L7Protocol::kUnknown);
  }
}

void Tracker::SniffDatagram(Connection& c, const flow::Segment& s) {
  const l7::SniffContext context{s.l4_protocol, c.role != Role::kUnknown,
                                 TowardOf(c.role, s.direction), c.server_port, c.excluded};
  const l7::Guess guess = l7::Sniff(s.payload, context);
  if (guess.protocol != nullptr) {
    Settle(c, guess, s.direction);
    if (c.state == Connection::State::kParsing) Feed(c, s);
    return;
  }
  if (++c.sniffed_segments >= kSniffSegments) {
    ++unknown_protocol_;
    SettleOpaque(c, schema::L7Protocol::kUnknown);
  }
}

void Tracker::Settle(Connection& c, const l7::Guess& guess, Direction direction) {
  if (guess.verdict != INFER_EITHER) {
    const bool to_server = guess.verdict == INFER_REQUEST;
    const Role role = (direction == Direction::kTx) == to_server ? Role::kClient : Role::kServer;
    if (c.role != role) c.role_inferred = true;
    c.role = role;
  }
  if (guess.protocol->make == nullptr) return SettleOpaque(c, guess.protocol->id);
  c.protocol = guess.protocol->id;
  c.state = Connection::State::kParsing;
  c.driver = std::make_unique<l7::Driver>(*guess.protocol, c.joined_late, driver_counters_);
  Notify(c);
  FeedPrefixes(c);
}

void Tracker::SettleOpaque(Connection& c, schema::L7Protocol protocol) {
  FlushLost(c);
  c.protocol = protocol;
  c.state = Connection::State::kOpaque;
  c.prefixes.reset();
  c.driver.reset();
  Notify(c);
}

// What was held goes to the driver in the order it came.
void Tracker::FeedPrefixes(Connection& c) {
  const auto prefixes = std::move(c.prefixes);
  if (!prefixes) return;
  const size_t first = (*prefixes)[0].time_ns <= (*prefixes)[1].time_ns ? 0 : 1;
  for (const size_t i : {first, 1 - first}) {
    const Prefix& p = (*prefixes)[i];
    if (p.bytes.empty() || c.state != Connection::State::kParsing) continue;
    flow::Segment s;
    s.connection = c.id;
    s.time_ns = p.time_ns;
    s.direction = static_cast<Direction>(i);
    s.payload = p.bytes;
    s.length = static_cast<uint32_t>(p.bytes.size() + p.hole);
    Feed(c, s);
  }
}

}  // namespace pano::session
