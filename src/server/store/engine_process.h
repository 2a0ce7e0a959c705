// SPDX-License-Identifier: Apache-2.0
// One life of the engine process: starting it, its socket, its end.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "server/store/engine_arguments.h"

namespace pano::store {

class EngineProcess {
 public:
  // `command` plus the arguments' words. The process asks the kernel to die with the thread that
  // called this: call it from one that lives as long as the store.
  static Result<EngineProcess> Start(const std::vector<std::string>& command,
                                     EngineArguments arguments);
  EngineProcess(EngineProcess&& other) noexcept;
  EngineProcess& operator=(EngineProcess&&) = delete;
  ~EngineProcess();  // kills it if it still runs

  int fd() const { return fd_; }
  pid_t pid() const { return pid_; }
  // How it ended, in words; nothing while it runs. Does not wait.
  std::string Ended();
  void Kill();  // SIGKILL and wait
  bool WaitFor(int timeout_ms);

 private:
  EngineProcess(pid_t pid, int fd) : pid_(pid), fd_(fd) {}

  pid_t pid_ = -1;
  int fd_ = -1;
};

// An exclusive lock on `folder`, held until the fd is closed. kUnavailable names the holder.
Result<int> LockDataFolder(const std::string& folder);
uint64_t FreeDiskBytes(const std::string& folder);

}  // namespace pano::store
