// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Room to gather payload that lies in several buffers. One slot per CPU and kind of program: a
// program never runs twice on one CPU, but two different ones may interleave.
// Twice the largest payload: the verifier bounds offset and length separately, not their sum.
#pragma once

#include "../abi/record.h"

#define PAYLOAD_MAX 16384
#define SCRATCH_HEAD sizeof(struct pano_data_addressed)

#define SCRATCH_TX 0
#define SCRATCH_RX 1
#define SCRATCH_URING 2
#define SCRATCH_SLOTS 3

struct scratch {
  __u8 bytes[SCRATCH_HEAD + 2 * PAYLOAD_MAX];
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, SCRATCH_SLOTS);  // times the CPUs, set by user space
  __type(key, __u32);
  __type(value, struct scratch);
} scratches __weak SEC(".maps");
