// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Room to gather payload that lies in several buffers. One slot per CPU and kind of program: a
// program never runs twice on one CPU, but two different ones may interleave.
// Twice the largest payload: the verifier bounds offset and length separately, not their sum.
#pragma once

#include "../abi/record.h"
#include "../lib/kernel.h"

#define PAYLOAD_MAX 65536
#define SCRATCH_HEAD sizeof(struct pano_data_addressed)

#define SCRATCH_TX 0
#define SCRATCH_RX 1
#define SCRATCH_URING 2
#define SCRATCH_SLOTS 3

// struct iovec
struct user_vector {
  __u64 base;
  __u64 length;
};

struct scratch {
  __u64 vector;  // pieces in user memory
  __u64 count;
  __u32 want;   // bytes asked for
  __u32 done;   // bytes copied
  __u32 head;   // where in `bytes` payload begins
  __u32 fault;  // user memory could not be read
  __u8 bytes[SCRATCH_HEAD + 2 * PAYLOAD_MAX];
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, SCRATCH_SLOTS);  // times the CPUs, set by user space
  __type(key, __u32);
  __type(value, struct scratch);
} scratches __weak SEC(".maps");

static __always_inline struct scratch* scratch_of(__u32 slot) {
  __u32 index = bpf_get_smp_processor_id() * SCRATCH_SLOTS + slot;
  return bpf_map_lookup_elem(&scratches, &index);
}
