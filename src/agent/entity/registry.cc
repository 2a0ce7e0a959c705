// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "agent/entity/addresses.h"
#include "agent/entity/container_engine.h"
#include "agent/entity/netns_name.h"
#include "base/clock.h"

namespace pano::entity {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
// A young process may still change its host name, cgroup or command line.
constexpr uint64_t kYoung = 5 * kSecond;
constexpr uint64_t kRecheck = 15 * kSecond;
constexpr uint64_t kAddressesEvery = 2 * kSecond;
constexpr uint64_t kForgetGone = 600 * kSecond;
constexpr size_t kMaxRemembered = 16'384;
constexpr size_t kMaxEvents = 1'000;

}  // namespace

Registry::Registry(RegistryOptions options)
    : options_(std::move(options)),
      self_utsns_(NamespaceInode("/proc/self/ns/uts")),
      self_netns_(NamespaceInode("/proc/self/ns/net")) {}

NamingContext Registry::ContextOf(const ProcessFacts& facts) const {
  NamingContext context;
  context.user_names = options_.user_names;
  context.in_host_netns = facts.netns == self_netns_ || facts.netns == 0;
  const std::lock_guard lock(mutex_);
  const auto name = netns_names_.find(facts.netns);
  if (!context.in_host_netns && name != netns_names_.end()) context.netns_name = name->second;
  const CgroupIdentity id = IdentityOf(TellingCgroup(facts.cgroups));
  const auto container = containers_.find(id.container_id);
  if (container != containers_.end()) context.container = container->second;
  return context;
}

void Registry::Refresh(uint32_t pid, uint64_t now_ns) {
  auto facts = ReadProcess(pid, self_utsns_);
  if (!facts) return MarkExited(pid, now_ns);
  const std::string container = IdentityOf(TellingCgroup(facts->cgroups)).container_id;
  bool unknown_container = false;
  bool unknown_netns = false;
  {
    const std::lock_guard lock(mutex_);
    unknown_container = !container.empty() && !containers_.contains(container);
    unknown_netns = facts->netns != 0 && facts->netns != self_netns_ &&
                    !netns_instances_.contains(facts->netns);
  }
  if (unknown_container) {
    ContainerNames names = ReadContainerNames(container);
    const std::lock_guard lock(mutex_);
    if (containers_.size() > kMaxRemembered) containers_.clear();
    containers_[container] = std::move(names);
  }
  if (unknown_netns) {
    const auto named = ReadNamedNetns();
    const std::lock_guard lock(mutex_);
    for (const auto& [inode, ns] : named) netns_names_[inode] = ns.name;
  }
  const NamingContext context = ContextOf(*facts);
  TakeIn(std::move(*facts), context, now_ns);
}

// A host process belongs to the topmost ancestor that runs the same program.
std::string Registry::GroupOf(const ProcessFacts& facts, const Naming& naming) const {
  if (!naming.group.empty()) return naming.group;
  const auto parent = processes_.find(facts.parent);
  if (parent != processes_.end() && parent->second.naming.group.empty() &&
      parent->second.naming.program == naming.program && parent->second.instance != 0 &&
      parent->second.facts.executable == facts.executable) {
    return instances_.at(parent->second.instance).group;
  }
  return fmt::format("process:{}:{}", facts.pid, facts.start_ticks);
}

Registry::Instance& Registry::InstanceFor(const std::string& group) {
  const auto known = by_group_.find(group);
  if (known != by_group_.end()) return instances_.at(known->second);
  const uint32_t id = next_id_++;
  by_group_[group] = id;
  Instance& instance = instances_[id];
  instance.group = group;
  instance.info.id = id;
  return instance;
}

