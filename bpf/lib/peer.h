// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Who sent a datagram: unconnected sockets have no peer of their own, it comes with each call.
#pragma once

#include "../maps/pending_peer.h"
#include "conn.h"

// Reads a user-space sockaddr into `out`; 0 when it is an address.
inline_fn int read_remote(struct pano_tuple* out, __u64 name) {
  union {
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } address;
  __builtin_memset(&address, 0, sizeof(address));
  if (bpf_probe_read_user(&address, sizeof(address.v4), (void*)name)) return -1;
  if (address.v4.sin_family == PANO_AF_INET) {
    map_v4(out->remote, address.v4.sin_addr.s_addr);
  } else if (address.v4.sin_family == PANO_AF_INET6) {
    if (bpf_probe_read_user(&address, sizeof(address.v6), (void*)name)) return -1;
    copy_v6(out->remote, address.v6.sin6_addr.in6_u.u6_addr32);
  } else {
    return -1;
  }
  out->remote_port = bpf_ntohs(address.v4.sin_port);
  return 0;
}

// The sender of the last datagram of `sk`, whose address has been written to user memory by now.
inline_fn void resolve_pending_peer(struct sock* sk, struct conn_state* state, __u32 tgid) {
  struct pending_peer* pending = bpf_sk_storage_get(&pending_peers, sk, 0, 0);
  if (!pending || !pending->name || pending->tgid != tgid) return;
  struct pano_peer record;
  fill_header(&record.header, state, PANO_PEER);
  record.header.order = pending->order;
  read_tuple(&record.tuple, sk, state->role);
  if (read_remote(&record.tuple, pending->name) == 0) emit(&record, sizeof(record));
  pending->name = 0;
}

inline_fn void await_peer(struct sock* sk, __u64 name, __u32 order, __u32 tgid) {
  struct pending_peer* pending =
      bpf_sk_storage_get(&pending_peers, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
  if (!pending) return;
  pending->name = name;
  pending->order = order;
  pending->tgid = tgid;
}
