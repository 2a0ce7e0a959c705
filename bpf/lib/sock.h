// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Reading a socket.
#pragma once

#include "../abi/record.h"
#include "kernel.h"

#define SOCK_BINDPORT_LOCK_BIT 8u
#define SOCK_DEAD_BIT (1u << 0)
#define SOCK_DONE_BIT (1u << 1)

inline_fn int is_inet(__u16 family) { return family == PANO_AF_INET || family == PANO_AF_INET6; }

inline_fn void map_v4(__u8* out, __u32 address) {
  __u32* words = (__u32*)out;
  words[0] = 0;
  words[1] = 0;
  words[2] = bpf_htonl(0xffff);
  words[3] = address;
}

inline_fn void copy_v6(__u8* out, const __u32* from) {
  __u32* words = (__u32*)out;
  words[0] = from[0];
  words[1] = from[1];
  words[2] = from[2];
  words[3] = from[3];
}

inline_fn const struct tcp_sock* tcp_of(struct sock* sk) {
#if PANO_TYPED
  return bpf_skc_to_tcp_sock(sk);
#else
  return LOAD(sk, sk_protocol) == IPPROTO_TCP ? (const struct tcp_sock*)sk : 0;
#endif
}

inline_fn __u32 netns_of(const struct sock* sk) {
  const struct net* net = LOAD(sk, __sk_common.skc_net.net);
  return LOAD(net, ns.inum);
}

inline_fn __u8 sock_role(const struct sock* sk) {
  // Of datagram sockets only: TCP learns its role from the handshake or from the listening ports.
  if (LOAD(sk, __sk_common.skc_dport)) return PANO_ROLE_CLIENT;
  return LOAD_BITFIELD(sk, sk_userlocks) & SOCK_BINDPORT_LOCK_BIT ? PANO_ROLE_SERVER
                                                                  : PANO_ROLE_UNKNOWN;
}

inline_fn void read_addresses(struct pano_tuple* out, const struct sock* sk) {
  if (LOAD(sk, __sk_common.skc_family) == PANO_AF_INET) {
    map_v4(out->local, LOAD(sk, __sk_common.skc_rcv_saddr));
    map_v4(out->remote, LOAD(sk, __sk_common.skc_daddr));
    return;
  }
#if PANO_TYPED
  copy_v6(out->local, sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32);
  copy_v6(out->remote, sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32);
#else
  __u32 words[4];
  BPF_CORE_READ_INTO(&words, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32);
  copy_v6(out->local, words);
  BPF_CORE_READ_INTO(&words, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr32);
  copy_v6(out->remote, words);
#endif
}

inline_fn void read_tuple(struct pano_tuple* out, struct sock* sk, __u8 role) {
  const struct tcp_sock* tp = tcp_of(sk);
  __builtin_memset(out, 0, sizeof(*out));
  read_addresses(out, sk);
  // skc_num is cleared while a socket closes; inet_sport stays.
  out->local_port =
      tp ? bpf_ntohs(LOAD(tp, inet_conn.icsk_inet.inet_sport)) : LOAD(sk, __sk_common.skc_num);
  out->remote_port = bpf_ntohs(LOAD(sk, __sk_common.skc_dport));
  out->netns = netns_of(sk);
  out->l4_protocol = LOAD(sk, sk_protocol);
  out->tcp_state = tp ? LOAD(sk, __sk_common.skc_state) : 0;
  out->role = role;
}

inline_fn int window_is_shut(const struct tcp_sock* tp) {
  const __u32 window = LOAD(tp, rcv_wnd);
  return window == 0 || (__s32)(LOAD(tp, rcv_wup) + window - LOAD(tp, rcv_nxt)) <= 0;
}

// Counters of a TCP socket since its birth.
inline_fn void read_tcp_stats(struct pano_stats* out, struct sock* sk, const struct tcp_sock* tp) {
  // The peer's FIN takes a sequence number and is counted as a byte received.
  const __u64 fin = LOAD(sk, __sk_common.skc_flags) & SOCK_DONE_BIT ? 1 : 0;
  const __u64 received = LOAD(tp, bytes_received);
  out->byte_tx = LOAD(tp, bytes_sent) - LOAD(tp, bytes_retrans);
  out->byte_rx = received - (received ? fin : 0);
  out->packet_tx = LOAD(tp, segs_out);
  out->packet_rx = LOAD(tp, segs_in);
  out->retrans = LOAD(tp, total_retrans);
  out->ooo_rx = LOAD(tp, rcv_ooopack);
  out->srtt_us = LOAD(tp, srtt_us) >> 3;
}
