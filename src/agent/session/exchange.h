// SPDX-License-Identifier: Apache-2.0
// For tests, benchmarks and fuzzers: a recorded exchange, fed to a Tracker whole, in pieces, or
// with bytes missing; and a sink that keeps what comes out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/session/tracker.h"

namespace pano::session {

// One send or receive call, as the client saw it.
struct Turn {
  bool to_server = true;
  uint64_t time_ns = 0;
  std::string bytes;
};

struct Seen {
  SessionEvent event;
  Request request;
};

class KeepingSink final : public RequestSink {
 public:
  void OnSession(SessionEvent event, const Request& request) override {
    seen.push_back({event, request});
  }
  void OnFacts(uint64_t, const ConnectionFacts& now) override {
    facts = now;
    ++facts_changes;
  }

  std::vector<Request> Of(SessionEvent event) const {
    std::vector<Request> out;
    for (const Seen& s : seen) {
      if (s.event == event) out.push_back(s.request);
    }
    return out;
  }
  std::vector<Request> Finished() const { return Of(SessionEvent::kRequestFinished); }
  size_t Count(SessionEvent event) const { return Of(event).size(); }

  std::vector<Seen> seen;
  ConnectionFacts facts;
  int facts_changes = 0;
};

// Feeds one connection.
class Feeder {
 public:
  explicit Feeder(Tracker& tracker, uint64_t connection = 1) : tracker_(tracker) {
    segment_.connection = connection;
    segment_.role = flow::Role::kClient;
  }

  flow::Segment& segment() { return segment_; }  // to change role, port, late joining

  void Send(std::string_view bytes, uint64_t time_ns = 0) { Feed(true, bytes, time_ns); }
  void Receive(std::string_view bytes, uint64_t time_ns = 0) { Feed(false, bytes, time_ns); }
  // `length` bytes moved, of which only `bytes` were captured.
  void Feed(bool to_server, std::string_view bytes, uint64_t time_ns = 0, size_t length = 0,
            uint32_t gap_before = 0) {
    const bool tx = to_server == (segment_.role != flow::Role::kServer);
    segment_.direction = tx ? flow::Direction::kTx : flow::Direction::kRx;
    segment_.time_ns = time_ns != 0 ? time_ns : (now_ns_ += 1000);
    now_ns_ = segment_.time_ns;
    segment_.payload = AsBytes(bytes);
    segment_.length = static_cast<uint32_t>(length != 0 ? length : bytes.size());
    segment_.gap_before = gap_before;
    tracker_.OnSegment(segment_);
  }
  void Close(uint64_t time_ns = 0, Ending ending = Ending::kUnknown) {
    tracker_.OnClosed(segment_.connection, time_ns != 0 ? time_ns : now_ns_ + 1000, ending);
  }
  uint64_t now_ns() const { return now_ns_; }

 private:
  Tracker& tracker_;
  flow::Segment segment_;
  uint64_t now_ns_ = 1'000'000'000;
};

}  // namespace pano::session
