// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// A socket reached through an open file, and a system call on it that is returning.
#pragma once

#include "regs.h"

struct walked {
  struct sock* sk;
  __u64 id;  // key of conn_table
  __u16 protocol;
};

struct exit_transfer {
  struct walked socket;
  struct call call;
  __u64 task_id;
  __u32 seq;  // of the next byte
  __u32 flags;
  __u8 direction;
  __u8 spliced;
};
