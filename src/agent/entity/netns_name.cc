// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/netns_name.h"

#include <dirent.h>

#include "agent/entity/proc_file.h"

namespace pano::entity {

std::unordered_map<uint32_t, NamedNetns> ReadNamedNetns() {
  std::unordered_map<uint32_t, NamedNetns> names;
  for (const std::string folder : {"/run/netns", "/run/docker/netns"}) {
    DIR* dir = ::opendir(folder.c_str());
    if (dir == nullptr) continue;
    while (const dirent* entry = ::readdir(dir)) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      const std::string path = folder + "/" + name;
      if (const uint32_t inode = InodeOf(path)) names.emplace(inode, NamedNetns{name, path});
    }
    ::closedir(dir);
  }
  return names;
}

}  // namespace pano::entity
