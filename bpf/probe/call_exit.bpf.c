// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Bytes moved by sockets, seen where system calls return: for kernels without the hooks of
// socket_io. Dearer, since calls on files pass here too, and blind to what io_uring moves on its
// own (io_uring.bpf.c sees that). The arguments are still in the saved registers.
#include "../lib/peer.h"
#include "../lib/walked.h"
#include "../maps/exit_transfers.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define FLAG_PEEK 0x2
#define FLAG_TRUNCATED 0x20
#define FLAG_ERROR_QUEUE 0x2000
#define MMSG_LENGTH_AT 56  // of msg_len in struct mmsghdr
#define MESSAGES_MAX 64    // of one call that are followed

inline_fn int direction_of(const struct call* call) {
  switch (call->number) {
    case NR_READ:
    case NR_READV:
    case NR_PREADV2:
    case NR_RECVFROM:
    case NR_RECVMSG:
    case NR_RECVMMSG:
      return PANO_RX;
    case NR_WRITE:
    case NR_WRITEV:
    case NR_PWRITEV2:
    case NR_SENDTO:
    case NR_SENDMSG:
    case NR_SENDMMSG:
    case NR_SENDFILE:
    case NR_SPLICE:
      return PANO_TX;
    default:
      return -1;
  }
}

inline_fn __u32 flags_of(const struct call* call) {
  if (call->number == NR_RECVFROM || call->number == NR_RECVMMSG) return call->arg[3];
  return call->number == NR_RECVMSG ? call->arg[2] : 0;
}

cold_fn int find_socket(struct exit_transfer* t) {
  if (t->call.number != NR_SPLICE) return walk_to_socket(file_of(t->call.arg[0]), &t->socket);
  if (walk_to_socket(file_of(t->call.arg[2]), &t->socket) == 0) return 0;
  t->direction = PANO_RX;
  return walk_to_socket(file_of(t->call.arg[0]), &t->socket);
}

inline_fn void fill_exit(struct pano_data* head, const struct exit_transfer* t,
                         struct conn_state* state, __u32 length) {
  __builtin_memset(head, 0, sizeof(*head));
  fill_header(&head->header, state, PANO_DATA);
  head->header.tgid = t->task_id >> 32;
  head->header.tid = (__u32)t->task_id;
  head->length = length;
  head->tcp_seq = t->seq;
  head->direction = t->direction;
  if (t->spliced) head->header.flags |= PANO_FLAG_SPLICED;
}

// The peer of a datagram socket that has none of its own. True: `tuple` is filled.
cold_fn int peer_of(const struct exit_transfer* t, __u8 role, __u64 name,
                    struct pano_tuple* tuple) {
  if (LOAD(t->socket.sk, __sk_common.skc_dport)) return 0;
  read_tuple(tuple, t->socket.sk, role);
  return read_remote(tuple, name) == 0;
}

// Out of line: it would be there twice, and its frame with it.
cold_fn int emit_message(const struct exit_transfer* t, struct conn_state* state, __u32 message,
                         __u32 length) {
  struct pano_data head;
  struct pano_tuple tuple;
  struct user_buffer from;
  int addressed = 0;
  __u32 want = length;
  if (t->socket.protocol == IPPROTO_UDP) count_datagram(state, length, t->direction);
  if (state->capture == 0) {
    state->order++;
    return 0;
  }
  fill_exit(&head, t, state, length);
  if (want > state->capture) want = state->capture;
  if (t->socket.protocol == IPPROTO_TCP && t->flags & FLAG_TRUNCATED) want = 0;
  locate(&t->call, message, &from);
  if (t->socket.protocol == IPPROTO_UDP && from.name)
    addressed = peer_of(t, state->role, from.name, &tuple);
  if (addressed) head.header.type = PANO_DATA_ADDRESSED;
  emit_data(&head, addressed ? &tuple : 0, &from, want, SCRATCH_TX);
  return 0;
}

inline_fn __u32 message_length(const struct call* call, __u32 message) {
  __u32 length = 0;
  bpf_probe_read_user(&length, sizeof(length),
                      (void*)(call->arg[1] + MMSG_STRIDE * message + MMSG_LENGTH_AT));
  return length;
}

inline_fn struct exit_transfer* this_transfer(void) {
  const __u32 zero = 0;
  return bpf_map_lookup_elem(&exit_transfers, &zero);
}

// One of several messages of a call. Global, so that the verifier looks at it once, not once for
// each message; all it is given is a number, the rest it finds again.
__noinline int emit_many(__u32 message) {
  struct exit_transfer* t = this_transfer();
  if (!t) return 0;
  const __u32 length = message_length(&t->call, message);
  struct conn_state* state = walked_find(&t->socket);
  if (!length || !state) return 0;
  emit_message(t, state, message, length);
  if (t->socket.protocol == IPPROTO_TCP) t->seq += length;
  return 0;
}

inline_fn void emit_all(struct exit_transfer* t, __u32 messages) {
  if (t->socket.protocol == IPPROTO_TCP)
    for (__u32 i = 0; i < MESSAGES_MAX && i < messages; i++) t->seq -= message_length(&t->call, i);
  for (__u32 i = 0; i < MESSAGES_MAX && i < messages; i++) emit_many(i);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call_exit, struct pt_regs* regs, long result) {
  struct exit_transfer* t = this_transfer();
  if (!t || result <= 0) return 0;
  read_call(regs, &t->call);
  const int direction = direction_of(&t->call);
  if (direction < 0 || is_compat_call(current_task())) return 0;
  t->task_id = bpf_get_current_pid_tgid();
  if (t->task_id >> 32 == own_tgid) return 0;
  t->flags = flags_of(&t->call);
  if (t->flags & (FLAG_PEEK | FLAG_ERROR_QUEUE)) return 0;
  t->direction = direction;
  t->spliced = t->call.number == NR_SENDFILE || t->call.number == NR_SPLICE;
  if (find_socket(t)) return 0;
  struct conn_state* state = walked_ready(&t->socket, t->task_id >> 32);
  if (!state) return 0;
  t->seq = walked_seq(&t->socket, t->direction);
  if (moves_many(&t->call)) {
    emit_all(t, result);
    return 0;
  }
  if (t->socket.protocol == IPPROTO_TCP) t->seq -= result;
  emit_message(t, state, 0, result);
  return 0;
}
