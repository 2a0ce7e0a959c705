// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Segments sent again. Runs in timer and softirq context. Recent kernels pass this hook also when
// the attempt failed.
#include "../lib/conn.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(tcp_retransmit, struct sock* sk) {
  struct conn_state* state = conn_find(sk);
  if (!state || !state->cookie) {
    state = conn_make(sk);
    if (!state) return 0;
    state->flags |= CONN_EXISTING;
    if (state->retrans) state->retrans--;  // this one is news; how many it was is not known
  }
  if (conn_is_self(state)) return 0;
  conn_open(sk, state);
  send_retransmit(sk, state);
  return 0;
}

// The half-open connection has no socket of its own yet: socket 0, the tuple says which.
SEC("tp_btf/tcp_retransmit_synack")
int BPF_PROG(tcp_retransmit_synack, struct sock* sk, struct request_sock* request) {
  struct pano_retransmit record;
  struct conn_state* state = conn_find(sk);
  const struct sock_common* half = &request->__req_common;
  if (state && conn_is_self(state)) return 0;
  __builtin_memset(&record, 0, sizeof(record));
  record.header.time_ns = bpf_ktime_get_ns();
  record.header.type = PANO_RETRANSMIT;
  record.header.tgid = state ? state->tgid : 0;
  read_tuple(&record.tuple, sk, PANO_ROLE_SERVER);
  if (half->skc_family == PANO_AF_INET) {
    map_v4(record.tuple.local, half->skc_rcv_saddr);
    map_v4(record.tuple.remote, half->skc_daddr);
  } else {
    copy_v6(record.tuple.local, half->skc_v6_rcv_saddr.in6_u.u6_addr32);
    copy_v6(record.tuple.remote, half->skc_v6_daddr.in6_u.u6_addr32);
  }
  record.tuple.remote_port = bpf_ntohs(half->skc_dport);
  record.tuple.tcp_state = TCP_SYN_RECV;
  record.segments = 1;
  emit(&record, sizeof(record));
  return 0;
}
