// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Bytes moved by sockets, seen where system calls return: for kernels without the hooks of
// socket_io. Dearer, since calls on files pass here too, and blind to what io_uring moves on its
// own (io_uring.bpf.c sees that). The arguments are still in the saved registers.
#include "../lib/walked.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define FLAG_PEEK 0x2
#define FLAG_TRUNCATED 0x20
#define FLAG_ERROR_QUEUE 0x2000
#define MMSG_LENGTH_AT 56  // of msg_len in struct mmsghdr
#define MESSAGES_MAX 64

struct exit_transfer {
  struct walked socket;
  struct conn_state* state;
  struct call call;
  __u64 task_id;
  __u32 seq;  // of the next byte
  __u32 flags;
  __u8 direction;
  __u8 spliced;
};

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

inline_fn int find_socket(struct exit_transfer* t) {
  if (t->call.number != NR_SPLICE) return walk_to_socket(file_of(t->call.arg[0]), &t->socket);
  if (walk_to_socket(file_of(t->call.arg[2]), &t->socket) == 0) return 0;
  t->direction = PANO_RX;
  return walk_to_socket(file_of(t->call.arg[0]), &t->socket);
}

inline_fn void emit_message(struct exit_transfer* t, __u32 message, __u32 length) {
  struct pano_data head;
  struct pano_tuple tuple;
  struct user_buffer from;
  int addressed = 0;
  __u32 want = length;
  if (t->socket.protocol == IPPROTO_UDP) count_datagram(t->state, length, t->direction);
  if (t->state->capture == 0) {
    t->state->order++;
    return;
  }
  __builtin_memset(&head, 0, sizeof(head));
  fill_header(&head.header, t->state, PANO_DATA);
  head.header.tgid = t->task_id >> 32;
  head.header.tid = (__u32)t->task_id;
  head.length = length;
  head.tcp_seq = t->seq;
  head.direction = t->direction;
  if (t->spliced) head.header.flags |= PANO_FLAG_SPLICED;
  if (want > t->state->capture) want = t->state->capture;
  if (t->socket.protocol == IPPROTO_TCP && t->flags & FLAG_TRUNCATED) want = 0;
  locate(&t->call, message, &from);
  if (t->socket.protocol == IPPROTO_UDP && !t->socket.dport && from.name) {
    walked_tuple(&tuple, &t->socket, t->state->role);
    addressed = read_remote(&tuple, from.name) == 0;
    if (addressed) head.header.type = PANO_DATA_ADDRESSED;
  }
  emit_data(&head, addressed ? &tuple : 0, &from, want, SCRATCH_TX);
}

inline_fn __u32 message_length(const struct call* call, __u32 message) {
  __u32 length = 0;
  bpf_probe_read_user(&length, sizeof(length),
                      (void*)(call->arg[1] + MMSG_STRIDE * message + MMSG_LENGTH_AT));
  return length;
}

static long sum_message(__u32 index, void* context) {
  struct exit_transfer* t = context;
  t->seq -= message_length(&t->call, index);
  return 0;
}

static long each_message(__u32 index, void* context) {
  struct exit_transfer* t = context;
  const __u32 length = message_length(&t->call, index);
  if (!t->state || !length) return 0;
  emit_message(t, index, length);
  if (t->socket.protocol == IPPROTO_TCP) t->seq += length;
  return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call_exit, struct pt_regs* regs, long result) {
  struct exit_transfer t;
  if (result <= 0) return 0;
  __builtin_memset(&t, 0, sizeof(t));
  read_call(regs, &t.call);
  const int direction = direction_of(&t.call);
  if (direction < 0 || is_compat_call(bpf_get_current_task_btf())) return 0;
  t.task_id = bpf_get_current_pid_tgid();
  if (t.task_id >> 32 == own_tgid) return 0;
  t.flags = flags_of(&t.call);
  if (t.flags & (FLAG_PEEK | FLAG_ERROR_QUEUE)) return 0;
  t.direction = direction;
  t.spliced = t.call.number == NR_SENDFILE || t.call.number == NR_SPLICE;
  if (find_socket(&t)) return 0;
  t.state = walked_ready(&t.socket, t.task_id >> 32);
  if (!t.state) return 0;
  t.seq = walked_seq(&t.socket, t.direction);
  const __u32 messages = !moves_many(&t.call) ? 1 : result > MESSAGES_MAX ? MESSAGES_MAX : result;
  if (moves_many(&t.call)) {
    if (t.socket.protocol == IPPROTO_TCP) bpf_loop(messages, sum_message, &t, 0);
    bpf_loop(messages, each_message, &t, 0);
    return 0;
  }
  if (t.socket.protocol == IPPROTO_TCP) t.seq -= result;
  emit_message(&t, 0, result);
  return 0;
}
