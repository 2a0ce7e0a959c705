// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/saturation.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "agent/entity/accept_queue.h"
#include "agent/entity/proc_file.h"

namespace pano::entity {
namespace {

using schema::InstanceMetric;

constexpr size_t kMaxThreadsRead = 256;  // per instance and second; more are extrapolated

uint64_t Delta(uint64_t now, uint64_t before) { return now > before ? now - before : 0; }

std::vector<std::string> ListFolder(const std::string& path, size_t limit) {
  std::vector<std::string> names;
  DIR* dir = ::opendir(path.c_str());
  if (dir == nullptr) return names;
  while (const dirent* entry = ::readdir(dir)) {
    if (entry->d_name[0] != '.' && names.size() < limit) names.emplace_back(entry->d_name);
  }
  ::closedir(dir);
  return names;
}

// From Linux 6.2 the size of the folder is the number of its entries.
size_t CountOpenFiles(uint32_t pid) {
  const std::string path = fmt::format("/proc/{}/fd", pid);
  struct stat st{};
  if (::stat(path.c_str(), &st) == 0 && st.st_size > 0) return static_cast<size_t>(st.st_size);
  return ListFolder(path, 65'536).size();
}

}  // namespace

std::vector<wire::InstanceSample> SaturationCollector::Collect(const std::vector<Target>& targets) {
  ++generation_;
  std::vector<wire::InstanceSample> samples;
  samples.reserve(targets.size());
  for (const Target& target : targets) {
    Previous& previous = previous_[target.instance];
    previous.generation = generation_;
    wire::InstanceSample sample;
    sample.instance = target.instance;
    CollectOne(target, previous, sample);
    samples.push_back(sample);
  }
  std::erase_if(previous_,
                [this](const auto& item) { return item.second.generation != generation_; });
  return samples;
}

void SaturationCollector::CollectOne(const Target& target, Previous& previous,
                                     wire::InstanceSample& sample) {
  const auto set = [&sample](InstanceMetric metric, uint64_t value) {
    sample.values[static_cast<size_t>(metric)] = value;
  };
  const ProcessSums sums = ReadProcesses(target.pids);
  set(InstanceMetric::kThreads, sums.threads);
  set(InstanceMetric::kOpenFiles, sums.open_files);

  const CgroupStat cgroup =
      target.own_cgroup ? ReadCgroupStat(mounts_, target.cgroup) : CgroupStat{};
  set(InstanceMetric::kCpuQuota, cgroup.cpu_quota_us);
  set(InstanceMetric::kMemoryUsed, cgroup.memory_known ? cgroup.memory_used : sums.memory);
  set(InstanceMetric::kMemoryLimit, cgroup.memory_limit);

  NetnsStat netns;
  if (!target.pids.empty()) {
    uint64_t queued = 0;
    uint64_t limit = 0;
    if (target.own_netns) {
      netns = ReadNetnsStat(target.pids.front());
      for (const AcceptQueue& queue : ReadAcceptQueues(target.pids.front())) {
        queued += queue.length;
        limit += queue.limit;
      }
    }
    set(InstanceMetric::kAcceptQueue, queued);
    set(InstanceMetric::kAcceptQueueLimit, limit);
  }

  if (previous.seen) {
    const CgroupStat& old = previous.cgroup;
    set(InstanceMetric::kCpuUsage, cgroup.cpu_known ? Delta(cgroup.cpu_usage_us, old.cpu_usage_us)
                                                    : Delta(sums.cpu_us, previous.process_cpu_us));
    set(InstanceMetric::kCpuThrottled, Delta(cgroup.throttled_us, old.throttled_us));
    set(InstanceMetric::kCpuPeriods, Delta(cgroup.periods, old.periods));
    set(InstanceMetric::kCpuThrottledPeriods,
        Delta(cgroup.throttled_periods, old.throttled_periods));
    set(InstanceMetric::kRunQueueWait, Delta(sums.run_queue_ns, previous.run_queue_ns) / 1000);
    set(InstanceMetric::kOomKill, Delta(cgroup.oom_kill, old.oom_kill));
    set(InstanceMetric::kPsiCpuSome, Delta(cgroup.psi_cpu_us, old.psi_cpu_us));
    set(InstanceMetric::kPsiMemorySome, Delta(cgroup.psi_memory_us, old.psi_memory_us));
    set(InstanceMetric::kPsiIoSome, Delta(cgroup.psi_io_us, old.psi_io_us));
    set(InstanceMetric::kListenOverflow,
        Delta(netns.listen_overflow, previous.netns.listen_overflow));
    set(InstanceMetric::kListenDrop, Delta(netns.listen_drop, previous.netns.listen_drop));
    set(InstanceMetric::kRetransSynNetns, Delta(netns.syn_retrans, previous.netns.syn_retrans));
    set(InstanceMetric::kTcpResetSentNetns, Delta(netns.reset_sent, previous.netns.reset_sent));
  }
  previous.cgroup = cgroup;
  previous.netns = netns;
  previous.run_queue_ns = sums.run_queue_ns;
  previous.process_cpu_us = sums.cpu_us;
  previous.seen = true;
}

SaturationCollector::ProcessSums SaturationCollector::ReadProcesses(
    const std::vector<uint32_t>& pids) const {
  static const uint64_t kTicks = static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  static const uint64_t kPage = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  ProcessSums sums;
  size_t threads_read = 0;
  for (const uint32_t pid : pids) {
    const auto text = ReadFile(fmt::format("/proc/{}/stat", pid), 4096);
    const size_t close = text ? text->rfind(')') : std::string::npos;
    if (close == std::string::npos || close + 2 >= text->size()) continue;
    const auto fields = Split(std::string_view(*text).substr(close + 2), ' ');
    if (fields.size() < 22) continue;
    const auto field = [&fields](size_t at) { return ParseNumber(fields[at]).value_or(0); };
    sums.cpu_us += (field(11) + field(12)) * (1'000'000 / kTicks);  // utime, stime
    sums.threads += field(17);
    sums.memory += field(21) * kPage;  // rss
    sums.open_files += CountOpenFiles(pid);
    if (threads_read >= kMaxThreadsRead) continue;
    for (const std::string& tid : ListFolder(fmt::format("/proc/{}/task", pid), kMaxThreadsRead)) {
      ++threads_read;
      const auto sched = ReadFile(fmt::format("/proc/{}/task/{}/schedstat", pid, tid), 128);
      const auto parts = sched ? Split(*sched, ' ') : std::vector<std::string_view>{};
      if (parts.size() == 3) sums.run_queue_ns += ParseNumber(parts[1]).value_or(0);
    }
  }
  return sums;
}

}  // namespace pano::entity
