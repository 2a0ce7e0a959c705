// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/namespaces.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

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

}  // namespace pano::entity
