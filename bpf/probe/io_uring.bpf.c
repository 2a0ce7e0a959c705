// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Payload of what io_uring moved. socket_io sees the bytes move but no system call that says where
// they are; the completed request does. Its structures are private to the kernel: where they are
// not as expected, the bytes are counted without payload.
#include "../lib/walked.h"
#if PANO_TYPED
#include "../maps/pending_uring.h"
#endif

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// Flavours of the kernel's own types: only the fields used, found by name when loading.
struct io_sr_msg___uring {
  void* buf;
  struct user_msghdr* umsg;
} __attribute__((preserve_access_index));

struct io_rw___uring {
  __u64 addr;
  __u32 len;
} __attribute__((preserve_access_index));

// Operations, linux/io_uring.h.
#define OP_READV 1
#define OP_WRITEV 2
#define OP_READ_FIXED 4
#define OP_WRITE_FIXED 5
#define OP_SENDMSG 9
#define OP_RECVMSG 10
#define OP_READ 22
#define OP_WRITE 23
#define OP_SEND 26
#define OP_RECV 27
#define OP_SEND_ZC 47
#define OP_SENDMSG_ZC 48

inline_fn int uring_direction(__u8 op) {
  switch (op) {
    case OP_READV:
    case OP_READ_FIXED:
    case OP_RECVMSG:
    case OP_READ:
    case OP_RECV:
      return PANO_RX;
    case OP_WRITEV:
    case OP_WRITE_FIXED:
    case OP_SENDMSG:
    case OP_WRITE:
    case OP_SEND:
    case OP_SEND_ZC:
    case OP_SENDMSG_ZC:
      return PANO_TX;
    default:
      return -1;
  }
}

inline_fn void locate_uring(struct io_kiocb* request, __u8 op, __u32 length,
                            struct user_buffer* out) {
  const struct io_rw___uring* rw = (const void*)request;
  const struct io_sr_msg___uring* message = (const void*)request;
  out->base = out->vector = out->count = out->name = out->room = 0;
  switch (op) {
    case OP_READ:
    case OP_WRITE:
    case OP_READ_FIXED:
    case OP_WRITE_FIXED:
      if (!bpf_core_field_exists(rw->addr)) return;
      out->base = BPF_CORE_READ(rw, addr);
      out->room = length;
      break;
    case OP_READV:
    case OP_WRITEV:
      if (!bpf_core_field_exists(rw->addr)) return;
      out->vector = BPF_CORE_READ(rw, addr);
      out->count = BPF_CORE_READ(rw, len);
      break;
    case OP_SEND:
    case OP_SEND_ZC:
    case OP_RECV:
      if (!bpf_core_field_exists(message->buf)) return;
      out->base = (__u64)BPF_CORE_READ(message, buf);
      out->room = length;
      break;
    default:
      if (!bpf_core_field_exists(message->umsg)) return;
      read_message((__u64)BPF_CORE_READ(message, umsg), out);
  }
}

#if PANO_TYPED

inline_fn __u32 capture_of(__u64 cookie) {
  const __u32* limit = bpf_map_lookup_elem(&capture_limit, &cookie);
  return limit ? *limit : settings.default_capture;
}

// The record that waits for this completion; answers how much of its payload is wanted.
inline_fn int head_of(const struct walked* socket, __u8 direction, __u32 length,
                      struct pano_data* head, __u32* want) {
  struct pending_uring_key key = {.sock = (__u64)socket->sk, .direction = direction};
  const struct pano_data* pending = bpf_map_lookup_elem(&pending_urings, &key);
  if (!pending) return -1;
  *head = *pending;
  bpf_map_delete_elem(&pending_urings, &key);
  *want = capture_of(head->header.socket);
  return 0;
}

#else

// No system call returned that moved these bytes: the record is made here.
inline_fn int head_of(const struct walked* socket, __u8 direction, __u32 length,
                      struct pano_data* head, __u32* want) {
  const __u64 task_id = bpf_get_current_pid_tgid();
  if (task_id >> 32 == own_tgid) return -1;
  struct conn_state* state = walked_ready(socket, task_id >> 32);
  if (!state) return -1;
  __builtin_memset(head, 0, sizeof(*head));
  fill_header(&head->header, state, PANO_DATA);
  head->header.flags |= PANO_FLAG_IO_URING;
  head->header.tgid = task_id >> 32;
  head->header.tid = (__u32)task_id;
  head->length = length;
  head->direction = direction;
  if (socket->protocol == IPPROTO_TCP)
    head->tcp_seq = walked_seq(socket, direction) - length;
  else
    count_datagram(state, length, direction);
  *want = state->capture;
  return 0;
}

#endif

inline_fn int on_done(struct io_kiocb* request, int result) {
  struct pano_data head;
  struct user_buffer from;
  struct walked socket;
  __u32 want = 0;
  if (!request || result <= 0) return 0;
  const __u8 op = BPF_CORE_READ(request, opcode);
  const int direction = uring_direction(op);
  if (direction < 0 || walk_to_socket(BPF_CORE_READ(request, file), &socket)) return 0;
  if (head_of(&socket, direction, result, &head, &want)) return 0;
  locate_uring(request, op, result, &from);
  if (want > head.length) want = head.length;
  if (head.length != (__u32)result) want = 0;
  emit_data(&head, 0, &from, want, SCRATCH_URING);
  return 0;
}

// The completion carries a cqe (recent kernels), or its parts (5.19 and newer).
SEC("tp_btf/io_uring_complete")
int BPF_PROG(io_uring_done, struct io_ring_ctx* ring, void* request, struct io_uring_cqe* cqe) {
  return on_done(request, cqe->res);
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(io_uring_done_parts, void* ring, void* request, __u64 user_data, int result,
             unsigned int flags) {
  // Before 5.19 there was one argument less, and what stands in the place of `request` is a number
  // of the program's own choice. Asking for the last argument has such kernels refuse this probe.
  asm volatile("" : "+r"(flags));
  return on_done(request, result);
}
