// SPDX-License-Identifier: Apache-2.0
#include "server/tag/peer_name.h"

#include <fmt/format.h>

namespace pano::tag {

bool IsPrivateAddress(const IpAddress& ip) {
  if (ip.IsLoopback()) return true;
  if (ip.IsV4()) {
    const uint8_t a = ip.bytes[12];
    const uint8_t b = ip.bytes[13];
    return a == 10 || (a == 172 && (b & 0xf0) == 16) || (a == 192 && b == 168) ||
           (a == 100 && (b & 0xc0) == 64) || (a == 169 && b == 254);
  }
  return (ip.bytes[0] & 0xfe) == 0xfc || (ip.bytes[0] == 0xfe && (ip.bytes[1] & 0xc0) == 0x80);
}

std::string ServerPeerName(const IpAddress& ip, uint16_t port) {
  if (ip.IsUnspecified()) return fmt::format("unknown:{}", port);
  if (ip.IsLoopback()) return fmt::format("localhost:{}", port);
  if (ip.IsV4()) return fmt::format("{}:{}", ip.ToString(), port);
  return fmt::format("[{}]:{}", ip.ToString(), port);
}

std::string ClientPeerName(const IpAddress& ip) {
  if (ip.IsUnspecified()) return "unknown";
  if (ip.IsLoopback()) return "localhost";
  return IsPrivateAddress(ip) ? ip.ToString() : "internet";
}

}  // namespace pano::tag
