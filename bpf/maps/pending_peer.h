// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// An unconnected datagram socket's last receive: the kernel writes the sender's address to user
// memory only after the hook, so it is read at the socket's next call.
#pragma once

#include "../lib/kernel.h"

struct pending_peer {
  __u64 name;   // user address of the sockaddr; 0: nothing pending
  __u32 order;  // of the datagram
  __u32 tgid;   // whose memory it is
};

struct {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct pending_peer);
} pending_peers __weak SEC(".maps");
