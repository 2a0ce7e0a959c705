// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Where the bytes of a system call lie in user memory, and copying them.
#pragma once

#include "../maps/loss.h"
#include "../maps/scratch.h"
#include "task.h"

#define VECTOR_FIRST 4     // buffers of one call that are read at once: most calls have no more
#define VECTOR_MAX 512     // buffers of one call that are followed (gRPC writes 260 at once)
#define MMSG_STRIDE 64ull  // sizeof(struct mmsghdr)

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
  __u64 name;                              // struct sockaddr; 0: none
  __u64 room;                              // size of `base`
  struct user_vector first[VECTOR_FIRST];  // the pieces `vector` begins with, once read
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

inline_fn int moves_many(const struct call* call) {
  return call->number == NR_SENDMMSG || call->number == NR_RECVMMSG;
}

inline_fn void locate(const struct call* call, __u32 message, struct user_buffer* out) {
  out->base = out->vector = out->count = out->name = out->room = 0;
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

// Reads the first pieces of a vector. Most vectors hold one piece, or all that is wanted in the
// first: those are turned into a plain buffer, and need no gathering.
inline_fn void flatten(struct user_buffer* buffer, __u32 want) {
  __u32 count = buffer->count;
  if (!buffer->vector || !want) return;
  if (buffer->count > VECTOR_FIRST) count = VECTOR_FIRST;
  asm volatile("" : "+r"(count));
  if (count > VECTOR_FIRST) return;
  __builtin_memset(buffer->first, 0, sizeof(buffer->first));
  if (bpf_probe_read_user(buffer->first, count * sizeof(buffer->first[0]), (void*)buffer->vector)) {
    count_loss(PANO_LOSS_USER_FAULT);
    buffer->vector = 0;
    return;
  }
  if (buffer->count > 1 && buffer->first[0].length < want) return;
  buffer->base = buffer->first[0].base;
  buffer->room = buffer->first[0].length;
  buffer->vector = 0;
}

// Copies one piece behind what is there already; 0: go on with the next.
inline_fn int gather_piece(struct scratch* out, struct user_vector piece) {
  const __u32 done = out->done;
  const __u32 at = out->head;
  __u64 length = out->want;
  if (done >= length || at > SCRATCH_HEAD) return 1;
  length -= done;
  if (piece.length < length) length = piece.length;
  asm volatile("" : "+r"(length));
  if (length > PAYLOAD_MAX) return 1;
  if (length && bpf_probe_read_user(out->bytes + at + (done & (PAYLOAD_MAX - 1)), length,
                                    (void*)piece.base)) {
    out->fault = 1;
    return 1;
  }
  out->done = done + (__u32)length;
  return 0;
}

// The pieces behind the first ones. Global, so that the verifier looks at it once and by itself;
// the loop's state lies in the map, where it counts as unknown, and each turn looks like the one
// before.
__weak __noinline int gather_rest(__u32 slot) {
  struct scratch* out = scratch_of(slot);
  if (!out) return 0;
  for (__u32 i = VECTOR_FIRST; i < VECTOR_MAX; i++) {
    struct user_vector piece;
    if (i >= out->count || out->done >= out->want) break;
    if (bpf_probe_read_user(&piece, sizeof(piece),
                            (void*)(out->vector + sizeof(piece) * (__u64)i))) {
      out->fault = 1;
      break;
    }
    if (gather_piece(out, piece)) break;
  }
  return 0;
}

// Copies up to `want` bytes of the vector to `head` in the scratch of `slot`; the number copied.
inline_fn __u32 gather(struct scratch* out, __u32 slot, __u32 head, const struct user_buffer* from,
                       __u32 want) {
  out->done = 0;
  out->fault = 0;
  out->head = head;
  out->want = want;
  int over = 0;
#pragma unroll
  for (__u32 i = 0; i < VECTOR_FIRST; i++)
    if (!over && i < from->count) over = gather_piece(out, from->first[i]);
  if (!over && from->count > VECTOR_FIRST) {
    out->vector = from->vector;
    out->count = from->count;
    gather_rest(slot);
  }
  if (out->fault)
    count_loss(PANO_LOSS_USER_FAULT);
  else if (out->done < want && from->count > VECTOR_MAX)
    count_loss(PANO_LOSS_VECTOR_TOO_LONG);
  return out->done;
}
