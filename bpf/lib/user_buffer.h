// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Where the bytes of a system call lie in user memory, and copying them.
#pragma once

#include "../maps/loss.h"
#include "../maps/message_cursor.h"
#include "../maps/scratch.h"
#include "task.h"

#define VECTOR_MAX 512     // buffers of one call that are followed (gRPC writes 260 at once)
#define MMSG_STRIDE 64ull  // sizeof(struct mmsghdr)

struct user_vector {
  __u64 base;
  __u64 length;
};

// The head of struct user_msghdr, as both sides of the system call lay it out.
struct user_message {
  __u64 name;
  __s32 name_length;
  __u32 pad;
  __u64 vector;
  __u64 count;
};

struct user_buffer {
  __u64 base;    // bytes in one piece, or
  __u64 vector;  // a vector of `count` pieces; both 0: nothing to copy
  __u64 count;
  __u64 name;  // struct sockaddr; 0: none
  __u64 room;  // size of `base`
};

inline_fn int read_message(__u64 at, struct user_buffer* out) {
  struct user_message message;
  if (bpf_probe_read_user(&message, sizeof(message), (void*)at)) {
    count_loss(PANO_LOSS_USER_FAULT);
    return -1;
  }
  out->vector = message.vector;
  out->count = message.count;
  out->name = message.name;
  return 0;
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

inline_fn int moves_many(const struct call* call) {
  return call->number == NR_SENDMMSG || call->number == NR_RECVMMSG;
}

inline_fn void locate(const struct call* call, __u32 message, struct user_buffer* out) {
  __builtin_memset(out, 0, sizeof(*out));
  switch (call->number) {
    case NR_SENDTO:
    case NR_RECVFROM:
      out->name = call->arg[4];
    case NR_READ:
    case NR_WRITE:
      out->base = call->arg[1];
      out->room = call->arg[2];
      break;
    case NR_READV:
    case NR_WRITEV:
    case NR_PREADV2:
    case NR_PWRITEV2:
      out->vector = call->arg[1];
      out->count = call->arg[2];
      break;
    case NR_SENDMSG:
    case NR_RECVMSG:
      read_message(call->arg[1], out);
      break;
    case NR_SENDMMSG:
    case NR_RECVMMSG:
      if (message < 1024) read_message(call->arg[1] + MMSG_STRIDE * message, out);
      break;
  }
}

// Most vectors hold one piece, or all that is wanted in the first: then no gathering is needed.
inline_fn void flatten(struct user_buffer* buffer, __u32 want) {
  struct user_vector piece;
  if (!buffer->vector || !want) return;
  if (bpf_probe_read_user(&piece, sizeof(piece), (void*)buffer->vector)) {
    count_loss(PANO_LOSS_USER_FAULT);
    buffer->vector = 0;
    return;
  }
  if (buffer->count > 1 && piece.length < want) return;
  buffer->base = piece.base;
  buffer->room = piece.length;
  buffer->vector = 0;
}

struct gathering {
  struct scratch* out;
  const struct user_buffer* from;
  __u32 at;    // where in `out` payload begins
  __u32 done;  // bytes copied
  __u32 want;
  __u32 fault;
};

static long gather_piece(__u32 index, void* context) {
  struct gathering* g = context;
  struct user_vector piece;
  __u32 done = g->done;
  __u32 at = g->at;
  if (index >= g->from->count || done >= g->want) return 1;
  g->fault = 1;
  if (bpf_probe_read_user(&piece, sizeof(piece),
                          (void*)(g->from->vector + sizeof(piece) * (__u64)index)))
    return 1;
  __u64 length = g->want - done;
  if (piece.length < length) length = piece.length;
  asm volatile("" : "+r"(length));
  if (length > PAYLOAD_MAX) return 1;
  if (at > SCRATCH_HEAD) return 1;
  if (length && bpf_probe_read_user(g->out->bytes + at + (done & (PAYLOAD_MAX - 1)), length,
                                    (void*)piece.base))
    return 1;
  g->done = done + (__u32)length;
  g->fault = 0;
  return 0;
}

// Copies up to `want` bytes of the vector to `at` in `out`; the number copied.
inline_fn __u32 gather(struct scratch* out, __u32 at, const struct user_buffer* from, __u32 want) {
  struct gathering g = {.out = out, .from = from, .at = at, .want = want};
  bpf_loop(VECTOR_MAX, gather_piece, &g, 0);
  if (g.fault)
    count_loss(PANO_LOSS_USER_FAULT);
  else if (g.done < want && from->count > VECTOR_MAX)
    count_loss(PANO_LOSS_VECTOR_TOO_LONG);
  return g.done;
}
