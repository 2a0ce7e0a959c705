// SPDX-License-Identifier: Apache-2.0
// in: wire::Batch  out: tag::TaggedBatch
// Samples with the server's integer ids for services, instances and endpoints (SmartEncoding):
// rows carry ids, the dictionaries turn ids into names. Ids are stable across restarts of the
// server (kept in the store's dictionary tables) and start at 1; 0 is "none".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/exp_histogram.h"
#include "base/ip_address.h"
#include "schema/metric.h"
#include "schema/tag.h"
#include "wire/batch.h"

namespace pano::tag {

struct Service {
  uint32_t id = 0;
  std::string name;
  std::string name_space;
  schema::NodeKind kind = schema::NodeKind::kService;
};

struct Instance {
  uint32_t id = 0;
  uint32_t service = 0;
  std::string agent;  // host agent that sees it
  wire::InstanceInfo info;
  uint64_t first_second = 0;
  uint64_t last_second = 0;
  bool gone = false;
};

// An edge of the map: services, port and protocol. Both observation points join here.
struct EdgeId {
  uint32_t client_service = 0;
  uint32_t server_service = 0;
  uint16_t server_port = 0;
  schema::L7Protocol l7_protocol = schema::L7Protocol::kUnknown;
  schema::L4Protocol l4_protocol = schema::L4Protocol::kTcp;
  auto operator<=>(const EdgeId&) const = default;
};

struct EdgeRow {
  EdgeId edge;
  uint32_t client_instance = 0;
  uint32_t server_instance = 0;
  schema::ObservationPoint point = schema::ObservationPoint::kClientProcess;
  schema::EdgeValues values{};
  ExpHistogram rrt;
  ExpHistogram rtt;
};

struct EndpointRow {
  EdgeId edge;
  schema::ObservationPoint point = schema::ObservationPoint::kClientProcess;
  uint32_t endpoint = 0;
  wire::EndpointSample sample;  // key and endpoint text emptied
};

struct InstanceRow {
  uint32_t service = 0;
  uint32_t instance = 0;
  schema::InstanceValues values{};
};

struct EventRow {
  uint64_t time_ns = 0;
  schema::EventKind kind = schema::EventKind::kMark;
  uint32_t service = 0;
  uint32_t instance = 0;
  std::string text;
};

struct TaggedBatch {
  uint64_t second = 0;
  std::string agent;
  std::vector<Service> new_services;
  std::vector<Instance> new_instances;  // new or changed
  std::vector<std::pair<uint32_t, std::string>> new_endpoints;
  std::vector<EdgeRow> edges;
  std::vector<EndpointRow> endpoints;
  std::vector<InstanceRow> saturation;
  std::vector<EventRow> events;
  std::vector<std::pair<EdgeId, wire::RequestRecord>> requests;
  std::vector<wire::LossCount> losses;
  wire::AgentHealth health;
};

}  // namespace pano::tag
