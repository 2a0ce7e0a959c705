// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Payload bytes per call that user space asked for. Key: cookie. Read on the first calls of a
// socket and then now and again; the answer is kept in its state.
#pragma once

#include "../lib/kernel.h"

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 65536);
  __type(key, __u64);
  __type(value, __u32);
} capture_limit __weak SEC(".maps");