void Registry::TakeIn(ProcessFacts facts, const NamingContext& context, uint64_t now_ns) {
  const std::lock_guard lock(mutex_);
  const uint32_t pid = facts.pid;
  auto at = processes_.find(pid);
  if (at == processes_.end() && processes_.size() >= options_.max_processes) {
    ++dropped_;
    return;
  }
  Process& p = at == processes_.end() ? processes_[pid] : at->second;
  const bool reused = p.seen_ns != 0 && p.facts.start_ticks != facts.start_ticks;
  if (reused || p.seen_ns == 0) {
    if (reused) Leave(p, now_ns);
    p = Process{};
    p.seen_ns = now_ns;
  }
  p.exited_ns = 0;
  p.next_check_ns = now_ns + (now_ns < p.seen_ns + kYoung ? kSecond : kRecheck);
  if (facts.kernel_thread) {
    p.facts = std::move(facts);
    p.next_check_ns = ~uint64_t{0};
    return;
  }
  Naming naming = NameProcess(facts, context);
  // The tree a process was born into stays its instance when its parent ends, as daemons do.
  const bool same_program = p.instance != 0 && p.naming.group.empty() && naming.group.empty() &&
                            p.naming.program == naming.program;
  const std::string group = same_program ? instances_.at(p.instance).group : GroupOf(facts, naming);
  Instance& instance = InstanceFor(group);
  if (p.instance != instance.info.id) {
    const uint64_t seen = p.seen_ns;
    Leave(p, now_ns);
    p.seen_ns = seen;
    p.exited_ns = 0;
  }
  p.instance = instance.info.id;
  p.facts = std::move(facts);
  p.naming = std::move(naming);
  instance.pids.insert(pid);
  instance.empty_since_ns = 0;
  netns_instances_[p.facts.netns].insert(instance.info.id);
  // The oldest process speaks for the instance.
  const uint32_t leader = instance.info.pid;
  const auto leading = processes_.find(leader);
  const bool leads = leader == pid || leading == processes_.end() ||
                     leading->second.exited_ns != 0 || !instance.pids.contains(leader) ||
                     p.facts.start_ticks < leading->second.facts.start_ticks;
  if (leads) Describe(instance, p);
}

void Registry::Describe(Instance& instance, const Process& leader) {
  wire::InstanceInfo& info = instance.info;
  wire::InstanceInfo next = info;
  const Naming& n = leader.naming;
  next.service = n.service;
  next.instance = n.instance;
  next.name_source = n.source;
  next.container_id = n.cgroup.container_id;
  next.pod_uid = n.cgroup.pod_uid;
  next.executable = leader.facts.executable;
  next.command = MaskedCommand(leader.facts.arguments);
  next.cgroup = n.cgroup_path;
  next.pid = leader.facts.pid;
  next.netns = leader.facts.netns;
  next.kind = KindOf(n.program, leader.facts.executable, n.service);
  next.start_time_ns = BootTimeNs() + leader.facts.start_ticks * (kSecond / ClockTicksPerSecond());
  next.gone = false;
  const auto addresses = netns_addresses_.find(next.netns);
  if (next.netns != self_netns_ && addresses != netns_addresses_.end()) {
    next.addresses = addresses->second;
  }
  const auto same = [](const wire::InstanceInfo& a, const wire::InstanceInfo& b) {
    return a.service == b.service && a.instance == b.instance && a.command == b.command &&
           a.executable == b.executable && a.pid == b.pid && a.netns == b.netns &&
           a.cgroup == b.cgroup && a.addresses == b.addresses && a.kind == b.kind &&
           a.gone == b.gone;
  };
  if (same(info, next)) return;
  info = std::move(next);
  instance.changed = true;
}

void Registry::Leave(Process& process, uint64_t now_ns) {
  const auto at = instances_.find(process.instance);
  process.exited_ns = now_ns;
  if (at == instances_.end()) return;
  Instance& instance = at->second;
  instance.pids.erase(process.facts.pid);
  if (instance.pids.empty()) {
    if (instance.empty_since_ns == 0) instance.empty_since_ns = now_ns;
    return;
  }
  if (instance.info.pid == process.facts.pid) {
    const auto next = processes_.find(*instance.pids.begin());
    if (next != processes_.end()) Describe(instance, next->second);
  }
}

// Connections outlive their process: one that made some is known until they are gone too.
uint64_t Registry::MemoryOf(const Process& process) const {
  const auto at = instances_.find(process.instance);
  const bool used = at != instances_.end() && at->second.used;
  return used && processes_.size() < kMaxRemembered ? kForgetGone / 2 : options_.exit_grace_ns;
}

void Registry::MarkExited(uint32_t pid, uint64_t now_ns) {
  const std::lock_guard lock(mutex_);
  const auto at = processes_.find(pid);
  if (at != processes_.end() && at->second.exited_ns == 0) Leave(at->second, now_ns);
}

void Registry::OnExec(uint32_t tgid, uint64_t now_ns) { Refresh(tgid, now_ns); }
void Registry::OnExit(uint32_t tgid, uint64_t now_ns) { MarkExited(tgid, now_ns); }

std::vector<uint32_t> Registry::DueForCheck(const std::vector<uint32_t>& pids,
                                            uint64_t now_ns) const {
  std::vector<uint32_t> due;
  const std::lock_guard lock(mutex_);
  for (const uint32_t pid : pids) {
    const auto at = processes_.find(pid);
    if (at == processes_.end() || at->second.next_check_ns <= now_ns || at->second.exited_ns != 0) {
      due.push_back(pid);
    }
  }
  return due;
}

