// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/cgroup_stat.h"

#include "agent/entity/proc_file.h"

namespace pano::entity {
namespace {

// cgroup v1 writes "no limit" as the largest page-aligned number.
constexpr uint64_t kUnlimited = uint64_t{1} << 60;

uint64_t Number(const std::string& path) {
  const auto text = ReadFile(path, 256);
  return text ? ParseNumber(*text).value_or(0) : 0;
}

void ReadV1Cpu(const CgroupMounts& mounts, const std::string& path, CgroupStat& stat) {
  const std::string cpu = mounts.cpu + path;
  const auto text = ReadFile(cpu + "/cpu.stat", 4096);
  if (!text) return;
  stat.cpu_known = true;
  stat.periods = KeyedNumber(*text, "nr_periods").value_or(0);
  stat.throttled_periods = KeyedNumber(*text, "nr_throttled").value_or(0);
  stat.throttled_us = KeyedNumber(*text, "throttled_time").value_or(0) / 1000;  // nanoseconds
  // A quota of -1 does not parse as a number: no limit.
  const uint64_t quota = Number(cpu + "/cpu.cfs_quota_us");
  const uint64_t period = Number(cpu + "/cpu.cfs_period_us");
  if (quota > 0 && period > 0) stat.cpu_quota_us = quota * 1'000'000 / period;
  const std::string& accounting = mounts.cpuacct.empty() ? mounts.cpu : mounts.cpuacct;
  stat.cpu_usage_us = Number(accounting + path + "/cpuacct.usage") / 1000;
}

void ReadV1Memory(const CgroupMounts& mounts, const std::string& path, CgroupStat& stat) {
  const std::string memory = mounts.memory + path;
  const auto usage = ReadFile(memory + "/memory.usage_in_bytes", 64);
  if (!usage) return;
  stat.memory_known = true;
  stat.memory_used = ParseNumber(*usage).value_or(0);
  if (const auto text = ReadFile(memory + "/memory.stat", 8192)) {
    const uint64_t cache = KeyedNumber(*text, "total_inactive_file").value_or(0);
    stat.memory_used -= cache < stat.memory_used ? cache : 0;
  }
  const uint64_t limit = Number(memory + "/memory.limit_in_bytes");
  stat.memory_limit = limit < kUnlimited ? limit : 0;
  if (const auto text = ReadFile(memory + "/memory.oom_control", 256)) {
    stat.oom_kill = KeyedNumber(*text, "oom_kill").value_or(0);
  }
}

void ReadV2(const std::string& folder, CgroupStat& stat) {
  if (const auto text = ReadFile(folder + "/cpu.stat", 4096); text && !stat.cpu_known) {
    stat.cpu_known = true;
    stat.cpu_usage_us = KeyedNumber(*text, "usage_usec").value_or(0);
    stat.periods = KeyedNumber(*text, "nr_periods").value_or(0);
    stat.throttled_periods = KeyedNumber(*text, "nr_throttled").value_or(0);
    stat.throttled_us = KeyedNumber(*text, "throttled_usec").value_or(0);
    if (const auto max = ReadFile(folder + "/cpu.max", 64)) {
      const auto parts = Split(*max, ' ');
      if (parts.size() == 2) {
        const uint64_t quota = ParseNumber(parts[0]).value_or(0);  // "max" does not parse
        const uint64_t period = ParseNumber(parts[1]).value_or(0);
        if (quota > 0 && period > 0) stat.cpu_quota_us = quota * 1'000'000 / period;
      }
    }
  }
  if (const auto text = ReadFile(folder + "/memory.current", 64); text && !stat.memory_known) {
    stat.memory_known = true;
    stat.memory_used = ParseNumber(*text).value_or(0);
    if (const auto detail = ReadFile(folder + "/memory.stat", 8192)) {
      const uint64_t cache = KeyedNumber(*detail, "inactive_file").value_or(0);
      stat.memory_used -= cache < stat.memory_used ? cache : 0;
    }
    stat.memory_limit = Number(folder + "/memory.max");
    if (const auto events = ReadFile(folder + "/memory.events", 1024)) {
      stat.oom_kill = KeyedNumber(*events, "oom_kill").value_or(0);
    }
  }
  stat.psi_cpu_us = PressureTotal(ReadFile(folder + "/cpu.pressure", 512).value_or(""));
  stat.psi_memory_us = PressureTotal(ReadFile(folder + "/memory.pressure", 512).value_or(""));
  stat.psi_io_us = PressureTotal(ReadFile(folder + "/io.pressure", 512).value_or(""));
}

}  // namespace

CgroupMounts FindCgroupMounts() {
  CgroupMounts mounts;
  const auto text = ReadFile("/proc/self/mounts", size_t{256} * 1024);
  if (!text) return mounts;
  for (const std::string_view line : Split(*text, '\n')) {
    const auto fields = Split(line, ' ');
    if (fields.size() < 4) continue;
    const std::string where(fields[1]);
    if (fields[2] == "cgroup2" && mounts.unified.empty()) mounts.unified = where;
    if (fields[2] != "cgroup") continue;
    for (const std::string_view option : Split(fields[3], ',')) {
      if (option == "cpu" && mounts.cpu.empty()) mounts.cpu = where;
      if (option == "cpuacct" && mounts.cpuacct.empty()) mounts.cpuacct = where;
      if (option == "memory" && mounts.memory.empty()) mounts.memory = where;
    }
  }
  return mounts;
}

CgroupStat ReadCgroupStat(const CgroupMounts& mounts, const CgroupPlaces& places) {
  CgroupStat stat;
  if (!mounts.cpu.empty() && !places.cpu.empty()) ReadV1Cpu(mounts, places.cpu, stat);
  if (!mounts.memory.empty() && !places.memory.empty()) {
    ReadV1Memory(mounts, places.memory, stat);
  }
  if (!mounts.unified.empty() && places.unified.size() > 1) {
    ReadV2(mounts.unified + places.unified, stat);
  }
  return stat;
}

uint64_t PressureTotal(std::string_view text) {
  for (const std::string_view line : Split(text, '\n')) {
    if (!line.starts_with("some ")) continue;
    const size_t at = line.find("total=");
    if (at != std::string_view::npos) return ParseNumber(line.substr(at + 6)).value_or(0);
  }
  return 0;
}

}  // namespace pano::entity
