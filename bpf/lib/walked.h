// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Reading sockets reached through open files: the verifier knows no type for them, so every field
// is read by a guarded copy, relocated for the running kernel.
#pragma once

#include "conn.h"
#include "peer.h"

#define S_IFMT_BITS 0170000
#define S_IFSOCK_BITS 0140000
#define DATAGRAM_ID (1ull << 63)  // sockets without a cookie go by the number of their inode

struct walked {
  struct sock* sk;
  __u64 id;  // key of conn_table
  __u16 protocol;
  __u16 dport;
};

inline_fn struct file* file_of(int fd) {
  struct task_struct* task = bpf_get_current_task_btf();
  struct fdtable* table = BPF_CORE_READ(task, files, fdt);
  struct file** files = BPF_CORE_READ(table, fd);
  struct file* file = 0;
  if ((__u32)fd >= BPF_CORE_READ(table, max_fds)) return 0;
  bpf_probe_read_kernel(&file, sizeof(file), files + (__u32)fd);
  return file;
}

// 0: an IPv4 or IPv6 socket of TCP or UDP.
inline_fn int walk_to_socket(struct file* file, struct walked* out) {
  if (!file) return -1;
  if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT_BITS) != S_IFSOCK_BITS) return -1;
  struct socket* socket = BPF_CORE_READ(file, private_data);
  struct sock* sk = BPF_CORE_READ(socket, sk);
  if (!sk || !is_inet(BPF_CORE_READ(sk, __sk_common.skc_family))) return -1;
  out->sk = sk;
  out->protocol = BPF_CORE_READ(sk, sk_protocol);
  out->dport = BPF_CORE_READ(sk, __sk_common.skc_dport);
  if (out->protocol != IPPROTO_TCP && out->protocol != IPPROTO_UDP) return -1;
  out->id = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
  if (out->protocol == IPPROTO_UDP || !out->id)
    out->id = DATAGRAM_ID | BPF_CORE_READ(file, f_inode, i_ino);
  return 0;
}

inline_fn void walked_tuple(struct pano_tuple* out, const struct walked* from, __u8 role) {
  const struct sock* sk = from->sk;
  __u32 words[4];
  __builtin_memset(out, 0, sizeof(*out));
  if (BPF_CORE_READ(sk, __sk_common.skc_family) == PANO_AF_INET) {
    map_v4(out->local, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
    map_v4(out->remote, BPF_CORE_READ(sk, __sk_common.skc_daddr));
  } else {
    BPF_CORE_READ_INTO(&words, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32);
    copy_v6(out->local, words);
    BPF_CORE_READ_INTO(&words, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr32);
    copy_v6(out->remote, words);
  }
  out->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
  out->remote_port = bpf_ntohs(from->dport);
  out->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
  out->l4_protocol = from->protocol;
  out->tcp_state = from->protocol == IPPROTO_TCP ? BPF_CORE_READ(sk, __sk_common.skc_state) : 0;
  out->role = role;
}

inline_fn struct conn_state* walked_state(const struct walked* from) {
  struct conn_state* state = bpf_map_lookup_elem(&conn_table, &from->id);
  if (state && state->cookie) return state;
  state = table_make(from->id);
  if (!state) {
    count_loss(PANO_LOSS_STATE_FULL);
    return 0;
  }
  state->cookie = from->id;
  state->capture = config_default_capture;
  if (from->protocol == IPPROTO_TCP)
    state->flags |= CONN_EXISTING;
  else if (from->dport)
    state->role = PANO_ROLE_CLIENT;
  return state;
}

inline_fn void walked_open(const struct walked* from, struct conn_state* state) {
  struct pano_open record;
  if (state->flags & CONN_OPENED) return;
  fill_header(&record.header, state, PANO_OPEN);
  walked_tuple(&record.tuple, from, state->role);
  if (emit(&record, sizeof(record)) == 0) state->flags |= CONN_OPENED;
}

// Where the stream stands in `direction`.
inline_fn __u32 walked_seq(const struct walked* from, __u8 direction) {
  const struct tcp_sock* tp = (const struct tcp_sock*)from->sk;
  if (from->protocol != IPPROTO_TCP) return 0;
  if (direction == PANO_TX) return BPF_CORE_READ(tp, write_seq);
  // The receive that meets the peer's FIN moves copied_seq past it, one number beyond the data.
  const __u32 copied = BPF_CORE_READ(tp, copied_seq);
  if (copied != BPF_CORE_READ(tp, rcv_nxt)) return copied;
  return copied - (BPF_CORE_READ_BITFIELD_PROBED(from->sk, sk_shutdown) & 1);
}

// State of the socket, told to user space and ready for a data record; 0: nothing to record.
inline_fn struct conn_state* walked_ready(const struct walked* from, __u32 tgid) {
  struct conn_state* state = walked_state(from);
  if (!state || conn_is_self(state)) return 0;
  conn_owner(state, tgid);
  walked_open(from, state);
  conn_capture(state);
  return state;
}
