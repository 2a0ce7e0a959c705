// SPDX-License-Identifier: Apache-2.0
// in: /proc/PID  out: ProcessFacts, what names a process. Everything read is bounded; a process
// that ends meanwhile gives no facts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pano::entity {

// One line of /proc/PID/cgroup. `controllers` is empty for cgroup v2, "name=systemd" for systemd's.
struct CgroupPath {
  std::vector<std::string> controllers;
  std::string path;
};

struct ProcessFacts {
  uint32_t pid = 0;
  uint32_t parent = 0;
  uint64_t start_ticks = 0;  // since boot: with the pid, unique while the host runs
  bool kernel_thread = false;
  std::string comm;
  std::string executable;  // target of /proc/PID/exe, " (deleted)" removed
  std::vector<std::string> arguments;
  std::vector<CgroupPath> cgroups;
  uint32_t netns = 0;
  uint32_t utsns = 0;
  std::string hostname;  // of its uts namespace, when that is not the agent's own
};

// `self_utsns`: the uts namespace whose host name is of no use for naming.
std::optional<ProcessFacts> ReadProcess(uint32_t pid, uint32_t self_utsns);

// Parts of it, for callers that need little.
struct ProcessStat {
  std::string comm;
  char state = 0;
  uint32_t parent = 0;
  uint64_t user_ticks = 0;
  uint64_t system_ticks = 0;
  uint32_t threads = 0;
  uint64_t start_ticks = 0;
  uint64_t rss_pages = 0;
};
std::optional<ProcessStat> ReadStat(uint32_t pid);
std::optional<ProcessStat> ParseStat(std::string_view text);
std::vector<uint32_t> ListProcesses();
// Inode of a namespace file such as /proc/1/ns/net; 0 when it cannot be read.
uint32_t NamespaceInode(const std::string& path);
// At most `limit` bytes of a small file; empty when it cannot be read.
std::string ReadSmallFile(const std::string& path, size_t limit = size_t{64} * 1024);
std::vector<CgroupPath> ParseCgroups(std::string_view text);
uint64_t ClockTicksPerSecond();
uint64_t BootTimeNs();  // wall

}  // namespace pano::entity
