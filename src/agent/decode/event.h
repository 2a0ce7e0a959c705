// SPDX-License-Identifier: Apache-2.0
// in: source::RawRecord  out: decode::Event
// A kernel record with its fields checked and typed. Times are CLOCK_MONOTONIC nanoseconds.
// Payload views live until the sink of the source returns.
#pragma once

#include <cstdint>

#include "base/cursor.h"
#include "base/ip_address.h"
#include "schema/tag.h"

namespace pano::decode {

enum class EventType : uint8_t {
  kOpen,         // a socket became known: tuple, role, owner. Sent once, again if something changed
  kData,         // one send or receive call that moved bytes
  kConnected,    // client side: handshake finished, or failed (error != 0); SYN_SENT -> ...
  kAccepted,     // server side: handshake finished
  kClosed,       // TCP state CLOSE reached, or the socket was released; carries final stats
  kStats,        // cumulative L4 counters of one socket, about once a second while it is active
  kRetransmit,   // a segment was sent again
  kReset,        // an RST was sent or received
  kAcceptQueue,  // level of one listener's accept queue, or an overflow of it
  kProcessExec,
  kProcessExit,
};

enum class Direction : uint8_t { kTx, kRx };
enum class Role : uint8_t { kUnknown, kClient, kServer };

// Which end of a connection left it first, as its socket's last state tells. kOpen: neither had.
enum class Ended : uint8_t { kUnknown, kByLocal, kByPeer, kOpen };

struct SocketTuple {
  IpAddress local;
  IpAddress remote;
  uint16_t local_port = 0;   // host order
  uint16_t remote_port = 0;  // host order
  uint32_t netns = 0;        // inode number
  schema::L4Protocol l4_protocol = schema::L4Protocol::kTcp;

  bool operator==(const SocketTuple&) const = default;
};

// Cumulative since the socket's birth (TCP) or since it was first seen.
struct SocketStats {
  uint64_t byte_tx = 0;
  uint64_t byte_rx = 0;
  uint64_t packet_tx = 0;
  uint64_t packet_rx = 0;
  uint32_t retrans = 0;  // tcp_sock.total_retrans
  uint32_t ooo_rx = 0;   // tcp_sock.rcv_ooopack
  // Closings of this end's receive window that lasted until a look at it: once a second, or at
  // every segment with the tcp_probe option.
  uint32_t zero_win_tx = 0;
  uint32_t srtt_us = 0;  // 0: no sample yet
};

struct Event {
  EventType type = EventType::kOpen;
  uint64_t time_ns = 0;
  uint64_t socket = 0;  // socket cookie, unique while the host runs; 0 where none applies
  uint32_t tgid = 0;    // 0: not known (softirq)
  uint32_t tid = 0;

  // kOpen (always), kRetransmit, kReset, kAcceptQueue (local end), kData of unconnected UDP where
  // the peer is known. kRetransmit of a SYN+ACK and kReset may have no socket (0): the tuple tells.
  bool has_tuple = false;
  SocketTuple tuple;
  Role role = Role::kUnknown;
  bool existing = false;  // kOpen: older than the agent

  // kData
  Direction direction = Direction::kTx;
  uint32_t tcp_seq = 0;  // sequence number of the first byte; 0 for UDP
  uint32_t length = 0;   // bytes moved; payload may hold fewer
  Bytes payload;         // the first payload.size() of them
  // kRx of TCP: from the arrival of the last segment to the read, in microseconds (queueing in
  // front of the reader); 0 where unknown.
  uint32_t waited_us = 0;
  bool spliced = false;  // sendfile or splice: length counts, payload cannot be seen

  // kConnected: errno of a failed connect; ECANCELED: closed by the application while connecting,
  // EADDRNOTAVAIL: no local port left. kClosed: ETIMEDOUT where TCP gave up on a silent peer.
  int error = 0;
  uint64_t latency_ns = 0;   // SYN_SENT to the outcome
  uint32_t syn_retrans = 0;  // SYNs sent again on the way
  bool reset = false;        // kConnected failure by RST; kReset: true = received, false = sent

  Ended ended = Ended::kUnknown;  // kClosed

  // kRetransmit: 2 = SYN_SENT, 3 = SYN_RECV, others data (include/net/tcp_states.h).
  // kReset: state of the socket when it happened.
  uint8_t tcp_state = 0;
  uint32_t segments = 0;  // kRetransmit: segments sent again at once

  // kClosed, kStats
  SocketStats stats;

  // kAcceptQueue
  uint32_t accept_queue = 0;
  uint32_t accept_queue_limit = 0;
  uint32_t accept_overflow = 0;  // SYNs or ACKs dropped since the last record

  // kProcessExit
  int exit_code = 0;
};

}  // namespace pano::decode
