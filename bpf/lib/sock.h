// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Reading a socket the verifier knows the type of: plain loads.
#pragma once

#include "../abi/record.h"
#include "kernel.h"

#define SOCK_BINDPORT_LOCK_BIT 8u
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

inline_fn __u8 sock_role(const struct sock* sk) {
  // Of datagram sockets only: TCP learns its role from the handshake or from the listening ports.
  if (sk->__sk_common.skc_dport) return PANO_ROLE_CLIENT;
  return sk->sk_userlocks & SOCK_BINDPORT_LOCK_BIT ? PANO_ROLE_SERVER : PANO_ROLE_UNKNOWN;
}

inline_fn void read_tuple(struct pano_tuple* out, struct sock* sk, __u8 role) {
  const struct tcp_sock* tp = bpf_skc_to_tcp_sock(sk);
  __builtin_memset(out, 0, sizeof(*out));
  if (sk->__sk_common.skc_family == PANO_AF_INET) {
    map_v4(out->local, sk->__sk_common.skc_rcv_saddr);
    map_v4(out->remote, sk->__sk_common.skc_daddr);
  } else {
    copy_v6(out->local, sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32);
    copy_v6(out->remote, sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32);
  }
  // skc_num is cleared while a socket closes; inet_sport stays.
  out->local_port = tp ? bpf_ntohs(tp->inet_conn.icsk_inet.inet_sport) : sk->__sk_common.skc_num;
  out->remote_port = bpf_ntohs(sk->__sk_common.skc_dport);
  out->netns = sk->__sk_common.skc_net.net->ns.inum;
  out->l4_protocol = sk->sk_protocol;
  out->tcp_state = tp ? sk->__sk_common.skc_state : 0;
  out->role = role;
}

inline_fn int window_is_shut(const struct tcp_sock* tp) {
  return tp->rcv_wnd == 0 || (__s32)(tp->rcv_wup + tp->rcv_wnd - tp->rcv_nxt) <= 0;
}

// Counters of a TCP socket since its birth.
inline_fn void read_tcp_stats(struct pano_stats* out, struct sock* sk, const struct tcp_sock* tp) {
  // The peer's FIN takes a sequence number and is counted as a byte received.
  const __u64 fin = sk->__sk_common.skc_flags & SOCK_DONE_BIT ? 1 : 0;
  const __u64 received = tp->bytes_received;
  out->byte_tx = tp->bytes_sent - tp->bytes_retrans;
  out->byte_rx = received - (received ? fin : 0);
  out->packet_tx = tp->segs_out;
  out->packet_rx = tp->segs_in;
  out->retrans = tp->total_retrans;
  out->ooo_rx = tp->rcv_ooopack;
  out->srtt_us = tp->srtt_us >> 3;
}
