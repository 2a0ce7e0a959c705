// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// The life of a TCP connection: connect latency and failure, accept, listen, close. The hook runs
// in the caller's context for connect() and listen(), mostly in softirq context otherwise: the
// current process means nothing there.
#include "../lib/conn.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define ERROR_CANCELED 125   // the application gave up: closed while connecting
#define ERROR_NO_ADDRESS 99  // no local port was left
#define ERROR_TIMED_OUT 110

inline_fn void on_connect(struct sock* sk) {
  struct conn_state* state = conn_begin(sk);
  if (!state) return;
  state->syn_ns = bpf_ktime_get_ns();
  state->tgid = bpf_get_current_pid_tgid() >> 32;
  state->role = PANO_ROLE_CLIENT;
  state->retrans = 0;  // as the socket's own count
  // The local port is chosen after this hook, and the socket may be connecting for the second time.
  state->flags &= ~(CONN_OPENED | CONN_GOT_RESET | CONN_EXISTING);
  if (own_tgid && state->tgid == own_tgid) state->flags |= CONN_SELF;
}

inline_fn int failure_of(struct sock* sk) {
  if (sk->sk_err) return sk->sk_err;
  if (sk->sk_err_soft) return sk->sk_err_soft;
  return current_call_number() == NR_CONNECT ? ERROR_NO_ADDRESS : ERROR_CANCELED;
}

inline_fn void on_connect_done(struct sock* sk, struct conn_state* state, int established) {
  const struct tcp_sock* tp = tcp_of(sk);
  struct pano_connected record;
  conn_open(sk, state);
  __builtin_memset(&record, 0, sizeof(record));
  fill_header(&record.header, state, PANO_CONNECTED);
  record.latency_ns = state->syn_ns ? record.header.time_ns - state->syn_ns : 0;
  record.syn_retrans = tp ? LOAD(tp, total_retrans) : 0;
  if (!established) {
    record.error = failure_of(sk);
    record.reset = state->flags & CONN_GOT_RESET ? 1 : 0;
  }
  emit(&record, sizeof(record));
}

inline_fn void on_accept(struct sock* sk) {
  struct pano_header record;
  struct self_port_key port = {.netns = netns_of(sk), .port = sk->__sk_common.skc_num};
  struct conn_state* state = conn_begin(sk);
  if (!state) return;
  state->role = PANO_ROLE_SERVER;
  if (bpf_map_lookup_elem(&self_port, &port)) {
    state->flags |= CONN_SELF;
    return;
  }
  conn_open(sk, state);
  fill_header(&record, state, PANO_ACCEPTED);
  emit(&record, sizeof(record));
}

inline_fn void on_listen(struct sock* sk) {
  struct pano_accept_queue record;
  struct conn_state* state = conn_begin(sk);
  if (!state) return;
  state->role = PANO_ROLE_SERVER;
  state->tgid = bpf_get_current_pid_tgid() >> 32;
  state->drops = sk->sk_drops.counter;
  if (own_tgid && state->tgid == own_tgid) {
    const __u8 yes = 1;
    struct self_port_key port = {.netns = netns_of(sk), .port = sk->__sk_common.skc_num};
    state->flags |= CONN_SELF;
    bpf_map_update_elem(&self_port, &port, &yes, BPF_ANY);
    return;
  }
  __builtin_memset(&record, 0, sizeof(record));
  fill_header(&record.header, state, PANO_ACCEPT_QUEUE);
  read_tuple(&record.tuple, sk, state->role);
  record.limit = sk->sk_max_ack_backlog;
  emit(&record, sizeof(record));
}

// TCP gave the connection up: nothing came back for too long (segments sent again, keepalive or
// TCP_USER_TIMEOUT). The error is ETIMEDOUT, or what ICMP had said of the way meanwhile.
inline_fn int timed_out(struct sock* sk, const struct conn_state* state, int old) {
  if (old == TCP_SYN_SENT || old == TCP_SYN_RECV || old == TCP_LISTEN) return 0;
  if (state->flags & CONN_GOT_RESET || !sk->sk_err) return 0;
  return sk->sk_err == ERROR_TIMED_OUT || sk->sk_err == sk->sk_err_soft;
}

inline_fn void on_close(struct sock* sk, struct conn_state* state, int old) {
  struct pano_closed record;
  fill_header(&record.header, state, PANO_CLOSED);
  fill_stats(&record, sk, state);
  record.tcp_state = old;
  record.timed_out = timed_out(sk, state, old);
  record.orphaned = LOAD(sk, __sk_common.skc_flags) & SOCK_DEAD_BIT ? 1 : 0;
  emit(&record, sizeof(record));
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_state, struct sock* sk, int old, int now) {
  struct conn_state* state;
  if (sk->sk_protocol != IPPROTO_TCP) return 0;
  if (now == TCP_SYN_SENT) {
    on_connect(sk);
  } else if (now == TCP_LISTEN) {
    on_listen(sk);
  } else if (now == TCP_ESTABLISHED && old == TCP_SYN_RECV) {
    on_accept(sk);
  } else if (now == TCP_ESTABLISHED || now == TCP_CLOSE) {
    state = conn_find(sk);
    if (!state || conn_is_self(state)) return 0;
    if (state->flags & CONN_OPENED) send_retransmit(sk, state);
    if (old == TCP_SYN_SENT) on_connect_done(sk, state, now == TCP_ESTABLISHED);
    if (now == TCP_CLOSE && old != TCP_CLOSE) on_close(sk, state, old);
  }
  return 0;
}