void Registry::Scan(uint64_t now_ns) {
  const std::vector<uint32_t> pids = ListProcesses();
  const auto named = ReadNamedNetns();
  {
    const std::lock_guard lock(mutex_);
    if (first_scan_ns_ == 0) first_scan_ns_ = now_ns;
    netns_names_.clear();
    for (const auto& [inode, ns] : named) netns_names_[inode] = ns.name;
  }
  for (const uint32_t pid : DueForCheck(pids, now_ns)) Refresh(pid, now_ns);

  const std::unordered_set<uint32_t> alive(pids.begin(), pids.end());
  {
    const std::lock_guard lock(mutex_);
    for (auto at = processes_.begin(); at != processes_.end();) {
      Process& p = at->second;
      if (p.exited_ns == 0 && !alive.contains(at->first)) Leave(p, now_ns);
      const bool forget = p.exited_ns != 0 && p.exited_ns + MemoryOf(p) < now_ns;
      at = forget ? processes_.erase(at) : std::next(at);
    }
    for (auto at = instances_.begin(); at != instances_.end();) {
      const Instance& i = at->second;
      const bool forget = i.empty_since_ns != 0 && i.empty_since_ns + kForgetGone < now_ns;
      if (forget) {
        by_group_.erase(i.group);
        netns_instances_[i.info.netns].erase(i.info.id);
        if (netns_instances_[i.info.netns].empty()) netns_instances_.erase(i.info.netns);
      }
      at = forget ? instances_.erase(at) : std::next(at);
    }
  }
  ReadAddresses(now_ns);
}

void Registry::ReadAddresses(uint64_t now_ns) {
  if (now_ns < next_address_read_ns_) return;
  next_address_read_ns_ = now_ns + kAddressesEvery;
  for (const auto& [netns, pid] : NetnsProcesses()) {
    std::vector<IpAddress> addresses = AddressesOf(pid);
    if (addresses.empty()) continue;
    const std::lock_guard lock(mutex_);
    for (const IpAddress& ip : addresses) {
      if (last_owner_.size() > kMaxRemembered) last_owner_.clear();
      if (netns_of_address_.size() > kMaxRemembered) netns_of_address_.clear();
      netns_of_address_[ip] = netns;
      const auto members = netns_instances_.find(netns);
      if (members != netns_instances_.end() && members->second.size() == 1) {
        last_owner_[ip] = *members->second.begin();
      }
    }
    if (netns_addresses_[netns] == addresses) continue;
    netns_addresses_[netns] = std::move(addresses);
    for (auto& [id, instance] : instances_) {
      const auto leader = processes_.find(instance.info.pid);
      if (instance.info.netns == netns && leader != processes_.end() &&
          leader->second.exited_ns == 0) {
        Describe(instance, leader->second);
      }
    }
  }
}

uint32_t Registry::InstanceOf(uint32_t tgid, uint64_t now_ns) {
  if (tgid == 0) return 0;
  for (int attempt = 0; attempt < 2; ++attempt) {
    {
      const std::lock_guard lock(mutex_);
      const auto at = processes_.find(tgid);
      if (at != processes_.end() && at->second.instance != 0) {
        Instance& instance = instances_.at(at->second.instance);
        instance.used = true;
        return instance.info.id;
      }
      if (at != processes_.end()) return 0;
    }
    if (attempt == 0) Refresh(tgid, now_ns);
  }
  return 0;
}

uint32_t Registry::InstanceAt(const IpAddress& ip, uint16_t port) {
  if (ip.IsLoopback() || ip.IsUnspecified()) return 0;
  const std::lock_guard lock(mutex_);
  uint32_t id = 0;
  const auto netns = netns_of_address_.find(ip);
  if (netns != netns_of_address_.end()) {
    const auto listener = listeners_.find({netns->second, port});
    if (listener != listeners_.end()) {
      const auto process = processes_.find(listener->second);
      if (process != processes_.end()) id = process->second.instance;
    }
  }
  const auto owner = last_owner_.find(ip);
  if (id == 0 && owner != last_owner_.end()) id = owner->second;
  const auto instance = instances_.find(id);
  if (instance == instances_.end()) return 0;
  instance->second.used = true;
  return id;
}

std::string Registry::ServiceOf(uint32_t instance) const {
  const std::lock_guard lock(mutex_);
  const auto at = instances_.find(instance);
  return at == instances_.end() ? std::string() : at->second.info.service;
}

void Registry::SetListeners(Listeners listeners) {
  const std::lock_guard lock(mutex_);
  listeners_ = std::move(listeners);
}

bool Registry::IsListening(uint32_t netns, uint16_t port) const {
  const std::lock_guard lock(mutex_);
  return listeners_.contains({netns, port});
}

