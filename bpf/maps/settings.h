// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Switches set before loading. Constants to the verifier: code behind a switch that is off is gone.
// A section of its own, so that user space finds it whole.
#pragma once

#include "../abi/settings.h"
#include "../lib/kernel.h"

const volatile struct pano_settings settings __weak SEC(".rodata.settings") = {
    .wake_bytes = 2 << 20, .default_capture = 4096, .join_io_uring = 1};

// The agent's own process, filled by its first walk (numbers of the first pid namespace).
__u32 own_tgid __weak = 0;
