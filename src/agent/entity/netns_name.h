// SPDX-License-Identifier: Apache-2.0
// Names of network namespaces: files below /run/netns (ip-netns(8)) and Docker's /run/docker/netns.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

namespace pano::entity {

struct NamedNetns {
  std::string name;
  std::string path;  // can be opened and entered
};

// By inode number.
std::unordered_map<uint32_t, NamedNetns> ReadNamedNetns();

}  // namespace pano::entity
