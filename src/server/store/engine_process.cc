// SPDX-License-Identifier: Apache-2.0
#include "server/store/engine_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>
#include <utility>

namespace pano::store {
namespace {

constexpr int kEngineFd = 3;

std::string DescribeEnd(int status) {
  if (WIFSIGNALED(status)) return fmt::format("killed by signal {}", WTERMSIG(status));
  return fmt::format("exited with code {}", WEXITSTATUS(status));
}

Result<pid_t> Spawn(std::vector<std::string> words, int fd) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fd, kEngineFd);  // clears close-on-exec of the copy
  posix_spawn_file_actions_addclosefrom_np(&actions, kEngineFd + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  pid_t pid = -1;
  const int error = posix_spawn(&pid, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return Fail(Code::kUnavailable, "cannot start {}: {}", argv[0], ErrnoText(error));
  return pid;
}

}  // namespace

Result<EngineProcess> EngineProcess::Start(const std::vector<std::string>& command,
                                           EngineArguments arguments) {
  std::array<int, 2> pair{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return Fail(Code::kUnavailable, "socketpair: {}", ErrnoText(errno));
  }
  // dup2 onto itself would leave close-on-exec set.
  if (pair[1] == kEngineFd) pair[1] = fcntl(kEngineFd, F_DUPFD_CLOEXEC, kEngineFd + 1);
  arguments.fd = kEngineFd;
  arguments.parent = getpid();
  std::vector<std::string> words = command;
  for (std::string& word : arguments.ToWords()) words.push_back(std::move(word));
  const Result<pid_t> pid = Spawn(std::move(words), pair[1]);
  close(pair[1]);
  if (!pid) {
    close(pair[0]);
    return std::unexpected(pid.error());
  }
  return EngineProcess(*pid, pair[0]);
}

EngineProcess::EngineProcess(EngineProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), fd_(std::exchange(other.fd_, -1)) {}

EngineProcess::~EngineProcess() {
  Kill();
  if (fd_ >= 0) close(fd_);
}

std::string EngineProcess::Ended() {
  int status = 0;
  if (pid_ <= 0) return "ended";
  if (waitpid(pid_, &status, WNOHANG) != pid_) return {};
  pid_ = -1;
  return DescribeEnd(status);
}

void EngineProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

bool EngineProcess::WaitFor(int timeout_ms) {
  for (int waited = 0; waited < timeout_ms; waited += 10) {
    if (!Ended().empty()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

Result<int> LockDataFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const std::string path = folder + "/panoscope.lock";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return Fail(Code::kUnavailable, "cannot use the data folder: {}: {}", path, ErrnoText(errno));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    std::array<char, 32> holder{};
    const ssize_t got = pread(fd, holder.data(), holder.size() - 1, 0);
    close(fd);
    return std::unexpected(Error{Code::kUnavailable,
                                 fmt::format("the data folder {} is in use by process {}", folder,
                                             got > 0 ? holder.data() : "unknown"),
                                 "stop that process, or choose another folder with --data"});
  }
  const std::string self = std::to_string(getpid());
  if (ftruncate(fd, 0) == 0) {
    [[maybe_unused]] const ssize_t written = pwrite(fd, self.data(), self.size(), 0);
  }
  return fd;
}

uint64_t FreeDiskBytes(const std::string& folder) {
  struct statvfs disk{};
  if (statvfs(folder.c_str(), &disk) != 0) return UINT64_MAX;  // unknown is not full
  return static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize;
}

}  // namespace pano::store
