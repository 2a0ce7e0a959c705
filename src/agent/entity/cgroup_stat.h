// SPDX-License-Identifier: Apache-2.0
// The counters of one cgroup, from cgroup v1 (cpu, cpuacct, memory) and v2 files. Cumulative values
// are the kernel's own since the cgroup was made.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pano::entity {

struct CgroupMounts {
  std::string cpu;  // "/sys/fs/cgroup/cpu", empty when not mounted
  std::string cpuacct;
  std::string memory;
  std::string unified;  // "/sys/fs/cgroup" or "/sys/fs/cgroup/unified"
};

// From /proc/self/mounts.
CgroupMounts FindCgroupMounts();

// Where an instance stands in the hierarchies, as /proc/PID/cgroup says; empty where it does not.
struct CgroupPlaces {
  std::string cpu;      // v1 cpu (and cpuacct) controller
  std::string memory;   // v1 memory controller
  std::string unified;  // v2
};

struct CgroupStat {
  bool cpu_known = false;
  bool memory_known = false;
  uint64_t cpu_usage_us = 0;
  uint64_t cpu_quota_us = 0;  // allowed per second; 0: no limit
  uint64_t periods = 0;
  uint64_t throttled_periods = 0;
  uint64_t throttled_us = 0;
  uint64_t memory_used = 0;   // without reclaimable page cache
  uint64_t memory_limit = 0;  // 0: no limit
  uint64_t oom_kill = 0;
  uint64_t psi_cpu_us = 0;
  uint64_t psi_memory_us = 0;
  uint64_t psi_io_us = 0;
};

CgroupStat ReadCgroupStat(const CgroupMounts& mounts, const CgroupPlaces& places);
// "some avg10=… total=123" of a pressure file; 0 when absent.
uint64_t PressureTotal(std::string_view text);

}  // namespace pano::entity
