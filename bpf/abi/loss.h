// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Causes of loss counted in the kernel, one slot each. Numbers index the map `loss`.
#pragma once

#define PANO_LOSS_RING_FULL 0   // a record found no room: user space fell behind
#define PANO_LOSS_STATE_FULL 1  // no memory for a socket's state: its calls went unseen
#define PANO_LOSS_USER_FAULT 2  // payload could not be read; its length is still recorded
#define PANO_LOSS_VECTOR_TOO_LONG \
  3  // more buffers in one call than are followed: payload cut short
#define PANO_LOSS_IO_URING_OVERLAP 4  // a second operation began before the first was completed
#define PANO_LOSS_CAUSES 8
