// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/addresses.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "agent/entity/process_facts.h"

namespace pano::entity {
namespace {

constexpr size_t kMaxAddresses = 64;

template <typename Visit>
void EachLine(std::string_view text, Visit&& visit) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    visit(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

}  // namespace

// "|-- 10.244.0.5" followed by "/32 host LOCAL" is an address of the namespace's own.
std::vector<IpAddress> ParseFibTrie(std::string_view text) {
  std::vector<IpAddress> out;
  std::string_view leaf;
  EachLine(text, [&](std::string_view line) {
    const size_t at = line.find("|-- ");
    if (at != std::string_view::npos) {
      leaf = line.substr(at + 4);
    } else if (line.contains("/32 host LOCAL") && out.size() < kMaxAddresses) {
      const auto ip = IpAddress::Parse(leaf);
      if (ip && !ip->IsLoopback() && std::ranges::find(out, *ip) == out.end()) out.push_back(*ip);
    }
  });
  return out;
}

// "fe800000000000000042acfffe110002 02 40 20 80 eth0": address in hex, then index, prefix, scope.
std::vector<IpAddress> ParseIfInet6(std::string_view text) {
  std::vector<IpAddress> out;
  EachLine(text, [&](std::string_view line) {
    if (line.size() < 32 || out.size() >= kMaxAddresses) return;
    std::array<uint8_t, 16> bytes{};
    for (size_t i = 0; i < 16; ++i) {
      const char* from = line.data() + i * 2;
      if (std::from_chars(from, from + 2, bytes[i], 16).ptr != from + 2) return;
    }
    const IpAddress ip = IpAddress::FromV6(bytes.data());
    const bool link_local = bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
    if (!ip.IsLoopback() && !link_local) out.push_back(ip);
  });
  return out;
}

std::vector<IpAddress> AddressesOf(uint32_t pid) {
  auto out = ParseFibTrie(ReadSmallFile(fmt::format("/proc/{}/net/fib_trie", pid), 1 << 20));
  for (const IpAddress& ip :
       ParseIfInet6(ReadSmallFile(fmt::format("/proc/{}/net/if_inet6", pid)))) {
    out.push_back(ip);
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace pano::entity
