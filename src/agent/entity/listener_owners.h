// SPDX-License-Identifier: Apache-2.0
// Which process listens on which port of which network namespace: listening sockets by sock_diag,
// their owners by the open files of the namespace's processes. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pano::entity {

class ListenerOwners {
 public:
  using Listeners = std::map<std::pair<uint32_t, uint16_t>, uint32_t>;  // (netns, port) -> process

  // `processes`: the processes of each network namespace, oldest first.
  Listeners Look(const std::map<uint32_t, std::vector<uint32_t>>& processes);

 private:
  std::unordered_map<uint64_t, uint32_t> owner_of_;  // by socket inode; of sockets seen last time
};

}  // namespace pano::entity
