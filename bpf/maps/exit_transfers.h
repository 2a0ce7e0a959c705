// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// The system call on a socket that is returning. Its tracepoint runs once at a time on a CPU. In a
// map, since frames are small and functions the verifier takes one by one share no memory else.
#pragma once

#include "../lib/walked_call.h"

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct exit_transfer);
} exit_transfers __weak SEC(".maps");
