// SPDX-License-Identifier: Apache-2.0
// in: process events and /proc  out: wire::InstanceInfo
// Which instance and service each process of this host belongs to. Thread safe: one mutex, held for
// lookups only; /proc is read outside it. Names outlive their process for a grace time, so that
// late events still find them; a reused pid is told by its start time.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/entity/naming.h"
#include "agent/entity/process_facts.h"
#include "base/ip_address.h"
#include "wire/batch.h"

namespace pano::entity {

struct RegistryOptions {
  std::map<std::string, std::string> user_names;
  uint64_t exit_grace_ns = 10'000'000'000;
  uint64_t resend_ns = 60'000'000'000;
  size_t max_processes = 65'536;
};

// One instance as the saturation sampler and the listener table need it.
struct InstanceProcesses {
  uint32_t id = 0;
  std::vector<uint32_t> pids;
  std::vector<CgroupPath> cgroups;  // of its leader
  bool own_cgroup = false;          // no other instance has processes in it
  uint32_t netns = 0;
  bool own_netns = false;
};

class Registry {
 public:
  explicit Registry(RegistryOptions options);

  // Reads what is new under /proc and notices what is gone. About once a second.
  void Scan(uint64_t now_ns);
  void OnExec(uint32_t tgid, uint64_t now_ns);
  void OnExit(uint32_t tgid, uint64_t now_ns);
  void OnOomKill(uint32_t instance);

  // The instance of a process, read from /proc at once when not known yet; 0 if there is none.
  // Marks it as used: only used instances are reported.
  uint32_t InstanceOf(uint32_t tgid, uint64_t now_ns);
  // The instance that has an address (after NAT) and listens on a port there; 0 when not known.
  uint32_t InstanceAt(const IpAddress& ip, uint16_t port);
  std::string ServiceOf(uint32_t instance) const;

  // Listening sockets of all namespaces, replacing what was known: (netns, port) -> process.
  using Listeners = std::map<std::pair<uint32_t, uint16_t>, uint32_t>;
  void SetListeners(Listeners listeners);
  bool IsListening(uint32_t netns, uint16_t port) const;
  uint32_t ListenerTgid(uint32_t netns, uint16_t port) const;

  // Instances that are new, changed or due again, and events of their comings and goings.
  std::vector<wire::InstanceInfo> TakeChanges(uint64_t now_ns);
  std::vector<wire::EventRecord> TakeEvents();

  std::vector<InstanceProcesses> UsedInstances() const;
  // One live process of every network namespace, by inode.
  std::map<uint32_t, uint32_t> NetnsProcesses() const;
  // Live processes of every network namespace, oldest first.
  std::map<uint32_t, std::vector<uint32_t>> ProcessesByNetns() const;
  uint64_t dropped() const;

 private:
  struct Process {
    ProcessFacts facts;
    Naming naming;
    uint32_t instance = 0;
    uint64_t seen_ns = 0;
    uint64_t next_check_ns = 0;
    uint64_t exited_ns = 0;  // 0: alive
  };
  struct Instance {
    wire::InstanceInfo info;
    std::string group;
    std::set<uint32_t> pids;
    bool used = false;
    bool changed = true;
    bool announced = false;
    uint64_t sent_ns = 0;
    uint64_t empty_since_ns = 0;
  };

  // Facts are read without the lock, then taken in with it.
  void Refresh(uint32_t pid, uint64_t now_ns);
  void TakeIn(ProcessFacts facts, const NamingContext& context, uint64_t now_ns);
  uint64_t MemoryOf(const Process& process) const;
  NamingContext ContextOf(const ProcessFacts& facts) const;
  std::string GroupOf(const ProcessFacts& facts, const Naming& naming) const;
  Instance& InstanceFor(const std::string& group);
  void Describe(Instance& instance, const Process& leader);
  void Leave(Process& process, uint64_t now_ns);
  void MarkExited(uint32_t pid, uint64_t now_ns);
  void ReadAddresses(uint64_t now_ns);
  void AddEvent(schema::EventKind kind, const Instance& instance, std::string text);
  std::vector<uint32_t> DueForCheck(const std::vector<uint32_t>& pids, uint64_t now_ns) const;

  const RegistryOptions options_;
  const uint32_t self_utsns_;
  const uint32_t self_netns_;
  mutable std::mutex mutex_;
  std::unordered_map<uint32_t, Process> processes_;
  std::unordered_map<uint32_t, Instance> instances_;
  std::unordered_map<std::string, uint32_t> by_group_;
  std::map<uint32_t, std::string> netns_names_;
  std::unordered_map<std::string, ContainerNames> containers_;
  std::map<uint32_t, std::vector<IpAddress>> netns_addresses_;
  std::unordered_map<IpAddress, uint32_t> netns_of_address_;
  std::map<uint32_t, std::set<uint32_t>> netns_instances_;
  std::unordered_map<IpAddress, uint32_t> last_owner_;  // outlives the instance
  Listeners listeners_;
  std::vector<wire::EventRecord> events_;
  uint32_t next_id_ = 1;
  uint64_t first_scan_ns_ = 0;
  uint64_t next_address_read_ns_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace pano::entity
