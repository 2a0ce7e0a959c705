// SPDX-License-Identifier: Apache-2.0
// The agent-server contract: what one agent saw in one second. Samples are made by agent/metric in
// this form directly; `up` hands the Batch over in memory, remote agents send it through codec.h.
// Owner: the Batch owns everything in it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/exp_histogram.h"
#include "base/ip_address.h"
#include "schema/metric.h"
#include "schema/tag.h"

namespace pano::wire {

// A process, container or pod on the agent's host. Sent when it appears or changes, and all of them
// again every 60 s. Ids are the agent's own, never reused while it runs; 0 is "not known here".
struct InstanceInfo {
  uint32_t id = 0;
  std::string service;       // "productcatalog": stable across restarts and scale-out
  std::string instance;      // "productcatalog-6c9f7d-x2k4p": pod, container or process
  std::string name_source;   // which rule named the service: "pod_name", "executable", ...
  std::string name_space;    // Kubernetes namespace or the like; may be empty
  std::string container_id;  // 64 hex or empty
  std::string pod_uid;
  std::string executable;  // "/usr/bin/redis-server"
  std::string command;     // first words of the command line, secrets masked
  std::string cgroup;      // path below the hierarchy root
  uint32_t pid = 0;        // leader, as the agent's pid namespace sees it
  uint32_t netns = 0;      // inode number
  std::vector<IpAddress> addresses;
  schema::NodeKind kind = schema::NodeKind::kService;
  uint64_t start_time_ns = 0;  // wall
  bool gone = false;           // the last process of it ended
  bool oom_killed = false;
};

struct EdgeKey {
  uint32_t client_instance = 0;  // 0: use client_ip
  uint32_t server_instance = 0;  // 0: use server_ip
  IpAddress client_ip;           // unspecified when the instance is known
  IpAddress server_ip;
  uint16_t server_port = 0;  // where the server listens (after NAT, where known)
  schema::L7Protocol l7_protocol = schema::L7Protocol::kUnknown;
  schema::L4Protocol l4_protocol = schema::L4Protocol::kTcp;
  schema::ObservationPoint point = schema::ObservationPoint::kClientProcess;

  bool operator==(const EdgeKey&) const = default;
};

struct EdgeSample {
  EdgeKey key;
  schema::EdgeValues values{};
  ExpHistogram rrt;  // microseconds
  ExpHistogram rtt;  // TCP connect latency, microseconds
};

struct EndpointSample {
  EdgeKey key;
  std::string endpoint;  // "GET /api/products/{id}", "productcatalog/GetProduct", "HGET"
  uint32_t request = 0;
  uint32_t response = 0;
  uint32_t client_error = 0;
  uint32_t server_error = 0;
  uint32_t timeout = 0;
  uint64_t rrt_sum = 0;  // microseconds
  uint32_t rrt_max = 0;
  ExpHistogram rrt;
};

struct InstanceSample {
  uint32_t instance = 0;
  schema::InstanceValues values{};
};

// One request, kept when slow, failed or sampled. Field names are the `request` table's.
struct RequestRecord {
  EdgeKey key;
  uint64_t time_ns = 0;  // wall, start of the request
  IpAddress client_ip;
  uint16_t client_port = 0;
  IpAddress server_ip;
  std::string version;
  std::string request_type;      // GET, HGET, SELECT, Produce
  std::string request_domain;    // host, database, topic's broker
  std::string request_resource;  // path, statement (obfuscated), key name, topic
  std::string endpoint;
  std::string request_id;
  uint64_t request_length = 0;
  uint64_t response_length = 0;
  schema::ResponseStatus status = schema::ResponseStatus::kUnknown;
  int32_t response_code = 0;
  std::string response_exception;
  std::string response_result;
  uint64_t rrt_us = 0;
  std::string trace_id;
  std::string span_id;
  std::string parent_span_id;
  std::string x_request_id;
};

struct EventRecord {
  uint64_t time_ns = 0;  // wall
  schema::EventKind kind = schema::EventKind::kMark;
  uint32_t instance = 0;
  std::string service;
  std::string text;
};

// A counted, named loss: what Panoscope did not see or had to drop, and where.
struct LossCount {
  std::string cause;   // "ring_full", "connection_table_full", "endpoint_limit", ...
  uint64_t count = 0;  // in this second
};

struct AgentHealth {
  std::string tier;   // capture tier chosen at start
  std::string stage;  // degradation stage: "full", ...
  uint64_t cpu_us = 0;
  uint64_t memory_bytes = 0;
  uint64_t events = 0;
  uint64_t connections = 0;
};

struct Batch {
  std::string agent;  // stable id of the agent
  std::string host;
  uint64_t second = 0;  // wall, whole second the samples belong to
  std::vector<InstanceInfo> instances;
  std::vector<EdgeSample> edges;
  std::vector<EndpointSample> endpoints;
  std::vector<InstanceSample> saturation;
  std::vector<RequestRecord> requests;
  std::vector<EventRecord> events;
  std::vector<LossCount> losses;
  AgentHealth health;
};

}  // namespace pano::wire

template <>
struct std::hash<pano::wire::EdgeKey> {
  size_t operator()(const pano::wire::EdgeKey& k) const noexcept {
    size_t h = k.client_instance * 0x9e3779b97f4a7c15u ^ k.server_instance * 0xc2b2ae3d27d4eb4fu;
    h ^= std::hash<pano::IpAddress>()(k.client_ip) + (h << 6);
    h ^= std::hash<pano::IpAddress>()(k.server_ip) + (h >> 3);
    h ^= (size_t{k.server_port} << 24) ^ (static_cast<size_t>(k.l7_protocol) << 16) ^
         (static_cast<size_t>(k.l4_protocol) << 8) ^ static_cast<size_t>(k.point);
    return h * 0x9e3779b97f4a7c15u;
  }
};
