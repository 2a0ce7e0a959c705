// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/namespaces.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <thread>

#include "agent/entity/process_facts.h"

namespace pano::entity {

Status RunInNamespace(const std::string& path, int type, const std::function<void()>& action) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Fail(Code::kNotFound, "{}: {}", path, ErrnoText(errno));
  int error = 0;
  std::thread([&] {
    if (setns(fd, type) != 0) {
      error = errno;
    } else {
      action();
    }
  }).join();
  close(fd);
  if (error != 0) return Fail(Code::kDenied, "enter {}: {}", path, ErrnoText(error));
  return {};
}

std::map<uint32_t, NamedNetns> ListNamedNetns() {
  std::map<uint32_t, NamedNetns> out;
  std::istringstream mounts(ReadSmallFile("/proc/self/mountinfo", 1 << 20));
  for (std::string line; std::getline(mounts, line);) {
    // "... root mount-point options - nsfs nsfs rw", root being "net:[inode]"
    if (line.find(" - nsfs ") == std::string::npos) continue;
    std::istringstream fields(line);
    std::string skip;
    std::string root;
    std::string point;
    fields >> skip >> skip >> skip >> root >> point;
    if (!root.starts_with("net:[")) continue;
    const uint32_t inode = NamespaceInode(point);
    const size_t slash = point.rfind('/');
    if (inode != 0 && slash != std::string::npos) {
      out.emplace(inode, NamedNetns{point.substr(slash + 1), point});
    }
  }
  return out;
}

}  // namespace pano::entity
