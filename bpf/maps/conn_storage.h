// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// What is known of a socket, kept in the socket itself: freed with it, found without hashing.
#pragma once

#include "../lib/conn_state.h"

struct {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct conn_state);
} conn_storage __weak SEC(".maps");
