// SPDX-License-Identifier: Apache-2.0
// in: ProcessFacts  out: the names of its service and instance, and the rule that found them
// Pure functions: no file is read here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "agent/entity/process_facts.h"
#include "schema/tag.h"

namespace pano::entity {

struct CgroupIdentity {
  std::string pod_uid;
  std::string container_id;  // 64 hex
  std::string unit;          // systemd service, without ".service"
};
CgroupIdentity IdentityOf(std::string_view cgroup_path);

// The most telling path of a process' cgroups: one with a container, pod or unit, else the longest.
std::string TellingCgroup(const std::vector<CgroupPath>& cgroups);

// "productcatalog-6c9f7d8b9-x2k4p" -> "productcatalog"; "redis-0" -> "redis"; "frontend-3" ->
// "frontend". Nothing when the name is not of a workload's pod.
std::optional<std::string> WorkloadOfPod(std::string_view pod_name);

// What the process runs: the script of an interpreter ("server.py", "app.jar", a Java main class),
// else the executable's file name.
std::string ProgramOf(const ProcessFacts& facts);

schema::NodeKind KindOf(std::string_view program, std::string_view executable,
                        std::string_view service);

// First words of the command line with what looks like a secret masked.
std::string MaskedCommand(const std::vector<std::string>& arguments, size_t limit = 256);

struct ContainerNames {
  std::string name;
  std::string compose_service;
};

struct NamingContext {
  std::map<std::string, std::string> user_names;  // program or pod prefix -> service
  std::string netns_name;    // of the process' network namespace, if it has one
  ContainerNames container;  // of its container id, if an engine knows it
  // Names by itself what runs in the host's own namespaces only.
  bool in_host_netns = true;
};

struct Naming {
  std::string service;
  std::string instance;
  std::string source;  // "user", "pod_name", "compose", "container", "systemd_unit", "netns", ...
  // Processes with the same group are one instance. Empty: the process tree is.
  std::string group;
  CgroupIdentity cgroup;
  std::string cgroup_path;
  std::string program;
};
Naming NameProcess(const ProcessFacts& facts, const NamingContext& context);

}  // namespace pano::entity
