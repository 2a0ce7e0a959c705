// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Switches set before loading. Constants to the verifier: code behind a switch that is off is gone.
#pragma once

#include "../lib/kernel.h"

const volatile __u32 config_default_capture __weak = 4096;  // bytes per call while nothing is known
const volatile __u8 config_sock_storage __weak =
    1;  // state lives in the socket; else in conn_table
const volatile __u8 config_join_io_uring __weak = 1;      // hold io_uring calls for their payload
const volatile __u64 config_wake_bytes __weak = 2 << 20;  // pending in one ring: wake the reader

// The agent's own process, filled by its first walk (numbers of the first pid namespace).
__u32 own_tgid __weak = 0;
