// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Finding and making the state of a socket, and telling user space about it.
#pragma once

#include "../maps/capture_limit.h"
#include "../maps/self_port.h"
#include "emit.h"
#include "sock.h"

#if PANO_TYPED
#include "../maps/conn_storage.h"
#else
#include "../maps/conn_table.h"
#endif

#define DATAGRAM_ID (1ull << 63)  // datagram sockets of conn_table go by the number of their inode

// What holds of a socket when it is met first.
inline_fn void conn_start(struct conn_state* state, struct sock* sk, __u64 cookie) {
  const struct tcp_sock* tp = tcp_of(sk);
  state->cookie = cookie;
  state->capture = settings.default_capture;
  state->retrans = tp ? LOAD(tp, total_retrans) : 0;
}

#if PANO_TYPED

inline_fn struct conn_state* conn_find(struct sock* sk) {
  return bpf_sk_storage_get(&conn_storage, sk, 0, 0);
}

inline_fn struct conn_state* conn_make(struct sock* sk) {
  struct conn_state* state = bpf_sk_storage_get(&conn_storage, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
  if (!state) {
    count_loss(PANO_LOSS_STATE_FULL);
    return 0;
  }
  if (!state->cookie) conn_start(state, sk, bpf_get_socket_cookie(sk));
  return state;
}

// A socket begins to connect, to listen, or is accepted: its state, fresh where need be.
inline_fn struct conn_state* conn_begin(struct sock* sk) { return conn_make(sk); }

#else

cold_fn struct conn_state* table_make(__u64 key) {
  struct conn_state* state = bpf_map_lookup_elem(&conn_table, &key);
  if (state) return state;
  struct conn_state fresh;
  __builtin_memset(&fresh, 0, sizeof(fresh));
  bpf_map_update_elem(&conn_table, &key, &fresh, BPF_NOEXIST);
  state = bpf_map_lookup_elem(&conn_table, &key);
  if (!state) count_loss(PANO_LOSS_STATE_FULL);
  return state;
}

// TCP sockets go by their address, which a later socket may have again: it passes conn_begin.
inline_fn struct conn_state* conn_find(struct sock* sk) {
  __u64 key = (__u64)sk;
  return bpf_map_lookup_elem(&conn_table, &key);
}

// Cookies of sockets cannot be asked for before 5.12. Where and when a socket was met first is as
// good a name.
inline_fn __u64 new_cookie(void) {
  return (bpf_ktime_get_ns() << 8 | (bpf_get_smp_processor_id() & 255)) & ~DATAGRAM_ID;
}

inline_fn struct conn_state* conn_make(struct sock* sk) {
  struct conn_state* state = table_make((__u64)sk);
  if (state && !state->cookie) conn_start(state, sk, new_cookie());
  return state;
}

inline_fn struct conn_state* conn_begin(struct sock* sk) {
  struct conn_state* state = table_make((__u64)sk);
  if (!state) return 0;
  if (state->cookie) __builtin_memset(state, 0, sizeof(*state));
  conn_start(state, sk, new_cookie());
  return state;
}

#endif

inline_fn void fill_header_at(struct pano_header* out, struct conn_state* state, __u16 type,
                              __u64 time_ns) {
  out->time_ns = time_ns;
  out->socket = state->cookie;
  out->tgid = state->tgid;
  out->tid = 0;
  out->type = type;
  out->flags = state->flags & CONN_EXISTING ? PANO_FLAG_EXISTING : 0;
  out->order = state->order++;
}

inline_fn void fill_header(struct pano_header* out, struct conn_state* state, __u16 type) {
  fill_header_at(out, state, type, bpf_ktime_get_ns());
}

// Tells user space the tuple, once, and again when the owner became known or changed.
cold_fn int send_open(struct sock* sk, struct conn_state* state) {
  struct pano_open record;
  fill_header(&record.header, state, PANO_OPEN);
  read_tuple(&record.tuple, sk, state->role);
  if (emit(&record, sizeof(record)) == 0) state->flags |= CONN_OPENED;
  return 0;
}

inline_fn void conn_open(struct sock* sk, struct conn_state* state) {
  if (!(state->flags & CONN_OPENED)) send_open(sk, state);
}

// Segments sent again since user space was last told. The socket counts them: what passed unseen is
// told with the next, and an attempt that sent nothing is none.
cold_fn int send_retransmit(struct sock* sk, struct conn_state* state) {
  struct pano_retransmit record;
  const struct tcp_sock* tp = tcp_of(sk);
  if (!tp) return 0;
  const __u32 total = LOAD(tp, total_retrans);
  if (total == state->retrans) return 0;
  fill_header(&record.header, state, PANO_RETRANSMIT);
  read_tuple(&record.tuple, sk, state->role);
  record.segments = total - state->retrans;
  record.pad = 0;
  if (emit(&record, sizeof(record)) == 0) state->retrans = total;
  return 0;
}

// A socket may pass between processes (a parent accepts, a child serves): user space hears of the
// first few changes; each data record names its own process anyway.
inline_fn void conn_owner(struct conn_state* state, __u32 tgid) {
  if (state->tgid == tgid) return;
  if (state->tgid && state->owner_changes++ >= 8) {
    state->owner_changes = 8;
    return;
  }
  state->tgid = tgid;
  state->flags &= ~CONN_OPENED;
}

inline_fn int conn_is_self(const struct conn_state* state) { return state->flags & CONN_SELF; }

// What user space wishes is looked up at the first calls, and then now and again.
inline_fn int capture_is_due(const struct conn_state* state) {
  return state->order < 64 || (state->order & 127) == 0;
}

inline_fn void conn_capture(struct conn_state* state) {
  if (!capture_is_due(state)) return;
  const __u32* limit = bpf_map_lookup_elem(&capture_limit, &state->cookie);
  if (limit) state->capture = *limit;
}

inline_fn void count_datagram(struct conn_state* state, __s32 length, __u8 direction) {
  if (direction == PANO_TX) {
    __sync_fetch_and_add(&state->byte_tx, length);
    __sync_fetch_and_add(&state->packet_tx, 1);
  } else {
    __sync_fetch_and_add(&state->byte_rx, length);
    __sync_fetch_and_add(&state->packet_rx, 1);
  }
}

inline_fn void note_window(struct conn_state* state, const struct tcp_sock* tp) {
  if (!window_is_shut(tp)) {
    state->flags &= ~CONN_WINDOW_SHUT;
  } else if (!(state->flags & CONN_WINDOW_SHUT)) {
    state->flags |= CONN_WINDOW_SHUT;
    state->zero_win++;
  }
}

inline_fn void fill_stats(struct pano_closed* out, struct sock* sk, struct conn_state* state) {
  const struct tcp_sock* tp = tcp_of(sk);
  __builtin_memset(&out->stats, 0, sizeof(out->stats) + 8);
  out->l4_protocol = LOAD(sk, sk_protocol);
  if (tp) {
    read_tcp_stats(&out->stats, sk, tp);
    out->stats.zero_win_tx = state->zero_win;
  } else {
    out->stats.byte_tx = state->byte_tx;
    out->stats.byte_rx = state->byte_rx;
    out->stats.packet_tx = state->packet_tx;
    out->stats.packet_rx = state->packet_rx;
  }
}
