// SPDX-License-Identifier: Apache-2.0
// An IPv4 or IPv6 address in 16 bytes, network order. IPv4 is held as IPv4-mapped IPv6
// (RFC 4291 2.5.5.2), so that a dual-stack socket and an IPv4 socket compare equal.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pano {

struct IpAddress {
  std::array<uint8_t, 16> bytes{};

  static IpAddress FromV4(uint32_t network_order);
  static IpAddress FromV6(const void* network_order_16);
  static std::optional<IpAddress> Parse(std::string_view text);

  bool IsV4() const;
  bool IsUnspecified() const;  // 0.0.0.0 or ::
  bool IsLoopback() const;
  std::string ToString() const;

  auto operator<=>(const IpAddress&) const = default;
};

}  // namespace pano

template <>
struct std::hash<pano::IpAddress> {
  size_t operator()(const pano::IpAddress& ip) const noexcept {
    uint64_t high = 0;
    uint64_t low = 0;
    std::memcpy(&high, ip.bytes.data(), 8);
    std::memcpy(&low, ip.bytes.data() + 8, 8);
    return (high * 0x9e3779b97f4a7c15u) ^ (low * 0xc2b2ae3d27d4eb4fu >> 7) ^ low;
  }
};
