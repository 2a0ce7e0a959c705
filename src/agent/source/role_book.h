// SPDX-License-Identifier: Apache-2.0
// Who listens where, to tell the role of connections older than the agent: a socket whose local
// port is listened on in its own network namespace was accepted, any other one connected.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "bpf/abi/record.h"

namespace pano::source {

class RoleBook {
 public:
  void Listens(uint64_t socket, const pano_tuple& tuple);
  void Closed(uint64_t socket);

  // PANO_ROLE_*: the role the kernel side knew, or the one the listening ports tell.
  uint8_t RoleOf(const pano_tuple& tuple) const;

  size_t size() const { return listeners_.size(); }

 private:
  static uint64_t Key(uint32_t netns, uint16_t port) {
    return (static_cast<uint64_t>(netns) << 16) | port;
  }

  std::unordered_map<uint64_t, uint64_t> listeners_;  // socket -> key
  std::unordered_map<uint64_t, uint32_t> ports_;      // key -> listeners
};

}  // namespace pano::source
