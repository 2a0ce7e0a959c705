// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Reading the current task.
#pragma once

#include "regs.h"

#define PF_IO_WORKER_BIT 0x10u
#define PF_USER_WORKER_BIT 0x4000u
#define PF_KTHREAD_BIT 0x200000u
#define TS_COMPAT_BIT 2u

#define NR_NONE (~0ull)

// Threads that never entered the kernel by a system call: their saved registers mean nothing.
inline_fn int is_worker(struct task_struct* task) {
  return task->flags & (PF_IO_WORKER_BIT | PF_USER_WORKER_BIT);
}
inline_fn int is_kernel_thread(struct task_struct* task) { return task->flags & PF_KTHREAD_BIT; }

inline_fn int is_compat_call(struct task_struct* task) {
#if defined(__TARGET_ARCH_x86)
  return task->thread_info.status & TS_COMPAT_BIT;
#else
  return 0;
#endif
}

// The call the current task is in; number NR_NONE where there is none to trust.
inline_fn void current_call(struct task_struct* task, struct call* out) {
  if (is_kernel_thread(task) || is_compat_call(task)) {
    __builtin_memset(out, 0, sizeof(*out));
    out->number = NR_NONE;
  } else if (is_worker(task)) {
    __builtin_memset(out, 0, sizeof(*out));
    out->number = NR_IO_URING_ENTER;
  } else {
    read_call((struct pt_regs*)bpf_task_pt_regs(task), out);
  }
}
