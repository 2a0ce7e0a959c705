// SPDX-License-Identifier: Apache-2.0
#include "agent/source/datagram_book.h"

namespace pano::source {

bool DatagramBook::Met(const pano_closed& record) {
  Entry& entry = sockets_[record.header.socket];
  entry.met = true;
  entry.absent = 0;
  const bool changed = entry.stats.packet_tx != record.stats.packet_tx ||
                       entry.stats.packet_rx != record.stats.packet_rx;
  entry.stats = record.stats;
  return changed;
}

std::vector<pano_closed> DatagramBook::EndWalk(uint64_t now_ns) {
  constexpr uint8_t kUdp = 17;
  std::vector<pano_closed> gone;
  for (auto at = sockets_.begin(); at != sockets_.end();) {
    Entry& entry = at->second;
    if (!entry.met && ++entry.absent >= 2) {
      pano_closed record{};
      record.header.time_ns = now_ns;
      record.header.socket = at->first;
      record.header.type = PANO_CLOSED;
      record.stats = entry.stats;
      record.l4_protocol = kUdp;
      gone.push_back(record);
      at = sockets_.erase(at);
      continue;
    }
    entry.met = false;
    ++at;
  }
  return gone;
}

}  // namespace pano::source
