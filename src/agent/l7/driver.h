// SPDX-License-Identifier: Apache-2.0
// in: flow::Segment  out: l7::Message
// Runs one connection's parser: the loop, the bounded reassembly buffers, bytes that pass unseen,
// holes, and the times of first and last bytes. Written once, for every protocol.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "agent/l7/message.h"
#include "agent/l7/protocol.h"

namespace pano::l7 {

inline constexpr size_t kMaxBuffer = size_t{64} * 1024;  // bytes held per direction

// Degradations, by cause; sums over every connection of a shard.
struct DriverCounters {
  uint64_t messages = 0;
  uint64_t gap_in_headers = 0;   // bytes missing where they were needed
  uint64_t gap_in_body = 0;      // bytes missing where only their number mattered
  uint64_t buffer_overflow = 0;  // a message head larger than kMaxBuffer
  uint64_t invalid = 0;          // bytes that do not fit the protocol
  uint64_t resync = 0;           // message starts found again
  uint64_t unparsed_bytes = 0;   // bytes passed over while out of step
};

class MessageHandler {
 public:
  virtual ~MessageHandler() = default;
  virtual void OnMessage(const Message& message) = 0;
  // Message boundaries of this direction were lost; OnMessage goes on after a resync.
  virtual void OnDesync(Toward toward) = 0;
};

class Driver {
 public:
  Driver(const Protocol& protocol, bool joined_late, DriverCounters& counters)
      : protocol_(&protocol), parser_(protocol.make(joined_late)), counters_(&counters) {}

  // Bytes in stream order. `length` bytes moved, of which `payload` holds the first;
  // `gap_before` bytes before them were never seen. `scratch` is lent by the caller.
  void Feed(Toward toward, uint64_t time_ns, uint32_t gap_before, uint32_t length, Bytes payload,
            Message& scratch, MessageHandler& handler);
  // One datagram: complete in itself.
  void FeedDatagram(Toward toward, uint64_t time_ns, uint32_t length, Bytes payload,
                    Message& scratch, MessageHandler& handler);
  void Close(uint64_t time_ns, Message& scratch, MessageHandler& handler);

  const Protocol& protocol() const { return *protocol_; }
  bool in_step(Toward toward) const { return !side(toward).lost; }
  // In step and between messages: nothing begun, nothing buffered.
  bool at_boundary(Toward toward) const {
    const Side& s = side(toward);
    return !s.lost && s.skip == 0 && s.buffer.empty() && !s.open;
  }
  uint64_t last_time_ns(Toward toward) const { return side(toward).last_time_ns; }
  uint64_t messages() const { return messages_; }  // pieces seen since the start
  uint32_t invalid_in_a_row() const { return invalid_in_a_row_; }
  bool opaque() const { return opaque_; }  // the connection turned into something not read
  size_t buffered() const { return sides_[0].buffer.size() + sides_[1].buffer.size(); }

 private:
  // The end of a message that waits for its last bytes to pass.
  struct PendingEnd {
    bool active = false;
    MessageType type = MessageType::kRequest;
    uint64_t key = 0;
  };
  struct Side {
    std::vector<std::byte> buffer;  // an unfinished head
    uint64_t buffer_time_ns = 0;    // segment of its first byte
    uint64_t begin_time_ns = 0;     // first byte of the message that is open
    uint64_t last_time_ns = 0;      // last segment of this direction
    uint64_t skip = 0;              // bytes of known purpose still to pass
    uint64_t length = 0;            // bytes of the open message since its last piece
    bool open = false;              // a message has begun and not ended
    bool lost = false;
    PendingEnd pending_end;
  };
  struct Input {
    Toward toward;
    uint64_t time_ns;
    Message& message;
    MessageHandler& handler;
  };

  Side& side(Toward toward) { return sides_[static_cast<size_t>(toward)]; }
  const Side& side(Toward toward) const { return sides_[static_cast<size_t>(toward)]; }

  void Hole(uint64_t bytes, Input& in);
  void Consume(Bytes bytes, Input& in);
  size_t ParseAll(Bytes bytes, size_t old_bytes, Input& in);
  void Take(Step step, size_t available, uint64_t begin_time_ns, Side& s, Input& in);
  void SettleForLess(Side& s, Input& in);
  void Deliver(size_t consumed, size_t available, Side& s, Input& in);
  void FinishSkipped(Side& s, Input& in);
  void Desync(Side& s, Input& in);
  void SwitchTo(Upgrade upgrade);

  const Protocol* protocol_;
  std::unique_ptr<Parser> parser_;
  DriverCounters* counters_;
  std::array<Side, 2> sides_;
  uint64_t messages_ = 0;
  uint32_t invalid_in_a_row_ = 0;
  bool opaque_ = false;
};

}  // namespace pano::l7
