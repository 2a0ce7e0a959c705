// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// One ring per CPU: no cache line is shared between writers, a softirq may nest in a call.
#pragma once

#include "../lib/kernel.h"

struct ring {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1 << 12);  // user space sets the size of every ring, and their number
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 1);
  __type(key, __u32);
  __array(values, struct ring);
} rings __weak SEC(".maps");
