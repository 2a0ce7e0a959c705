// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Sockets reached through open files: the verifier knows no type for them, so every field is read
// by a guarded copy, relocated for the running kernel.
#pragma once

#include "conn.h"
#include "walked_call.h"

#define S_IFMT_BITS 0170000
#define S_IFSOCK_BITS 0140000

// 0: an IPv4 or IPv6 socket of TCP or UDP.
inline_fn int walk_to_socket(struct file* file, struct walked* out) {
  if (!file) return -1;
  if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT_BITS) != S_IFSOCK_BITS) return -1;
  struct socket* socket = BPF_CORE_READ(file, private_data);
  struct sock* sk = BPF_CORE_READ(socket, sk);
  if (!sk || !is_inet(BPF_CORE_READ(sk, __sk_common.skc_family))) return -1;
  out->sk = sk;
  out->protocol = BPF_CORE_READ(sk, sk_protocol);
  if (out->protocol != IPPROTO_TCP && out->protocol != IPPROTO_UDP) return -1;
  out->id = (__u64)sk;
  if (out->protocol == IPPROTO_UDP) out->id = DATAGRAM_ID | BPF_CORE_READ(file, f_inode, i_ino);
  return 0;
}

#if !PANO_TYPED

inline_fn struct file* file_of(int fd) {
  struct task_struct* task = current_task();
  struct fdtable* table = BPF_CORE_READ(task, files, fdt);
  struct file** files = BPF_CORE_READ(table, fd);
  struct file* file = 0;
  if ((__u32)fd >= BPF_CORE_READ(table, max_fds)) return 0;
  bpf_probe_read_kernel(&file, sizeof(file), files + (__u32)fd);
  return file;
}

// What is known of the socket; 0: nothing, or no longer worth knowing.
inline_fn struct conn_state* walked_find(const struct walked* from) {
  struct conn_state* state = bpf_map_lookup_elem(&conn_table, &from->id);
  return state && state->cookie ? state : 0;
}

cold_fn struct conn_state* walked_make(const struct walked* from) {
  struct conn_state* state = table_make(from->id);
  if (!state) return 0;
  const int tcp = from->protocol == IPPROTO_TCP;
  conn_start(state, from->sk, tcp ? new_cookie() : from->id);
  if (!tcp) state->role = sock_role(from->sk);
  return state;
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
  struct conn_state* state = walked_find(from);
  if (!state) {
    state = walked_make(from);
    // Every TCP socket younger than the agent has passed the state hook: this one is older.
    if (state && from->protocol == IPPROTO_TCP) state->flags |= CONN_EXISTING;
  }
  if (!state || conn_is_self(state)) return 0;
  conn_owner(state, tgid);
  conn_open(from->sk, state);
  conn_capture(state);
  return state;
}

#endif
