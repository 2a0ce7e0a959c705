// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Ports the agent itself listens on: connections into it are not observed.
#pragma once

#include "../lib/kernel.h"

struct self_port_key {
  __u32 netns;
  __u32 port;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 64);
  __type(key, struct self_port_key);
  __type(value, __u8);
} self_port __weak SEC(".maps");
