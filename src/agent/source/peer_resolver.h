// SPDX-License-Identifier: Apache-2.0
// Datagrams of unconnected sockets reach us without their sender. Who it was is learned from a
// record of its own that may follow, from the answer that is sent to it, or, for a client, from
// whom it asked before. Until then the socket's records wait here, in order; a datagram whose
// sender stays unknown goes on without.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "agent/source/source.h"
#include "bpf/abi/record.h"

namespace pano::source {

class PeerResolver {
 public:
  // Takes a record over if it must wait, or names a sender; false: pass it on.
  bool Take(const RawRecord& record, const pano_header& header, const RecordSink& sink);

  // Lets go of what waited longer than kPatienceNs at `now_ns`.
  void Expire(uint64_t now_ns, const RecordSink& sink);

  uint64_t unresolved() const { return unresolved_; }
  size_t waiting() const { return waiting_; }

  static constexpr uint64_t kPatienceNs = 50'000'000;
  static constexpr uint64_t kForgetNs = 10'000'000'000;  // of whom a socket asked
  static constexpr size_t kMaxWaiting = 8192;            // records, over all sockets
  static constexpr size_t kMaxSockets = 16384;
  static constexpr size_t kMaxAsked = 16;  // per socket

 private:
  using Stored = std::vector<std::byte>;
  // Requests and answers of datagram protocols begin alike: DNS with its id.
  using Mark = uint16_t;
  struct Asked {
    Mark mark;
    pano_tuple tuple;
  };
  struct Socket {
    std::deque<Stored> queue;
    std::deque<Asked> asked;
    uint64_t last_ns = 0;
    bool server = false;
  };

  bool TakeDatagram(const RawRecord& record, const pano_header& header, const RecordSink& sink);
  bool TakeSent(const RawRecord& record, const pano_header& header, const RecordSink& sink);
  void TakePeer(const RawRecord& record, const pano_header& header, const RecordSink& sink);
  // Whom a client heard from, as far as it can be told from whom it asked; null: not.
  static const pano_tuple* FromAsked(const Socket& socket, Mark mark);
  void Wait(Socket* socket, Stored record, const RecordSink& sink);
  // Hands over what need not wait any longer; with `force` the first datagram goes without sender.
  void Flush(Socket* socket, bool force, const RecordSink& sink);

  std::unordered_map<uint64_t, Socket> sockets_;
  size_t waiting_ = 0;
  uint64_t unresolved_ = 0;
};

}  // namespace pano::source
