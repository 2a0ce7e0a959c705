// SPDX-License-Identifier: Apache-2.0
// What was seen of edges and nodes over a stretch of time: the input of every number the API shows,
// whether it comes from memory or from the store. Plain data.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/exp_histogram.h"
#include "schema/metric.h"
#include "server/tag/row.h"

namespace pano::live {

// One observation point. Counts are sums over the window, levels those of its end.
struct SideWindow {
  bool seen = false;
  schema::EdgeValues values{};
  ExpHistogram rrt;
  ExpHistogram rtt;

  uint64_t operator[](schema::EdgeMetric m) const { return values[static_cast<size_t>(m)]; }
  // Another instance pair or edge of the same time.
  void AddAcross(const SideWindow& other);
  // The next second of the same side; `later` may be quiet.
  void AddLater(const SideWindow& later);
};

struct EdgeWindow {
  double seconds = 0;  // seconds somebody watched; 0: nothing is known
  SideWindow client;   // c-p
  SideWindow server;   // s-p

  bool seen() const { return client.seen || server.seen; }
  // One request is counted once: the client's view, unless only the server's knows requests.
  const SideWindow& Requests() const;
  // Connects and segments: the client's view when it was seen.
  const SideWindow& Transport() const;

  void AddAcross(const EdgeWindow& other);
};

// Saturation of a service, its instances together. cpu_quota, memory_limit and psi are 0 in
// `values` when an instance has none; psi is the worst instance's.
struct NodeWindow {
  double seconds = 0;  // seconds somebody reported; 0: nothing is known
  schema::InstanceValues values{};
  uint32_t replicas = 0;

  double operator[](schema::InstanceMetric m) const {
    return static_cast<double>(values[static_cast<size_t>(m)]);
  }
  void AddInstance(const schema::InstanceValues& instance, bool first);
  void AddLater(const NodeWindow& later);
};

struct EdgeEntry {
  uint32_t id = 0;
  tag::EdgeId edge;
  EdgeWindow window;
};

struct NodeEntry {
  uint32_t service = 0;
  NodeWindow window;
};

struct WindowSet {
  uint64_t from = 0;  // [from, to)
  uint64_t to = 0;
  std::vector<EdgeEntry> edges;
  std::vector<NodeEntry> nodes;
  std::vector<std::pair<std::string, uint64_t>> losses;  // by cause
};

}  // namespace pano::live
