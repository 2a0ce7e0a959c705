// SPDX-License-Identifier: Apache-2.0
// in: entity::Target  out: wire::InstanceSample
// How full each instance is: CPU and its quota, run queue, memory, pressure, accept queues, TCP
// counters of its namespace. Sums are differences since the previous call, so the first call of an
// instance yields levels only. One thread calls it, about once a second.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "agent/entity/cgroup_stat.h"
#include "agent/entity/netns_stat.h"
#include "wire/batch.h"

namespace pano::entity {

// What is read for one instance.
struct Target {
  uint32_t instance = 0;
  std::vector<uint32_t> pids;
  CgroupPlaces cgroup;
  bool own_cgroup = false;  // its files speak for this instance alone
  bool own_netns = false;   // its namespace's counters speak for this instance alone
};

class SaturationCollector {
 public:
  SaturationCollector() : mounts_(FindCgroupMounts()) {}

  std::vector<wire::InstanceSample> Collect(const std::vector<Target>& targets);

 private:
  struct Previous {
    CgroupStat cgroup;
    NetnsStat netns;
    uint64_t run_queue_ns = 0;
    uint64_t process_cpu_us = 0;
    bool seen = false;
    uint64_t generation = 0;
  };
  struct ProcessSums {
    uint64_t run_queue_ns = 0;
    uint64_t cpu_us = 0;
    uint64_t threads = 0;
    uint64_t open_files = 0;
    uint64_t memory = 0;
  };

  void CollectOne(const Target& target, Previous& previous, wire::InstanceSample& sample);
  ProcessSums ReadProcesses(const std::vector<uint32_t>& pids) const;

  CgroupMounts mounts_;
  uint64_t generation_ = 0;
  std::unordered_map<uint32_t, Previous> previous_;
};

}  // namespace pano::entity
