// SPDX-License-Identifier: Apache-2.0
// in: flow counts and session::Request  out: wire::EdgeSample, EndpointSample, RequestRecord
// Adds up one shard's seconds. A connection whose ends or protocol are not known yet has a slot of
// its own, so that everything counted before is still put on the right edge when the second is
// flushed. Counts are exact; only names of endpoints and kept requests are capped. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/flow/connection.h"
#include "agent/session/request.h"
#include "wire/batch.h"

namespace pano::metric {

// Who owns a process or an address; instance ids, 0 when not known here.
class Directory {
 public:
  virtual ~Directory() = default;
  virtual uint32_t InstanceOf(uint32_t tgid) = 0;
  virtual uint32_t InstanceAt(const IpAddress& ip, uint16_t port) = 0;
  // The process that listens on a port of a network namespace.
  virtual uint32_t ListenerTgid(uint32_t netns, uint16_t port) const = 0;
};

struct AggregatorOptions {
  uint64_t slow_us = 500'000;   // requests slower than this are kept
  uint32_t sample_every = 128;  // and one in this many of the others
  uint32_t max_kept_per_second = 200;
  uint32_t max_sampled_per_second = 50;
  uint32_t max_endpoints = 200;  // of one server
  uint32_t self_tgid = 0;        // its own traffic is not shown; 0: show all
};

struct AggregatorCounts {
  uint64_t endpoint_limit = 0;  // requests counted under "other"
  uint64_t kept_limit = 0;      // slow or failed requests not kept as records
  uint64_t late = 0;            // events of a second already flushed, counted in the next
  uint64_t unknown_socket = 0;  // counts of connections whose ends were never seen
};

// Of one open connection, at the end of a second.
struct ConnectionLevels {
  uint32_t in_flight = 0;
  uint64_t oldest_us = 0;     // age of the oldest request in flight
  uint64_t consumer_lag = 0;  // records
};

class Aggregator {
 public:
  Aggregator(const AggregatorOptions& options, Directory& directory);

  // Times are wall nanoseconds.
  void Count(const flow::Connection& c, schema::EdgeMetric metric, uint64_t amount,
             uint64_t wall_ns);
  void ConnectLatency(const flow::Connection& c, uint64_t rtt_us, uint64_t wall_ns);
  void Session(const flow::Connection& c, session::SessionEvent event,
               const session::Request& request, uint64_t request_wall_ns, uint64_t event_wall_ns);
  // SYNs a listener's full queue dropped, whoever sent them.
  void QueueOverflow(const decode::SocketTuple& local, uint32_t tgid, uint64_t amount,
                     uint64_t wall_ns);
  // Levels at the end of a second, of every open connection.
  void Levels(const flow::Connection& c, const ConnectionLevels& levels, uint64_t second);

  // Ends every second up to `second` into `out`. `find` answers the connection as it is known now,
  // or null.
  using FindConnection = std::function<const flow::Connection*(uint64_t)>;
  void Flush(uint64_t second, const FindConnection& find, wire::Batch& out);

  void SetKeepRequests(bool sampled, bool any) { keep_sampled_ = sampled, keep_any_ = any; }
  void SetFoldEndpoints(bool fold) { fold_endpoints_ = fold; }
  AggregatorCounts counts() const { return counts_; }

 private:
  // What identifies an edge before instances are looked up.
  struct RawKey {
    uint64_t connection = 0;  // 0: its ends are settled and the slot is shared
    uint32_t client_tgid = 0;
    uint32_t server_tgid = 0;
    IpAddress client_ip;
    IpAddress server_ip;
    uint16_t server_port = 0;
    schema::L7Protocol l7 = schema::L7Protocol::kUnknown;
    schema::L4Protocol l4 = schema::L4Protocol::kTcp;
    schema::ObservationPoint point = schema::ObservationPoint::kClientProcess;
    bool operator==(const RawKey&) const = default;
  };
  struct RawKeyHash {
    size_t operator()(const RawKey& k) const noexcept;
  };
  struct Slot {
    schema::EdgeValues values{};
    ExpHistogram rrt;
    ExpHistogram rtt;
    std::map<std::string, wire::EndpointSample, std::less<>> endpoints;
    std::vector<wire::RequestRecord> kept;
    RawKey ends;  // as last known, for a private slot whose connection is gone
  };
  struct Second {
    std::unordered_map<RawKey, Slot, RawKeyHash> slots;
    std::unordered_map<uint64_t, Slot> own;  // by connection
    uint32_t kept = 0;
    uint32_t sampled = 0;
    std::map<std::pair<uint32_t, uint16_t>, uint64_t> overflow;  // (tgid, port)
  };

  Second& SecondOf(uint64_t wall_ns);
  Slot& SlotOf(const flow::Connection& c, Second& second);
  RawKey Ends(const flow::Connection& c) const;
  static bool Settled(const flow::Connection& c);
  wire::EdgeKey Resolve(const RawKey& raw);
  static void CountError(const session::Request& r, Slot& slot, wire::EndpointSample& endpoint);
  wire::EndpointSample& EndpointOf(Slot& slot, const flow::Connection& c,
                                   const session::Request& request);
  void Keep(Second& second, Slot& slot, const flow::Connection& c, session::SessionEvent event,
            const session::Request& request, uint64_t request_wall_ns);
  void Merge(const wire::EdgeKey& key, Slot& slot, wire::Batch& out);
  void PlaceOverflow(Second& second, wire::Batch& out);

  const AggregatorOptions options_;
  Directory& directory_;
  AggregatorCounts counts_;
  std::map<uint64_t, Second> seconds_;
  uint64_t flushed_ = 0;  // every second up to this one
  bool keep_sampled_ = true;
  bool keep_any_ = true;
  bool fold_endpoints_ = false;
  std::unordered_map<uint64_t, std::set<std::string, std::less<>>> endpoint_names_;
  // What was learned of servers, for connections that say too little themselves.
  std::unordered_map<uint64_t, schema::L7Protocol> protocol_at_;  // by instance and port
  struct RealServer {
    uint32_t instance = 0;
    uint16_t port = 0;
  };
  std::unordered_map<uint64_t, RealServer> service_at_;  // by translated address and port
  // Where the samples of this flush are, while it runs.
  std::unordered_map<wire::EdgeKey, size_t> edge_at_;
  std::map<std::pair<size_t, std::string>, size_t> endpoint_at_;
};

}  // namespace pano::metric
