// SPDX-License-Identifier: Apache-2.0
// What a fuzzer's bytes mean; the corpus runs through the same function as an ordinary test.
//   byte 0       protocol: index into the registry, or (from its size on) left to inference
//   then calls   [flags][length low][length high] payload
//   flags        bit 0: from the server; 1: bytes are missing before; 2: the call's end was not
//                captured; 3: sweep after it; 4: close and reopen; 5: one byte at a time
#pragma once

#include <algorithm>

#include "agent/l7/registry.h"
#include "agent/session/tracker.h"
#include "base/cursor.h"

namespace pano::session {

class BalanceSink final : public RequestSink {
 public:
  void OnSession(SessionEvent event, const Request& request) override {
    if (event == SessionEvent::kRequestStarted) ++open_;
    const bool ends =
        event != SessionEvent::kRequestStarted && event != SessionEvent::kRequestTimedOut;
    if (ends) --open_;
    within_bounds_ &=
        request.request_resource.size() <= l7::kMaxText && request.endpoint.size() <= l7::kMaxText;
  }
  void OnFacts(uint64_t, const ConnectionFacts&) override {}

  bool balanced() const { return open_ == 0 && within_bounds_; }

 private:
  int64_t open_ = 0;
  bool within_bounds_ = true;
};

// False if the books do not balance: every request that started must end exactly once.
inline bool RunFuzzProgram(Bytes program) {
  if (program.empty()) return true;
  const auto protocols = l7::Protocols();
  const auto pick = static_cast<size_t>(program[0]);
  const l7::Protocol* protocol = pick < protocols.size() ? protocols[pick] : nullptr;
  BalanceSink sink;
  Tracker tracker({.max_in_flight = 64}, sink);
  flow::Segment s;
  s.connection = 1;
  s.role = flow::Role::kClient;
  if (pick >= 0xf0) s.l4_protocol = schema::L4Protocol::kUdp;
  if (pick >= 0xe0) s.role = flow::Role::kUnknown;
  if (protocol != nullptr) tracker.Assume(s.connection, *protocol);
  Cursor in(program.subspan(1));
  while (in.remaining() > 3) {
    const uint8_t flags = in.U8();
    const size_t length = in.Little<uint16_t>();
    const Bytes payload = in.Take(std::min(length, in.remaining()));
    s.time_ns += 3'000'000'000;
    s.direction = flags & 1 ? flow::Direction::kRx : flow::Direction::kTx;
    s.gap_before = flags & 2 ? flags * 5u : 0;
    const size_t step = flags & 32 ? 1 : std::max<size_t>(payload.size(), 1);
    for (size_t at = 0; at < payload.size(); at += step) {
      s.payload = payload.subspan(at, std::min(step, payload.size() - at));
      s.length = static_cast<uint32_t>(s.payload.size() + (flags & 4 ? flags * 3u : 0));
      tracker.OnSegment(s);
      s.gap_before = 0;
    }
    if (flags & 8) tracker.Sweep(s.time_ns);
    if (flags & 16) tracker.OnClosed(s.connection, s.time_ns);
  }
  tracker.OnClosed(s.connection, s.time_ns);
  return sink.balanced();
}

}  // namespace pano::session
