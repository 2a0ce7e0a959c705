// SPDX-License-Identifier: Apache-2.0
// in: flow::Segment  out: session::Request with its SessionEvent
// Finds out what a connection speaks, runs its parser, and matches responses to requests: in order,
// or by the ids of the protocol. One Tracker per shard thread; nothing in it locks.
//
// Times. A request starts with the segment that held its first byte and ends with the segment that
// held the byte completing its response; body bytes that were not captured still count. A request
// that waits past the limit times out once, while it waits; one whose response has begun does not.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/flow/segment.h"
#include "agent/l7/driver.h"
#include "agent/l7/registry.h"
#include "agent/session/request.h"

namespace pano::session {

// What is known about a connection at the moment.
struct ConnectionFacts {
  schema::L7Protocol protocol = schema::L7Protocol::kUnknown;
  bool settled = false;                    // inference is over, whatever it found
  flow::Role role = flow::Role::kUnknown;  // of the observed end: the segment's, or inferred
  bool role_inferred = false;
  uint32_t capture_bytes = 0;  // payload per I/O worth copying; 0: none
  uint32_t in_flight = 0;
  uint64_t oldest_request_ns = 0;  // start of the oldest request in flight; 0: none
  uint64_t consumer_lag = 0;       // records not fetched when last asked
};

class RequestSink {
 public:
  virtual ~RequestSink() = default;
  // `request` lives until this returns. A one-way request finishes right after it started.
  virtual void OnSession(SessionEvent event, const Request& request) = 0;
  // Protocol, role or wanted capture changed.
  virtual void OnFacts(uint64_t connection, const ConnectionFacts& facts) = 0;
};

struct TrackerLimits {
  uint64_t timeout_ns = 10'000'000'000;
  size_t max_connections = 131072;
  size_t max_in_flight = 4096;          // per connection
  uint32_t sniff_capture_bytes = 4096;  // while the protocol is being found out
};

// What was lost or degraded here, since the start.
struct CauseCount {
  std::string_view cause;
  uint64_t count = 0;
};

class Tracker final : private l7::MessageHandler {
 public:
  Tracker(const TrackerLimits& limits, RequestSink& sink);
  ~Tracker() override;

  // Driving. Times are CLOCK_MONOTONIC nanoseconds.
  void OnSegment(const flow::Segment& segment);
  void OnClosed(uint64_t connection, uint64_t time_ns, Ending ending = Ending::kUnknown);
  // Timeouts, doubtful waits, eviction: call about once a second, or more often for sharper limits.
  void Sweep(uint64_t now_ns);
  // The protocol is known from elsewhere: no inference. Before the first segment.
  void Assume(uint64_t connection, const l7::Protocol& protocol);
  void SetTimeout(uint64_t timeout_ns) { limits_.timeout_ns = timeout_ns; }

  // Looking. An unknown connection answers default facts.
  ConnectionFacts Facts(uint64_t connection) const;
  size_t connections() const { return connections_.size(); }
  std::vector<CauseCount> Counters() const;

 private:
  struct Pending;
  struct Connection;
  struct Prefix;

  void OnMessage(const l7::Message& message) override;
  void OnDesync(l7::Toward toward) override;

  Connection* FindOrAdd(uint64_t connection, const flow::Segment& segment);
  void Sniff(Connection& c, const flow::Segment& segment);
  void SniffDatagram(Connection& c, const flow::Segment& segment);
  void Settle(Connection& c, const l7::Guess& guess, flow::Direction direction);
  void SettleOpaque(Connection& c, schema::L7Protocol protocol);
  void FeedPrefixes(Connection& c);
  void Feed(Connection& c, const flow::Segment& segment);
  void AfterFeed(Connection& c);
  void Notify(Connection& c);

  void StartRequest(Connection& c, const l7::Message& m);
  void GoOnRequest(Connection& c, const l7::Message& m);
  void TakeResponse(Connection& c, const l7::Message& m);
  Pending* Match(Connection& c, const l7::Message& m);
  void Finish(Connection& c, Pending* pending, uint64_t time_ns);
  void FlushLost(Connection& c);
  void ResolveDoubt(Connection& c);
  void Drop(Connection& c, Pending* pending);
  bool SweepConnection(Connection& c, uint64_t now_ns);

  Pending* Take();
  void Give(Pending* pending);

  TrackerLimits limits_;
  RequestSink& sink_;
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Pending>> pool_;  // every Pending there is
  std::vector<Pending*> free_;
  std::unique_ptr<l7::Message> message_;  // lent to drivers
  Connection* current_ = nullptr;         // whose driver is running

  l7::DriverCounters driver_counters_;
  uint64_t orphan_response_ = 0;
  uint64_t request_lost_ = 0;
  uint64_t in_flight_overflow_ = 0;
  uint64_t connection_table_full_ = 0;
  uint64_t connection_evicted_ = 0;
  uint64_t unknown_protocol_ = 0;
  uint64_t wrong_inference_ = 0;
  uint64_t protocol_abandoned_ = 0;
};

}  // namespace pano::session
