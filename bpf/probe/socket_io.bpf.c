// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Bytes moved by sockets, whatever system call moved them: one hook after each protocol's send and
// receive, in the caller's context. Calls that move no socket's bytes cost nothing.
#include "../lib/conn.h"
#include "../lib/peer.h"
#include "../maps/message_cursor.h"
#include "../maps/pending_uring.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define RCV_SHUTDOWN_BIT 1  // include/net/sock.h
#define FLAG_PEEK 0x2
#define FLAG_TRUNCATED 0x20
#define FLAG_ERROR_QUEUE 0x2000
#define FLAG_SPLICE_PAGES 0x8000000

struct transfer {
  struct sock* sk;
  struct conn_state* state;
  __u64 task_id;  // tgid << 32 | tid
  __s32 length;
  __s32 flags;
  __u8 direction;
};

cold_fn struct conn_state* first_state(struct sock* sk) {
  struct conn_state* state = conn_make(sk);
  if (!state) return 0;
  // Every TCP socket younger than the agent has passed the state hook: this one is older.
  if (sk->sk_protocol == IPPROTO_TCP)
    state->flags |= CONN_EXISTING;
  else
    state->role = sock_role(sk);
  return state;
}

// Which message of the vector this hook belongs to; the cursor moves on.
cold_fn __u32 step_cursor(struct task_struct* task, const struct call* call, int failed) {
  struct message_cursor* cursor =
      bpf_task_storage_get(&message_cursors, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (!cursor) return ~0u;
  if (failed) {
    cursor->vector = 0;
    return ~0u;
  }
  if (cursor->vector != call->arg[1] || cursor->index >= call->arg[2]) {
    cursor->vector = call->arg[1];
    cursor->index = 0;
  }
  return cursor->index++;
}

// Holds a call of io_uring back until its completion tells where the bytes are.
cold_fn int hold_for_uring(const struct pano_data* head, struct sock* sk) {
  struct pending_uring_key key = {.sock = (__u64)sk, .direction = head->direction};
  struct pano_data* before = bpf_map_lookup_elem(&pending_urings, &key);
  if (before) {
    count_loss(PANO_LOSS_IO_URING_OVERLAP);
    struct pano_data copy = *before;
    emit(&copy, sizeof(copy));
  }
  bpf_map_update_elem(&pending_urings, &key, head, BPF_ANY);
  return 0;
}

// The receive that meets the peer's FIN moves copied_seq past it, one number beyond the data.
inline_fn __u32 passed_fin(struct sock* sk, const struct tcp_sock* tp) {
  if (tp->copied_seq != tp->rcv_nxt) return 0;
  return BPF_CORE_READ_BITFIELD(sk, sk_shutdown) & RCV_SHUTDOWN_BIT;
}

// TCP notes the time whenever it sends. Where nothing waits to be sent, that was while this very
// call went out: free of charge, and earlier than anything its receiver does. The clock is the
// same.
inline_fn __u64 time_of(const struct transfer* t, const struct tcp_sock* tp) {
  if (tp && t->direction == PANO_TX && tp->snd_nxt == tp->write_seq) return tp->tcp_clock_cache;
  return bpf_ktime_get_ns();
}

inline_fn void fill_data(struct pano_data* head, const struct transfer* t,
                         const struct tcp_sock* tp) {
  fill_header_at(&head->header, t->state, PANO_DATA, time_of(t, tp));
  head->header.tgid = t->task_id >> 32;
  head->header.tid = (__u32)t->task_id;
  head->length = t->length;
  head->tcp_seq = 0;
  head->captured = 0;
  head->waited_us = 0;
  *(__u64*)&head->direction = t->direction;
  if (!tp) return;
  head->tcp_seq = t->direction == PANO_TX ? tp->write_seq - t->length
                                          : tp->copied_seq - passed_fin(t->sk, tp) - t->length;
  if (t->direction == PANO_RX && head->header.time_ns > tp->tcp_clock_cache)
    head->waited_us = (head->header.time_ns - tp->tcp_clock_cache) / 1000;
}

// An unconnected socket: the peer is in the call, or will be once it returned. True: `tuple` is
// filled.
inline_fn int find_peer(const struct transfer* t, struct pano_data* head, __u64 name,
                        struct pano_tuple* tuple) {
  if (!name) return 0;
  if (t->direction == PANO_RX) {
    head->header.flags |= PANO_FLAG_PEER_LATER;
    await_peer(t->sk, name, head->header.order, t->task_id >> 32);
    return 0;
  }
  read_tuple(tuple, t->sk, t->state->role);
  if (read_remote(tuple, name)) return 0;
  head->header.type = PANO_DATA_ADDRESSED;
  return 1;
}

inline_fn void emit_transfer(struct transfer* t, const struct call* call, __u32 message) {
  struct pano_data head;
  struct pano_tuple tuple;
  struct user_buffer from;
  int addressed = 0;
  const struct tcp_sock* tp = tcp_of(t->sk);
  const __u32 slot = t->direction == PANO_TX ? SCRATCH_TX : SCRATCH_RX;
  __u32 want = t->length;
  fill_data(&head, t, tp);
  if (want > t->state->capture) want = t->state->capture;
  if (call->number == NR_IO_URING_ENTER) {
    head.header.flags |= PANO_FLAG_IO_URING;
    if (settings.join_io_uring) {
      hold_for_uring(&head, t->sk);
      return;
    }
  }
  if (t->flags & FLAG_SPLICE_PAGES || call->number == NR_SENDFILE || call->number == NR_SPLICE)
    head.header.flags |= PANO_FLAG_SPLICED;
  if (tp && t->direction == PANO_RX && t->flags & FLAG_TRUNCATED) want = 0;  // discarded unread
  locate(call, message, &from);
  if (!tp && !t->sk->__sk_common.skc_dport) addressed = find_peer(t, &head, from.name, &tuple);
  emit_data(&head, addressed ? &tuple : 0, &from, want, slot);
}

// Nothing moved: the call failed, or an empty datagram came.
cold_fn int on_nothing(struct sock* sk, int result) {
  struct task_struct* task = bpf_get_current_task_btf();
  struct call call;
  current_call(task, &call);
  if (moves_many(&call)) step_cursor(task, &call, result < 0);
  if (sk->sk_protocol == IPPROTO_UDP && !sk->__sk_common.skc_dport) {
    struct conn_state* state = conn_find(sk);
    if (state) resolve_pending_peer(sk, state, bpf_get_current_pid_tgid() >> 32);
  }
  return 0;
}

// Nobody wants to hear of this socket's calls: it counts for itself. Now and again the long way is
// taken, where another wish or another owner is noticed.
inline_fn int is_of_no_interest(struct conn_state* state) {
  if (state->capture || !(state->flags & CONN_OPENED)) return 0;
  if (capture_is_due(state)) return 0;
  state->order++;
  return 1;
}

inline_fn int on_transfer(struct sock* sk, int result, int flags, __u8 direction) {
  const __u16 protocol = sk->sk_protocol;
  if (!is_inet(sk->__sk_common.skc_family)) return 0;
  if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) return 0;
  if (result <= 0) return on_nothing(sk, result);
  struct conn_state* state = conn_find(sk);
  if (state && protocol == IPPROTO_TCP && is_of_no_interest(state)) return 0;

  struct transfer t = {.sk = sk, .length = result, .flags = flags, .direction = direction};
  struct task_struct* task = bpf_get_current_task_btf();
  struct call call;
  __u32 message = 0;
  t.task_id = (__u64)task->tgid << 32 | (__u32)task->pid;
  if (t.task_id >> 32 == own_tgid) return 0;
  current_call(task, &call);
  if (moves_many(&call)) message = step_cursor(task, &call, 0);
  if (direction == PANO_RX && flags & (FLAG_PEEK | FLAG_ERROR_QUEUE)) return 0;

  if (!state || !state->cookie) state = first_state(sk);
  if (!state || conn_is_self(state)) return 0;
  t.state = state;
  if (!is_kernel_thread(task)) conn_owner(state, t.task_id >> 32);
  if (protocol == IPPROTO_UDP) {
    count_datagram(state, result, direction);
    if (!sk->__sk_common.skc_dport) resolve_pending_peer(sk, state, t.task_id >> 32);
  }
  conn_open(sk, state);
  conn_capture(state);
  if (state->capture == 0) {
    state->order++;
    return 0;
  }
  emit_transfer(&t, &call, message);
  return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(socket_send, struct sock* sk, int result, int flags) {
  return on_transfer(sk, result, flags, PANO_TX);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(socket_receive, struct sock* sk, int result, int flags) {
  return on_transfer(sk, result, flags, PANO_RX);
}
