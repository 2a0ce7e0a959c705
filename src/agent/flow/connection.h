// SPDX-License-Identifier: Apache-2.0
// What flow knows of one socket, and whom it tells. Connections live in the ConnectionTable of one
// shard and are touched by that shard's thread only; references are valid until the callee returns.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "agent/decode/event.h"
#include "agent/flow/segment.h"
#include "schema/metric.h"

namespace pano::flow {

// What settled the role, weakest first: a stronger source may overrule a weaker one.
enum class RoleSource : uint8_t { kNone, kPorts, kInferred, kListener, kHandshake };

struct Endpoint {
  IpAddress ip;
  uint16_t port = 0;  // host order
  bool operator==(const Endpoint&) const = default;
};

// One direction of a socket: the next sequence number, and calls that came ahead of it.
struct Stream {
  struct Held {
    decode::Event event;  // its payload view points into `bytes`
    std::vector<std::byte> bytes;
  };
  bool synced = false;
  uint32_t next_seq = 0;
  std::vector<Held> held;  // sorted by sequence number
  uint64_t held_since_ns = 0;
};

struct Connection {
  uint64_t id = 0;      // of the table and of Segment::connection
  uint64_t socket = 0;  // kernel cookie; differs from id for one peer of an unconnected UDP socket
  bool has_tuple = false;
  decode::SocketTuple tuple;
  Role role = Role::kUnknown;
  RoleSource role_source = RoleSource::kNone;
  uint32_t tgid = 0;
  bool existing = false;     // older than the agent
  bool established = false;  // TCP handshake done, or UDP bytes seen
  bool closed = false;       // lingers in the table for late lookups
  bool attempt_counted = false;
  bool outcome_counted = false;
  bool failure_counted = false;
  bool got_reset = false;
  Role ended_by = Role::kUnknown;  // the end that left first, once closed
  bool reset_unsettled = false;    // a reset in FIN_WAIT: the peer's or our own is not known yet
  uint64_t opened_ns = 0;
  uint64_t last_ns = 0;
  uint64_t closed_ns = 0;

  // The two ends as the server's host sees them: after NAT, where a translation is known.
  bool translated = false;
  Endpoint client;
  Endpoint server;
  bool peer_known = false;    // the other end's socket is on this host
  uint32_t peer_tgid = 0;     // 0 until it is known
  bool peer_guessed = false;  // peer_tgid is whoever listens there: its own socket has not spoken
  uint64_t peer_socket = 0;
  uint64_t next_resolve_ns = 0;

  schema::L7Protocol l7_protocol = schema::L7Protocol::kUnknown;
  bool l7_settled = false;

  // Cumulative counters: `seen` is the truth so far, `reported` went to the sink. Stats of sockets
  // older than the agent start at `base`.
  decode::SocketStats seen;
  decode::SocketStats reported;
  decode::SocketStats base;
  bool base_known = false;
  uint32_t syn_retrans = 0;   // reported
  uint32_t data_retrans = 0;  // seen as kRetransmit events

  Stream tx;
  Stream rx;
  std::vector<uint64_t> subflows;  // of an unconnected UDP socket

  // Links of the table's activity list.
  Connection* newer = nullptr;
  Connection* older = nullptr;

  // The process that asks, where it runs on this host and is known; else 0.
  uint32_t client_tgid() const {
    if (role == Role::kUnknown) return 0;
    return role == Role::kClient ? tgid : peer_tgid;
  }
  bool is_tcp() const { return tuple.l4_protocol == schema::L4Protocol::kTcp; }
};

// Where flow's findings go. Called on the shard's thread.
class FlowSink {
 public:
  virtual ~FlowSink() = default;
  virtual void OnSegment(const Segment& segment) = 0;
  virtual void OnCount(Connection& connection, schema::EdgeMetric metric, uint64_t amount,
                       uint64_t time_ns) = 0;
  virtual void OnConnectLatency(Connection& connection, uint64_t rtt_us, uint64_t time_ns) = 0;
  // The last word about a connection: its streams have ended.
  virtual void OnClosed(Connection& connection, uint64_t time_ns) = 0;
  // SYNs or ACKs that a full accept queue dropped at `local`.
  virtual void OnQueueOverflow(const decode::SocketTuple& local, uint32_t tgid, uint64_t amount,
                               uint64_t time_ns) = 0;
};

// What flow asks about the host. Thread safe in implementations.
class HostFacts {
 public:
  virtual ~HostFacts() = default;
  // The ends of a connection after NAT, if some namespace of this host translates it.
  struct Translation {
    Endpoint client;
    Endpoint server;
  };
  virtual bool Translate(const decode::SocketTuple& client_view, Translation& out) const = 0;
  virtual bool IsListening(uint32_t netns, uint16_t port) const = 0;
  // The process that listens on a port of a namespace; 0 when not known.
  virtual uint32_t ListenerTgid(uint32_t netns, uint16_t port) const = 0;
};

}  // namespace pano::flow
