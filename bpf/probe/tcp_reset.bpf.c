// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Resets, sent and received. One may be sent where there is no socket (nobody listens): then the
// segment that caused it tells the ends. Older kernels pass this hook only with a socket.
#include "../lib/conn.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

inline_fn int is_full(const struct sock* sk) {
  return sk->__sk_common.skc_state != TCP_TIME_WAIT &&
         sk->__sk_common.skc_state != TCP_NEW_SYN_RECV;
}

inline_fn void emit_of_socket(struct sock* sk, __u8 received) {
  struct pano_reset record;
  struct conn_state* state = conn_find(sk);
  if (!state || !state->cookie || conn_is_self(state)) return;
  if (received) state->flags |= CONN_GOT_RESET;
  conn_open(sk, state);
  __builtin_memset(&record, 0, sizeof(record));
  fill_header(&record.header, state, PANO_RESET);
  read_tuple(&record.tuple, sk, state->role);
  record.received = received;
  emit(&record, sizeof(record));
}

// A segment that came by a socket's backlog has forgotten its device, not its route.
inline_fn __u32 netns_of_segment(const struct sk_buff* skb) {
  const unsigned long route = BPF_CORE_READ(skb, _skb_refdst) & ~1ul;  // SKB_DST_NOREF
  const __u32 netns = BPF_CORE_READ(skb, dev, nd_net.net, ns.inum);
  if (netns || !route) return netns;
  return BPF_CORE_READ((const struct dst_entry*)route, dev, nd_net.net, ns.inum);
}

// The tuple of the end that answers `skb`: its destination is our local end. `sk`, which may be 0,
// is what is left of a socket, or one that has none yet: it knows its network namespace.
inline_fn int tuple_of_segment(struct pano_tuple* out, const struct sock* sk, struct sk_buff* skb) {
  const unsigned char* head = BPF_CORE_READ(skb, head);
  const unsigned char* network = head + BPF_CORE_READ(skb, network_header);
  struct tcphdr tcp;
  struct iphdr v4;
  struct ipv6hdr v6;
  if (bpf_probe_read_kernel(&tcp, sizeof(tcp), head + BPF_CORE_READ(skb, transport_header)))
    return -1;
  if (bpf_probe_read_kernel(&v4, sizeof(v4), network)) return -1;
  if (v4.version == 4) {
    map_v4(out->local, v4.daddr);
    map_v4(out->remote, v4.saddr);
  } else {
    if (bpf_probe_read_kernel(&v6, sizeof(v6), network)) return -1;
    copy_v6(out->local, v6.daddr.in6_u.u6_addr32);
    copy_v6(out->remote, v6.saddr.in6_u.u6_addr32);
  }
  out->local_port = bpf_ntohs(tcp.dest);
  out->remote_port = bpf_ntohs(tcp.source);
  out->netns = sk ? netns_of(sk) : netns_of_segment(skb);
  out->l4_protocol = IPPROTO_TCP;
  out->role = PANO_ROLE_SERVER;
  out->tcp_state = TCP_CLOSE;
  return 0;
}

SEC("tp_btf/tcp_send_reset")
int BPF_PROG(tcp_send_reset, struct sock* sk, struct sk_buff* skb) {
  struct pano_reset record;
  if (sk && is_full(sk) && sk->__sk_common.skc_state != TCP_LISTEN) {
    emit_of_socket(sk, 0);
    return 0;
  }
  if (!skb) return 0;
  __builtin_memset(&record, 0, sizeof(record));
  record.header.time_ns = bpf_ktime_get_ns();
  record.header.type = PANO_RESET;
  if (tuple_of_segment(&record.tuple, sk, skb)) return 0;
  emit(&record, sizeof(record));
  return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(tcp_receive_reset, struct sock* sk) {
  emit_of_socket(sk, 1);
  return 0;
}
