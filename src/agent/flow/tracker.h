// SPDX-License-Identifier: Apache-2.0
// in: decode::Event  out: flow::Segment and L4 counts (FlowSink)
// The connections of one shard: their ends, roles, streams and L4 counters. One thread, but for the
// PeerIndex and HostFacts it shares with other shards.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <unordered_set>
#include <vector>

#include "agent/decode/event.h"
#include "agent/flow/connection.h"
#include "agent/flow/connection_table.h"
#include "agent/flow/peer_index.h"
#include "agent/flow/stream_order.h"

namespace pano::flow {

struct TrackerCounts {
  uint64_t events = 0;
  uint64_t evicted = 0;        // connections dropped because the table was full
  uint64_t open_missed = 0;    // sockets first seen without their tuple
  uint64_t roles_guessed = 0;  // roles taken from port numbers
  OrderCounts order;
};

class Tracker {
 public:
  Tracker(size_t capacity, PeerIndex& peers, const HostFacts& facts, FlowSink& sink);

  void OnEvent(const decode::Event& event);
  // Role and protocol as l7 inference found them.
  void SetRole(uint64_t connection, Role role, uint64_t now_ns);
  // `settled`: it will not turn into another one (HTTP/2 may turn out to carry gRPC).
  void SetProtocol(uint64_t connection, schema::L7Protocol protocol, bool settled);
  // Lets go of calls that waited long enough for missing bytes. Cheap; after every poll.
  void Release(uint64_t now_ns);
  // Once a second: resolves ends and roles, forgets what closed long ago.
  void Tick(uint64_t now_ns);
  // Tries to find the other end; true once it is known.
  bool Resolve(Connection& connection, uint64_t now_ns);

  Connection* Find(uint64_t connection) { return table_.Find(connection); }
  template <typename Visit>
  void ForEach(Visit&& visit) {
    table_.ForEach(visit);
  }
  size_t size() const { return table_.size(); }
  TrackerCounts counts() const;

 private:
  Connection& Ensure(const decode::Event& event);
  Connection& SubflowOf(Connection& socket, const decode::Event& event);
  void SetTuple(Connection& c, const decode::SocketTuple& tuple);
  void TakeRole(Connection& c, Role role, RoleSource source, uint64_t now_ns);
  void SetEnds(Connection& c);
  void PutInIndex(const Connection& c);
  void CloseInIndex(const Connection& c);
  void DropFromIndex(const Connection& c);

  void OnSocketless(const decode::Event& event);
  void OnOpen(Connection& c, const decode::Event& event);
  void OnData(Connection& c, const decode::Event& event);
  void OnConnected(Connection& c, const decode::Event& event);
  void OnAccepted(Connection& c, const decode::Event& event);
  void OnRetransmit(Connection& c, const decode::Event& event);
  void OnReset(Connection& c, const decode::Event& event);
  void CountReset(Connection& c, bool own, uint64_t time_ns);
  void OnClosed(Connection& c, const decode::Event& event);
  void Close(Connection& c, uint64_t time_ns);

  void CountAttempt(Connection& c, uint64_t time_ns);
  void CountFailure(Connection& c, const decode::Event& event);
  void TakeStats(Connection& c, const decode::SocketStats& stats);
  void Report(Connection& c, uint64_t time_ns);
  void Emit(Connection& c, const decode::Event& event, uint32_t skip, uint32_t gap);
  void ReleaseStreams(Connection& c, uint64_t now_ns, bool force);

  PeerIndex& peers_;
  const HostFacts& facts_;
  FlowSink& sink_;
  ConnectionTable table_;
  TrackerCounts counts_;
  std::unordered_set<uint64_t> holding_;  // connections with calls held for order
  std::map<std::tuple<uint64_t, IpAddress, uint16_t>, uint64_t> subflows_;
  uint64_t next_subflow_ = 0;
};

}  // namespace pano::flow
