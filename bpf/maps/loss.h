// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Losses by cause, per CPU; indices in abi/loss.h.
#pragma once

#include "../abi/loss.h"
#include "../lib/kernel.h"

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, PANO_LOSS_CAUSES);
  __type(key, __u32);
  __type(value, __u64);
} loss __weak SEC(".maps");

static __always_inline void count_loss(__u32 cause) {
  __u64* count = bpf_map_lookup_elem(&loss, &cause);
  if (count) *count += 1;
}
