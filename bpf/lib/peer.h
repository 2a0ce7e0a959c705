// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Who sent a datagram: unconnected sockets have no peer of their own, it comes with each call.
#pragma once

#include "conn.h"

#if PANO_TYPED
#include "../maps/pending_peer.h"
#endif

union peer_address {
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

inline_fn int read_address(union peer_address* out, __u64 name) {
  __builtin_memset(out, 0, sizeof(*out));
  if (bpf_probe_read_user(out, sizeof(out->v4), (void*)name)) return -1;
  if (out->v4.sin_family == PANO_AF_INET) return 0;
  if (out->v4.sin_family != PANO_AF_INET6) return -1;
  return bpf_probe_read_user(out, sizeof(out->v6), (void*)name);
}

inline_fn void set_remote(struct pano_tuple* out, const union peer_address* address) {
  if (address->v4.sin_family == PANO_AF_INET)
    map_v4(out->remote, address->v4.sin_addr.s_addr);
  else
    copy_v6(out->remote, address->v6.sin6_addr.in6_u.u6_addr32);
  out->remote_port = bpf_ntohs(address->v4.sin_port);
}

// Reads the sockaddr of a call that is sending; 0 when it is an address.
inline_fn int read_remote(struct pano_tuple* out, __u64 name) {
  union peer_address address;
  if (read_address(&address, name)) return -1;
  set_remote(out, &address);
  return 0;
}

#if PANO_TYPED

// The memory may have been put to another use since: only what the kernel could have written
// counts.
inline_fn int is_sender(const union peer_address* address, __u16 family) {
  if (address->v4.sin_family != family || !address->v4.sin_port) return 0;
  if (family == PANO_AF_INET)
    return *(const __u64*)&address->v4.__pad == 0 && address->v4.sin_addr.s_addr != 0;
  return address->v6.sin6_flowinfo == 0 && address->v6.sin6_scope_id < 65536;
}

// The sender of the last datagram of `sk`, whose address has been written to user memory by now.
cold_fn int resolve_pending_peer(struct sock* sk, struct conn_state* state, __u32 tgid) {
  struct pending_peer* pending = bpf_sk_storage_get(&pending_peers, sk, 0, 0);
  if (!pending || !pending->name || pending->tgid != tgid) return 0;
  union peer_address address;
  struct pano_peer record;
  if (read_address(&address, pending->name)) return 0;
  if (!is_sender(&address, sk->__sk_common.skc_family)) return 0;
  pending->name = 0;
  fill_header(&record.header, state, PANO_PEER);
  record.header.order = pending->order;
  read_tuple(&record.tuple, sk, state->role);
  set_remote(&record.tuple, &address);
  emit(&record, sizeof(record));
  return 0;
}

inline_fn void await_peer(struct sock* sk, __u64 name, __u32 order, __u32 tgid) {
  struct pending_peer* pending =
      bpf_sk_storage_get(&pending_peers, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
  if (!pending) return;
  pending->name = name;
  pending->order = order;
  pending->tgid = tgid;
}

#endif
