// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// What user space sets before the probes are loaded: the map `.rodata.settings` holds this struct.
#pragma once

#include "layout.h"

// NOLINTBEGIN(readability-identifier-naming): kernel C names

struct pano_settings {
  __u64 wake_bytes;       // pending in one ring: wake the reader
  __u32 default_capture;  // payload bytes per call while nothing is known of a socket
  __u8 join_io_uring;     // hold calls of io_uring until their completion tells where the bytes are
  __u8 pad[3];
};
LAYOUT_ASSERT(struct pano_settings, 16);

// NOLINTEND(readability-identifier-naming)