uint32_t Registry::ListenerTgid(uint32_t netns, uint16_t port) const {
  const std::lock_guard lock(mutex_);
  const auto at = listeners_.find({netns, port});
  if (at == listeners_.end()) return 0;
  const auto process = processes_.find(at->second);
  const bool gone = process != processes_.end() && process->second.exited_ns != 0;
  return gone ? 0 : at->second;
}

void Registry::AddEvent(schema::EventKind kind, const Instance& instance, std::string text) {
  if (events_.size() >= kMaxEvents) return;
  events_.push_back({WallNs(), kind, instance.info.id, instance.info.service, std::move(text)});
}

void Registry::OnOomKill(uint32_t id) {
  const std::lock_guard lock(mutex_);
  const auto at = instances_.find(id);
  if (at == instances_.end()) return;
  at->second.info.oom_killed = true;
  at->second.changed = true;
  AddEvent(schema::EventKind::kOomKill, at->second,
           fmt::format("{}: killed for lack of memory", at->second.info.instance));
}

std::vector<wire::InstanceInfo> Registry::TakeChanges(uint64_t now_ns) {
  std::vector<wire::InstanceInfo> out;
  const std::lock_guard lock(mutex_);
  for (auto& [id, i] : instances_) {
    if (!i.used) continue;
    // A process that is replaced at once (restart in a container) is not gone in between.
    if (!i.info.gone && i.empty_since_ns != 0 && i.empty_since_ns + kSecond <= now_ns) {
      i.info.gone = true;
      i.changed = true;
      AddEvent(schema::EventKind::kInstanceDown, i, fmt::format("{} ended", i.info.instance));
    }
    const bool due = !i.info.gone && i.sent_ns + options_.resend_ns <= now_ns;
    if (!i.changed && !due) continue;
    if (!i.announced && !i.info.gone) {
      i.announced = true;
      if (now_ns > first_scan_ns_ + kYoung) {
        AddEvent(schema::EventKind::kInstanceUp, i, fmt::format("{} started", i.info.instance));
      }
    } else if (i.info.gone) {
      i.announced = false;
    }
    i.changed = false;
    i.sent_ns = now_ns;
    out.push_back(i.info);
  }
  return out;
}

std::vector<wire::EventRecord> Registry::TakeEvents() {
  const std::lock_guard lock(mutex_);
  return std::exchange(events_, {});
}

std::vector<InstanceProcesses> Registry::UsedInstances() const {
  std::vector<InstanceProcesses> out;
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::set<uint32_t>> cgroup_members;
  for (const auto& [pid, p] : processes_) {
    if (p.exited_ns == 0 && p.instance != 0) {
      cgroup_members[p.naming.cgroup_path].insert(p.instance);
    }
  }
  for (const auto& [id, i] : instances_) {
    if (!i.used || i.pids.empty()) continue;
    const auto leader = processes_.find(i.info.pid);
    if (leader == processes_.end()) continue;
    InstanceProcesses& entry = out.emplace_back();
    entry.id = id;
    entry.pids.assign(i.pids.begin(), i.pids.end());
    entry.cgroups = leader->second.facts.cgroups;
    const std::string& path = leader->second.naming.cgroup_path;
    entry.own_cgroup = path.size() > 1 && cgroup_members[path].size() == 1;
    entry.netns = i.info.netns;
    const auto members = netns_instances_.find(i.info.netns);
    size_t alive = 0;
    if (members != netns_instances_.end()) {
      for (const uint32_t member : members->second) {
        const auto other = instances_.find(member);
        alive += other != instances_.end() && !other->second.pids.empty() ? 1 : 0;
      }
    }
    entry.own_netns = i.info.netns != self_netns_ && alive == 1;
  }
  return out;
}

std::map<uint32_t, uint32_t> Registry::NetnsProcesses() const {
  std::map<uint32_t, uint32_t> out;
  const std::lock_guard lock(mutex_);
  for (const auto& [pid, p] : processes_) {
    if (p.exited_ns == 0 && p.facts.netns != 0) out.emplace(p.facts.netns, pid);
  }
  return out;
}

std::map<uint32_t, std::vector<uint32_t>> Registry::ProcessesByNetns() const {
  std::map<uint32_t, std::vector<uint32_t>> out;
  const std::lock_guard lock(mutex_);
  for (const auto& [pid, p] : processes_) {
    if (p.exited_ns == 0 && p.facts.netns != 0) out[p.facts.netns].push_back(pid);
  }
  for (auto& [netns, pids] : out) {
    std::ranges::sort(pids, [this](uint32_t a, uint32_t b) {
      return processes_.at(a).facts.start_ticks < processes_.at(b).facts.start_ticks;
    });
  }
  return out;
}

uint64_t Registry::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace pano::entity
