// SPDX-License-Identifier: Apache-2.0
// Names for ends of connections that no agent knows: private addresses keep their address, public
// clients are "internet", loopback is "localhost". Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/ip_address.h"

namespace pano::tag {

// RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291 2.5.6 and loopback.
bool IsPrivateAddress(const IpAddress& ip);

// "10.1.2.3:5432", "[fd00::1]:5432", "localhost:5432"
std::string ServerPeerName(const IpAddress& ip, uint16_t port);
// "10.1.2.3", "localhost", "internet"
std::string ClientPeerName(const IpAddress& ip);

}  // namespace pano::tag
