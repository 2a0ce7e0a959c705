// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/netns_name.h"

#include <dirent.h>
#include <fmt/format.h>

#include "agent/entity/proc_file.h"

namespace pano::entity {

namespace {

// Other bind mounts of namespaces: "... root mount-point options - nsfs nsfs rw", where root is
// "net:[inode]".
void AddMounted(std::unordered_map<uint32_t, NamedNetns>& names) {
  const auto mounts = ReadFile("/proc/self/mountinfo", 1 << 20);
  if (!mounts) return;
  for (const std::string_view line : Split(*mounts, '\n')) {
    if (line.find(" - nsfs ") == std::string_view::npos) continue;
    const auto fields = Split(line, ' ');
    if (fields.size() < 5 || !fields[3].starts_with("net:[")) continue;
    const std::string path(fields[4]);
    const size_t slash = path.rfind('/');
    const uint32_t inode = InodeOf(path);
    if (inode == 0 || slash == std::string::npos) continue;
    names.emplace(inode, NamedNetns{path.substr(slash + 1), path});
  }
}

}  // namespace

std::unordered_map<uint32_t, NamedNetns> ReadNamedNetns() {
  std::unordered_map<uint32_t, NamedNetns> names;
  for (const std::string folder : {"/run/netns", "/run/docker/netns"}) {
    DIR* dir = ::opendir(folder.c_str());
    if (dir == nullptr) continue;
    while (const dirent* entry = ::readdir(dir)) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      const std::string path = fmt::format("{}/{}", folder, name);
      if (const uint32_t inode = InodeOf(path)) names.emplace(inode, NamedNetns{name, path});
    }
    ::closedir(dir);
  }
  AddMounted(names);
  return names;
}

}  // namespace pano::entity
