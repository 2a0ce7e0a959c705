// SPDX-License-Identifier: Apache-2.0
#include "base/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>

namespace pano {

IpAddress IpAddress::FromV4(uint32_t network_order) {
  IpAddress ip;
  ip.bytes[10] = ip.bytes[11] = 0xff;
  std::memcpy(ip.bytes.data() + 12, &network_order, 4);
  return ip;
}

IpAddress IpAddress::FromV6(const void* network_order_16) {
  IpAddress ip;
  std::memcpy(ip.bytes.data(), network_order_16, 16);
  return ip;
}

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  if (text.size() > INET6_ADDRSTRLEN) return std::nullopt;
  const std::string zero_ended(text);
  uint32_t v4 = 0;
  if (inet_pton(AF_INET, zero_ended.c_str(), &v4) == 1) return FromV4(v4);
  std::array<uint8_t, 16> v6{};
  if (inet_pton(AF_INET6, zero_ended.c_str(), v6.data()) == 1) return FromV6(v6.data());
  return std::nullopt;
}

bool IpAddress::IsV4() const {
  return bytes[10] == 0xff && bytes[11] == 0xff &&
         std::all_of(bytes.begin(), bytes.begin() + 10, [](uint8_t b) { return b == 0; });
}

bool IpAddress::IsUnspecified() const {
  const size_t begin = IsV4() ? 12 : 0;
  return std::all_of(bytes.begin() + begin, bytes.end(), [](uint8_t b) { return b == 0; });
}

bool IpAddress::IsLoopback() const {
  if (IsV4()) return bytes[12] == 127;
  return bytes[15] == 1 &&
         std::all_of(bytes.begin(), bytes.begin() + 15, [](uint8_t b) { return b == 0; });
}

std::string IpAddress::ToString() const {
  char text[INET6_ADDRSTRLEN] = {};
  if (IsV4()) {
    inet_ntop(AF_INET, bytes.data() + 12, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
  }
  return text;
}

}  // namespace pano
