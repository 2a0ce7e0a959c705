// SPDX-License-Identifier: Apache-2.0
// What the analysis looks at: the map's nodes and edges with their last seconds. live/ builds it
// every second; tests and recorded runs build it too. Plain data, no behaviour, no ids but the
// map's own. A window of 10 to 30 s is meant (15 by default); whole phases work as well.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/exp_histogram.h"
#include "schema/tag.h"

namespace pano::analysis {

// Saturation of a service in one second, all its instances together.
struct NodeSecond {
  bool known = false;             // false: nothing reported for that second
  double cpu_usage = 0;           // cores
  double cpu_quota = 0;           // cores, sum; 0 is no quota
  double cpu_throttled = 0;       // 0..1: share of CPU periods that were cut short by the quota
  double run_queue_wait = 0;      // seconds threads waited for a CPU, per second
  double accept_queue = 0;        // connections waiting for accept(), sum
  double accept_queue_limit = 0;  // sum; 0 is not known
  double listen_overflow = 0;     // count
  double memory_used = 0;         // bytes
  double memory_limit = 0;        // bytes; 0 is no limit
  double oom_kills = 0;           // count
};

struct Node {
  uint32_t id = 0;  // service id; unique in the input
  std::string name;
  schema::NodeKind kind = schema::NodeKind::kService;
  uint32_t replicas = 1;
  std::vector<NodeSecond> seconds;  // oldest first, newest is the last second; empty: unseen node
};

// One second of an edge as one side saw it. Counts are of that second.
struct EdgeSecond {
  bool known = false;  // false: this side reported nothing; a quiet second is known and all zero
  double bytes = 0;
  double requests = 0;
  double responses = 0;
  double client_errors = 0;
  double server_errors = 0;
  double timeouts = 0;
  double latency_sum_us = 0;       // of `responses`
  double in_flight = 0;            // level
  double oldest_in_flight_us = 0;  // level
  double connects = 0;             // attempts, failed ones included
  double connect_failures = 0;
  double retrans_syn = 0;
  double server_resets = 0;    // connects answered with RST
  double accept_overflow = 0;  // connects that met a full accept queue
  double retrans = 0;          // data segments sent again, both ways
  double packets = 0;          // data segments, both ways
  double records = 0;          // of a log its consumers moved past
  double consumer_lag = 0;     // level: records that wait for them
};

struct EdgeView {
  std::vector<EdgeSecond> seconds;  // oldest first; empty: this side was not seen
  ExpHistogram latency;             // us, merged over the window
  ExpHistogram connect_latency;     // us, merged over the window
};

// Does the caller wait for the answer? kAuto: a Kafka edge is asynchronous (a consumer's Fetch
// waits by design), every other protocol synchronous. Set kAsync for long polls, subscriptions
// and streams; kSync for a Kafka client that only produces.
enum class Coupling : uint8_t { kAuto, kSync, kAsync };

struct Edge {
  uint32_t id = 0;      // unique in the input
  uint32_t client = 0;  // node ids; an edge to a node that is not in the input is ignored
  uint32_t server = 0;
  uint16_t port = 0;
  schema::L7Protocol protocol = schema::L7Protocol::kUnknown;
  Coupling coupling = Coupling::kAuto;
  EdgeView client_view;  // c-p
  EdgeView server_view;  // s-p
};

struct Input {
  uint64_t time = 0;  // unix second just after the newest second of the series
  std::vector<Node> nodes;
  std::vector<Edge> edges;
};

// Whether the latency of such an edge means anything to its caller; where not, the map shows it but
// does not judge it (feed kUnknown to the StateTracker).
inline bool LatencyCounts(schema::L7Protocol protocol, Coupling coupling = Coupling::kAuto) {
  if (coupling != Coupling::kAuto) return coupling == Coupling::kSync;
  return protocol != schema::L7Protocol::kKafka;
}

}  // namespace pano::analysis
