// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// The state of one observed socket.
#pragma once

#include "kernel.h"

#define CONN_OPENED 1u        // user space has its tuple
#define CONN_EXISTING 2u      // older than the agent
#define CONN_SELF 4u          // of the agent itself: not observed
#define CONN_GOT_RESET 8u     // an RST arrived
#define CONN_WINDOW_SHUT 16u  // the last look found our receive window closed

struct conn_state {
  __u64 cookie;    // names the socket to user space, never twice; 0: not filled yet
  __u64 syn_ns;    // when connect() began
  __u64 reported;  // fingerprint of the counters at the last walk
  __u64 byte_tx;   // datagrams only; TCP counts for itself
  __u64 byte_rx;
  __u64 packet_tx;
  __u64 packet_rx;
  __u32 order;    // records so far
  __u32 capture;  // payload bytes per call; 0: counters only
  __u32 tgid;     // owner, once known
  __u32 zero_win;
  __u32 drops;    // listeners: sk_drops at the last walk
  __u32 retrans;  // of the socket's total_retrans, told to user space
  __u16 flags;
  __u8 role;
  __u8 owner_changes;
  __u32 pad;
};
