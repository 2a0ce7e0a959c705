// SPDX-License-Identifier: Apache-2.0
// Services, instances and endpoints with the server's ids. Ids survive restarts: Load() takes what
// the store's dictionary tables hold. Bounded: past a limit the answer is an overflow id, counted.
// Owned by one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/tag/row.h"

namespace pano::tag {

// What the store remembers between two runs of the server.
struct Dictionary {
  std::vector<Service> services;
  std::vector<Instance> instances;
  std::vector<std::pair<uint32_t, std::string>> endpoints;
};

struct DirectoryLimits {
  size_t services = 4000;
  size_t external = 500;  // of them: addresses without a name
  size_t instances = 50'000;
  size_t endpoints = 20'000;
};

class Directory {
 public:
  explicit Directory(DirectoryLimits limits = {}) : limits_(limits) {}

  void Load(const Dictionary& stored);

  // Finds or makes. The overflow service is "(other)".
  uint32_t ServiceId(std::string_view name, std::string_view name_space, schema::NodeKind kind);
  uint32_t ExternalId(std::string_view name);
  uint32_t EndpointId(std::string_view text);
  // A more telling kind than the one known so far is kept and announced.
  void RefineKind(uint32_t service, schema::NodeKind kind);

  // Announces an agent's instance. Answers its id, 0 past the limit. `known_before`: the instance
  // was announced since this server started.
  struct Announced {
    uint32_t id = 0;
    bool known_before = false;
    bool was_gone = false;
  };
  Announced Announce(const std::string& agent, const wire::InstanceInfo& info, uint64_t second);

  const Service* FindService(uint32_t id) const;
  const Instance* FindInstance(uint32_t id) const;

  // The instance at an address: the only one alive that has it, `agent`'s own first. With `port`,
  // several services may share the address: the one known to listen there is taken.
  struct Owner {
    uint32_t service = 0;
    uint32_t instance = 0;  // 0: several instances of the service have the address
  };
  std::optional<Owner> OwnerOf(const IpAddress& ip, uint16_t port, std::string_view agent) const;
  // `instance` was seen serving on `port`.
  void LearnListener(uint32_t instance, uint16_t port);

  // New or changed since the last call, for rows and dictionaries.
  std::vector<Service> TakeNewServices();
  std::vector<Instance> TakeNewInstances();
  std::vector<std::pair<uint32_t, std::string>> TakeNewEndpoints();
  // Requests for an id that met a limit since the last call, by cause.
  std::vector<wire::LossCount> TakeLosses();

 private:
  using NameKey = std::pair<std::string, std::string>;

  uint32_t MakeService(std::string_view name, std::string_view name_space, schema::NodeKind kind);
  void Touch(uint32_t service);
  void IndexAddresses(const Instance& instance);

  DirectoryLimits limits_;
  std::map<NameKey, uint32_t> service_ids_;
  std::unordered_map<uint32_t, Service> services_;
  size_t external_ = 0;
  uint32_t next_service_ = 1;

  std::unordered_map<std::string, uint32_t> instance_ids_;  // by identity key
  std::unordered_map<uint32_t, Instance> instances_;
  std::unordered_map<uint32_t, bool> announced_;
  uint32_t next_instance_ = 1;

  std::unordered_map<std::string, uint32_t> endpoint_ids_;
  uint32_t next_endpoint_ = 1;

  std::unordered_map<IpAddress, std::vector<uint32_t>> by_address_;
  std::map<std::pair<uint32_t, uint16_t>, bool> listeners_;  // (instance, port)

  std::vector<uint32_t> new_services_;
  std::vector<uint32_t> new_instances_;
  std::vector<std::pair<uint32_t, std::string>> new_endpoints_;
  std::map<std::string, uint64_t> losses_;
};

}  // namespace pano::tag
