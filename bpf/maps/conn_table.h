// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// What is known of a socket where its storage is out of reach (the sys_exit tier). Key: cookie.
#pragma once

#include "../lib/conn_state.h"

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 65536);
  __type(key, __u64);
  __type(value, struct conn_state);
} conn_table __weak SEC(".maps");
