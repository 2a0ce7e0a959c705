// SPDX-License-Identifier: Apache-2.0
// TCP counters and listeners of one network namespace, through any process inside it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace pano::entity {

struct NetnsStat {
  uint64_t listen_overflow = 0;  // TcpExt ListenOverflows
  uint64_t listen_drop = 0;      // TcpExt ListenDrops
  uint64_t syn_retrans = 0;      // TcpExt TCPSynRetrans
  uint64_t reset_sent = 0;       // Tcp OutRsts
};

struct Listener {
  uint16_t port = 0;
  uint32_t queue = 0;  // connections waiting for accept()
  uint64_t inode = 0;  // of the socket
};

NetnsStat ReadNetnsStat(uint32_t pid);
std::vector<Listener> ReadListeners(uint32_t pid);

// The value of `name` under the header line `prefix` in /proc/net/netstat and /proc/net/snmp form.
uint64_t NetstatValue(std::string_view text, std::string_view prefix, std::string_view name);
// LISTEN lines of /proc/net/tcp and tcp6.
void ParseListeners(std::string_view text, std::vector<Listener>& out);

}  // namespace pano::entity
