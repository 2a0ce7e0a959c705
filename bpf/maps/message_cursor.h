// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// sendmmsg and recvmmsg move several messages in one system call, with one hook for each: where the
// task is in its vector.
#pragma once

#include "../lib/kernel.h"

struct message_cursor {
  __u64 vector;
  __u32 index;
  __u32 pad;
};

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct message_cursor);
} message_cursors __weak SEC(".maps");
