// SPDX-License-Identifier: Apache-2.0
// Addresses of a network namespace, read through a process that lives in it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/ip_address.h"

namespace pano::entity {

// Local unicast addresses, loopback left out, sorted.
std::vector<IpAddress> AddressesOf(uint32_t pid);
std::vector<IpAddress> ParseFibTrie(std::string_view text);
std::vector<IpAddress> ParseIfInet6(std::string_view text);

}  // namespace pano::entity
