// SPDX-License-Identifier: Apache-2.0
#include "server/tag/directory.h"

#include <fmt/format.h>

#include <algorithm>

namespace pano::tag {
namespace {

constexpr std::string_view kOther = "(other)";
// Names come from outside: what goes into rows, pages and dictionaries is capped.
constexpr size_t kMaxName = 128;
constexpr size_t kMaxEndpoint = 256;
constexpr size_t kMaxAddresses = 32;
constexpr size_t kMaxListeners = 100'000;

// An instance is the same one as long as its container is, or its process.
std::string IdentityKey(const std::string& agent, const wire::InstanceInfo& info) {
  if (!info.container_id.empty()) return fmt::format("c {} {}", info.container_id, info.instance);
  if (!info.pod_uid.empty()) return fmt::format("u {} {}", info.pod_uid, info.instance);
  // Start times are derived from the boot time and wander by milliseconds: 8 s steps.
  return fmt::format("p {} {} {} {}", agent, info.instance, info.pid,
                     (info.start_time_ns + 4'000'000'000u) / 8'000'000'000u);
}

bool SameInfo(const wire::InstanceInfo& a, const wire::InstanceInfo& b) {
  return a.service == b.service && a.instance == b.instance && a.name_space == b.name_space &&
         a.kind == b.kind && a.gone == b.gone && a.oom_killed == b.oom_killed && a.pid == b.pid &&
         a.addresses == b.addresses && a.command == b.command;
}

}  // namespace

void Directory::Load(const Dictionary& stored) {
  for (const Service& s : stored.services) {
    if (s.id == 0 || !service_ids_.emplace(NameKey{s.name, s.name_space}, s.id).second) continue;
    services_[s.id] = s;
    external_ += s.kind == schema::NodeKind::kExternal;
    next_service_ = std::max(next_service_, s.id + 1);
  }
  for (const Instance& i : stored.instances) {
    if (i.id == 0 || !services_.contains(i.service)) continue;
    instance_ids_[IdentityKey(i.agent, i.info)] = i.id;
    Instance& kept = instances_[i.id] = i;
    kept.gone = true;  // until an agent announces it again
    next_instance_ = std::max(next_instance_, i.id + 1);
  }
  for (const auto& [id, text] : stored.endpoints) {
    if (id == 0) continue;
    endpoint_ids_[text] = id;
    next_endpoint_ = std::max(next_endpoint_, id + 1);
  }
}

uint32_t Directory::MakeService(std::string_view name, std::string_view name_space,
                                schema::NodeKind kind) {
  const uint32_t id = next_service_++;
  services_[id] = {id, std::string(name), std::string(name_space), kind};
  service_ids_.emplace(NameKey{name, name_space}, id);
  external_ += kind == schema::NodeKind::kExternal;
  new_services_.push_back(id);
  return id;
}

uint32_t Directory::ServiceId(std::string_view name, std::string_view name_space,
                              schema::NodeKind kind) {
  name = name.substr(0, kMaxName);
  name_space = name_space.substr(0, kMaxName);
  if (name.empty()) name = "unknown";
  if (const auto at = service_ids_.find(NameKey{name, name_space}); at != service_ids_.end()) {
    RefineKind(at->second, kind);
    return at->second;
  }
  if (services_.size() >= limits_.services && name != kOther) {
    ++losses_["service_limit"];
    return ServiceId(kOther, "", schema::NodeKind::kExternal);
  }
  return MakeService(name, name_space, kind);
}

uint32_t Directory::ExternalId(std::string_view name) {
  name = name.substr(0, kMaxName);
  if (const auto at = service_ids_.find(NameKey{name, ""}); at != service_ids_.end()) {
    return at->second;
  }
  if (external_ >= limits_.external && name != kOther) {
    ++losses_["external_node_limit"];
    return ExternalId(kOther);
  }
  return MakeService(name, "", schema::NodeKind::kExternal);
}

void Directory::RefineKind(uint32_t service, schema::NodeKind kind) {
  const auto at = services_.find(service);
  if (at == services_.end() || kind == schema::NodeKind::kService || at->second.kind == kind)
    return;
  if (at->second.kind != schema::NodeKind::kService) return;
  at->second.kind = kind;
  Touch(service);
}

void Directory::Touch(uint32_t service) {
  if (std::ranges::find(new_services_, service) == new_services_.end()) {
    new_services_.push_back(service);
  }
}

uint32_t Directory::EndpointId(std::string_view text) {
  const std::string key(text.substr(0, kMaxEndpoint));
  if (const auto at = endpoint_ids_.find(key); at != endpoint_ids_.end()) return at->second;
  if (endpoint_ids_.size() >= limits_.endpoints && key != kOther) {
    ++losses_["endpoint_limit"];
    return EndpointId(kOther);
  }
  const uint32_t id = next_endpoint_++;
  endpoint_ids_.emplace(key, id);
  new_endpoints_.emplace_back(id, key);
  return id;
}

Directory::Announced Directory::Announce(const std::string& agent, const wire::InstanceInfo& info,
                                         uint64_t second) {
  const std::string key = IdentityKey(agent, info);
  const auto at = instance_ids_.find(key);
  Announced out;
  if (at == instance_ids_.end()) {
    if (instances_.size() >= limits_.instances) {
      ++losses_["instance_limit"];
      return out;
    }
    out.id = next_instance_++;
    instance_ids_.emplace(key, out.id);
    instances_[out.id].first_second = second;
  } else {
    out.id = at->second;
  }
  out.known_before = announced_[out.id];
  announced_[out.id] = true;

  Instance& i = instances_[out.id];
  out.was_gone = i.gone;
  const bool changed = !out.known_before || !SameInfo(i.info, info);
  i.id = out.id;
  i.agent = agent;
  i.service = ServiceId(info.service, info.name_space, info.kind);
  i.info = info;
  if (i.info.addresses.size() > kMaxAddresses) i.info.addresses.resize(kMaxAddresses);
  i.last_second = second;
  i.gone = info.gone;
  if (changed) {
    IndexAddresses(i);
    new_instances_.push_back(i.id);
  }
  return out;
}

void Directory::IndexAddresses(const Instance& instance) {
  for (const IpAddress& ip : instance.info.addresses) {
    if (ip.IsLoopback() || ip.IsUnspecified()) continue;
    std::vector<uint32_t>& owners = by_address_[ip];
    std::erase_if(owners, [&](uint32_t id) {
      const Instance* other = FindInstance(id);
      return id == instance.id || other == nullptr || other->gone;
    });
    if (!instance.gone) owners.push_back(instance.id);
    if (owners.empty()) by_address_.erase(ip);
  }
}

const Service* Directory::FindService(uint32_t id) const {
  const auto at = services_.find(id);
  return at == services_.end() ? nullptr : &at->second;
}

const Instance* Directory::FindInstance(uint32_t id) const {
  const auto at = instances_.find(id);
  return at == instances_.end() ? nullptr : &at->second;
}

std::optional<Directory::Owner> Directory::OwnerOf(const IpAddress& ip, uint16_t port,
                                                   std::string_view agent) const {
  const auto at = by_address_.find(ip);
  if (at == by_address_.end()) return std::nullopt;
  // Private addresses repeat between hosts: what `agent` itself sees comes first.
  for (const bool own_only : {true, false}) {
    Owner found;
    Owner listening;
    bool one_service = true;
    for (const uint32_t id : at->second) {
      const Instance* i = FindInstance(id);
      if (i == nullptr || i->gone || (own_only && i->agent != agent)) continue;
      if (port != 0 && listeners_.contains({id, port})) {
        listening = {i->service, listening.service == 0 ? id : 0};
      }
      if (found.service == 0) {
        found = {i->service, id};
      } else {
        one_service = one_service && found.service == i->service;
        found.instance = 0;
      }
    }
    if (listening.service != 0) return listening;
    if (found.service != 0 && one_service) return found;
  }
  return std::nullopt;
}

void Directory::LearnListener(uint32_t instance, uint16_t port) {
  if (listeners_.size() < kMaxListeners) listeners_[{instance, port}] = true;
}

std::vector<Service> Directory::TakeNewServices() {
  std::vector<Service> out;
  out.reserve(new_services_.size());
  for (const uint32_t id : new_services_) out.push_back(services_.at(id));
  new_services_.clear();
  return out;
}

std::vector<Instance> Directory::TakeNewInstances() {
  std::vector<Instance> out;
  out.reserve(new_instances_.size());
  for (const uint32_t id : new_instances_) out.push_back(instances_.at(id));
  new_instances_.clear();
  return out;
}

std::vector<std::pair<uint32_t, std::string>> Directory::TakeNewEndpoints() {
  return std::exchange(new_endpoints_, {});
}

std::vector<wire::LossCount> Directory::TakeLosses() {
  std::vector<wire::LossCount> out;
  out.reserve(losses_.size());
  for (const auto& [cause, count] : losses_) out.push_back({cause, count});
  losses_.clear();
  return out;
}

}  // namespace pano::tag
