// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Walks over sockets, started by user space: once at the start to learn sockets older than the
// agent, their owners and who listens; then every second for the counters of those that moved.
#include "../lib/walked.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

inline_fn int write_queue(struct seq_file* out, struct sock* sk, struct conn_state* state,
                          int first) {
  struct pano_accept_queue record;
  const __u32 level = LOAD(sk, sk_ack_backlog);
  const __u32 drops = LOAD(sk, sk_drops.counter);
  const __u32 overflow = drops - state->drops;
  if (!first && level == state->reported && overflow == 0) return 0;
  __builtin_memset(&record, 0, sizeof(record));
  fill_header(&record.header, state, PANO_ACCEPT_QUEUE);
  read_tuple(&record.tuple, sk, PANO_ROLE_SERVER);
  record.level = level;
  record.limit = LOAD(sk, sk_max_ack_backlog);
  record.overflow = first ? 0 : overflow;
  // A record that finds the buffer full is not written: the same socket is visited again, then.
  if (bpf_seq_write(out, &record, sizeof(record))) return -1;
  state->drops = drops;
  state->reported = level;
  return 0;
}

inline_fn void write_stats(struct seq_file* out, struct sock* sk, struct conn_state* state) {
  struct pano_closed record;
  fill_stats(&record, sk, state);
  const __u64 seen = record.stats.byte_tx + record.stats.byte_rx + record.stats.packet_tx +
                     record.stats.packet_rx + record.stats.retrans + state->zero_win;
  // Datagram sockets are told every time: user space learns of their end by their absence.
  if (LOAD(sk, sk_protocol) == IPPROTO_TCP && seen == state->reported) return;
  fill_header(&record.header, state, PANO_STATS);
  record.tcp_state = LOAD(sk, __sk_common.skc_state);
  if (bpf_seq_write(out, &record, sizeof(record)) == 0) state->reported = seen;
}

inline_fn void visit(struct seq_file* out, struct sock* sk, struct conn_state* state) {
  const struct tcp_sock* tp = tcp_of(sk);
  if (conn_is_self(state)) return;
  if (tp && LOAD(sk, __sk_common.skc_state) == TCP_LISTEN) {
    write_queue(out, sk, state, 0);
    return;
  }
  if (tp) note_window(state, tp);
  if (state->flags & CONN_OPENED) write_stats(out, sk, state);
}

#if PANO_TYPED

SEC("iter/bpf_sk_storage_map")
int walk_storage(struct bpf_iter__bpf_sk_storage_map* ctx) {
  struct sock* sk = ctx->sk;
  struct conn_state* state = ctx->value;
  if (!sk || !state) return 0;
  visit(ctx->meta->seq, sk, state);
  return 0;
}

inline_fn struct sock* inet_socket_of(struct file* file) {
  struct socket* socket = bpf_sock_from_file(file);
  struct sock* sk = socket ? socket->sk : 0;
  if (!sk || !is_inet(sk->__sk_common.skc_family)) return 0;
  if (sk->sk_protocol != IPPROTO_TCP && sk->sk_protocol != IPPROTO_UDP) return 0;
  return sk;
}

inline_fn struct sock* seed_socket(struct file* file, struct conn_state** state) {
  struct sock* sk = inet_socket_of(file);
  if (!sk || (sk->sk_protocol == IPPROTO_TCP && sk->__sk_common.skc_state == TCP_CLOSE)) return 0;
  *state = conn_make(sk);
  return sk;
}

#else

// Without storage in sockets to go by, this walk goes by open files.
SEC("iter/task_file")
int walk_files(struct bpf_iter__task_file* ctx) {
  struct walked socket;
  struct file* file = ctx->file;
  if (walk_to_socket(file, &socket)) return 0;
  struct conn_state* state = walked_find(&socket);
  if (state) visit(ctx->meta->seq, socket.sk, state);
  return 0;
}

inline_fn struct sock* seed_socket(struct file* file, struct conn_state** state) {
  struct walked socket;
  if (walk_to_socket(file, &socket)) return 0;
  if (socket.protocol == IPPROTO_TCP && LOAD(socket.sk, __sk_common.skc_state) == TCP_CLOSE)
    return 0;
  *state = walked_find(&socket);
  if (!*state) *state = walked_make(&socket);
  return socket.sk;
}

#endif

inline_fn int seed_listener(struct seq_file* out, struct sock* sk, struct conn_state* state) {
  if (conn_is_self(state)) {
    const __u8 yes = 1;
    struct self_port_key port = {.netns = netns_of(sk), .port = LOAD(sk, __sk_common.skc_num)};
    bpf_map_update_elem(&self_port, &port, &yes, BPF_ANY);
    return 0;
  }
  return write_queue(out, sk, state, 1);
}

SEC("iter/task_file")
int seed(struct bpf_iter__task_file* ctx) {
  struct pano_open record;
  struct conn_state* state = 0;
  struct task_struct* task = ctx->task;
  own_tgid = bpf_get_current_pid_tgid() >> 32;
  struct file* file = ctx->file;
  if (!file || !task) return 0;
  struct sock* sk = seed_socket(file, &state);
  if (!sk || !state || state->tgid) return 0;
  const int tcp = LOAD(sk, sk_protocol) == IPPROTO_TCP;
  state->tgid = task->tgid;
  if ((__u32)task->tgid == own_tgid) state->flags |= CONN_SELF;
  if (tcp && LOAD(sk, __sk_common.skc_state) == TCP_LISTEN) {
    if (seed_listener(ctx->meta->seq, sk, state)) state->tgid = 0;
    return 0;
  }
  if (conn_is_self(state)) return 0;
  if (!tcp) state->role = sock_role(sk);
  if (!(state->flags & CONN_OPENED)) state->flags |= CONN_OPENED | CONN_EXISTING;
  fill_header(&record.header, state, PANO_OPEN);
  read_tuple(&record.tuple, sk, state->role);
  // Not written for want of room: the walk comes by again.
  if (bpf_seq_write(ctx->meta->seq, &record, sizeof(record))) state->tgid = 0;
  return 0;
}
