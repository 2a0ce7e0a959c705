// SPDX-License-Identifier: Apache-2.0
// Datagrams of unconnected sockets reach us before their sender is known; it follows in a record of
// its own. Until then the socket's records wait here, in order; then the datagram goes on with its
// tuple, or without one when the sender did not come in time.
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
  // Takes a record over if it must wait, or is a sender; false: pass it on.
  bool Take(const RawRecord& record, const pano_header& header, const RecordSink& sink);

  // Lets go of what waited longer than kPatienceNs at `now_ns`. Number handed over.
  uint64_t Expire(uint64_t now_ns, const RecordSink& sink);

  uint64_t unresolved() const { return unresolved_; }
  size_t waiting() const { return waiting_; }

  static constexpr uint64_t kPatienceNs = 50'000'000;
  static constexpr size_t kMaxWaiting = 8192;  // records, over all sockets

 private:
  using Stored = std::vector<std::byte>;

  void Release(std::deque<Stored>* queue, const pano_tuple* tuple, const RecordSink& sink);

  std::unordered_map<uint64_t, std::deque<Stored>> sockets_;
  size_t waiting_ = 0;
  uint64_t unresolved_ = 0;
  uint64_t handed_ = 0;
};

}  // namespace pano::source
