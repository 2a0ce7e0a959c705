// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// A call moved by io_uring, waiting for its completion, which knows where the bytes are.
#pragma once

#include "../abi/record.h"

struct pending_uring_key {
  __u64 sock;  // kernel address
  __u64 direction;
};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 8192);
  __type(key, struct pending_uring_key);
  __type(value, struct pano_data);
} pending_urings __weak SEC(".maps");
