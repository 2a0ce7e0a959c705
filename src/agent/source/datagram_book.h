// SPDX-License-Identifier: Apache-2.0
// Datagram sockets vanish without a word. Each walk over all sockets names the living; one that is
// absent twice is closed.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "bpf/abi/record.h"

namespace pano::source {

class DatagramBook {
 public:
  void Opened(uint64_t socket) { sockets_.try_emplace(socket); }
  // A walk met the socket. True if its counters changed since the last one.
  bool Met(const pano_closed& record);
  // A walk is over: the sockets that have gone, with their last counters.
  std::vector<pano_closed> EndWalk(uint64_t now_ns);

  size_t size() const { return sockets_.size(); }

 private:
  struct Entry {
    pano_stats stats{};
    uint8_t absent = 0;
    bool met = false;
  };
  std::unordered_map<uint64_t, Entry> sockets_;
};

}  // namespace pano::source
