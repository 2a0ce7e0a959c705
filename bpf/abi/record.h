// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// What the kernel side hands to user space. Every record begins with pano_header; `type` says what
// follows. Host byte order, explicit padding, no bool, enum, pointer or bit-field.
// Readers accept records longer than they know (fields are only ever appended).
#pragma once

#include "layout.h"

// NOLINTBEGIN(readability-identifier-naming): kernel C names

#define PANO_ABI_VERSION 1

// pano_header.type
#define PANO_OPEN 1            // pano_open
#define PANO_DATA 2            // pano_data, payload
#define PANO_DATA_ADDRESSED 3  // pano_data_addressed, payload: the peer comes with the datagram
#define PANO_PEER 4            // pano_peer: the sender of an earlier datagram
#define PANO_CONNECTED 5       // pano_connected
#define PANO_ACCEPTED 6        // pano_header
#define PANO_CLOSED 7          // pano_closed
#define PANO_STATS 8           // pano_closed, the socket lives
#define PANO_RETRANSMIT 9      // pano_retransmit
#define PANO_RESET 10          // pano_reset
#define PANO_ACCEPT_QUEUE 11   // pano_accept_queue
#define PANO_EXEC 12           // pano_process
#define PANO_EXIT 13           // pano_process

// pano_header.flags
#define PANO_FLAG_EXISTING 1u    // the socket is older than the agent
#define PANO_FLAG_PEER_LATER 2u  // the sender follows in a PANO_PEER of the same socket and order
#define PANO_FLAG_IO_URING 4u    // moved by io_uring
#define PANO_FLAG_FAULT 8u       // user memory could not be read: payload is missing
#define PANO_FLAG_SPLICED 16u    // sendfile or splice: there is no user memory to copy from

#define PANO_TX 0
#define PANO_RX 1

#define PANO_ROLE_UNKNOWN 0
#define PANO_ROLE_CLIENT 1
#define PANO_ROLE_SERVER 2

struct pano_header {
  __u64 time_ns;  // CLOCK_MONOTONIC
  __u64 socket;   // cookie; 0: none
  __u32 tgid;     // owner, numbers of the first pid namespace; 0: not known
  __u32 tid;
  __u16 type;
  __u16 flags;
  __u32 order;  // counts the records of one socket, so that equal times keep their order
};
LAYOUT_ASSERT(struct pano_header, 32);

// IPv4 is written IPv4-mapped (::ffff:a.b.c.d), addresses in network order, ports in host order.
struct pano_tuple {
  __u8 local[16];
  __u8 remote[16];
  __u16 local_port;
  __u16 remote_port;
  __u32 netns;  // inode number
  __u8 l4_protocol;
  __u8 role;
  __u8 tcp_state;
  __u8 pad[5];
};
LAYOUT_ASSERT(struct pano_tuple, 48);

struct pano_open {
  struct pano_header header;
  struct pano_tuple tuple;
};
LAYOUT_ASSERT(struct pano_open, 80);

struct pano_data {
  struct pano_header header;
  __u32 length;     // bytes the call moved
  __u32 tcp_seq;    // of the first of them; 0 for UDP
  __u32 captured;   // payload bytes that follow
  __u32 waited_us;  // receive: from the arrival of the last segment to the read; 0 where unknown
  __u8 direction;
  __u8 pad[7];
};
LAYOUT_ASSERT(struct pano_data, 56);

struct pano_data_addressed {
  struct pano_data data;
  struct pano_tuple tuple;
};
LAYOUT_ASSERT(struct pano_data_addressed, 104);

struct pano_peer {
  struct pano_header header;  // order: of the datagram this belongs to
  struct pano_tuple tuple;
};
LAYOUT_ASSERT(struct pano_peer, 80);

struct pano_connected {
  struct pano_header header;
  __u64 latency_ns;
  __s32 error;  // errno; 0: established
  __u32 syn_retrans;
  __u8 reset;  // refused by an RST
  __u8 pad[7];
};
LAYOUT_ASSERT(struct pano_connected, 56);

struct pano_stats {
  __u64 byte_tx;
  __u64 byte_rx;
  __u64 packet_tx;
  __u64 packet_rx;
  __u32 retrans;
  __u32 ooo_rx;
  __u32 zero_win_tx;
  __u32 srtt_us;
};
LAYOUT_ASSERT(struct pano_stats, 48);

struct pano_closed {
  struct pano_header header;
  struct pano_stats stats;
  __u8 l4_protocol;
  __u8 tcp_state;  // the state it left
  __u8 timed_out;  // 1: given up, the peer was silent for too long
  __u8 orphaned;   // 1: no process holds it any more; else it was at most shut down
  __u8 pad[4];
};
LAYOUT_ASSERT(struct pano_closed, 88);

struct pano_retransmit {
  struct pano_header header;
  struct pano_tuple tuple;  // tcp_state 2: SYN, 3: SYN+ACK (socket 0, half-open), others: data
  __u32 segments;
  __u32 pad;
};
LAYOUT_ASSERT(struct pano_retransmit, 88);

struct pano_reset {
  struct pano_header header;
  struct pano_tuple tuple;
  __u8 received;  // 1: from the peer, 0: sent by this end
  __u8 pad[7];
};
LAYOUT_ASSERT(struct pano_reset, 88);

struct pano_accept_queue {
  struct pano_header header;  // socket: the listener
  struct pano_tuple tuple;    // its local end
  __u32 level;
  __u32 limit;
  __u32 overflow;  // SYNs and ACKs dropped since the last record (sk_drops of the listener)
  __u32 pad;
};
LAYOUT_ASSERT(struct pano_accept_queue, 96);

struct pano_process {
  struct pano_header header;
  __s32 exit_code;  // as for wait(2): code << 8 or signal
  __u8 comm[16];
  __u32 pad;
};
LAYOUT_ASSERT(struct pano_process, 56);

// NOLINTEND(readability-identifier-naming)
