// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Reading the current task.
#pragma once

#include "regs.h"

#define PF_IO_WORKER_BIT 0x10u
#define PF_USER_WORKER_BIT 0x4000u
#define PF_KTHREAD_BIT 0x200000u
#define TS_COMPAT_BIT 2u

#define NR_NONE (~0ull)

inline_fn struct task_struct* current_task(void) {
#if PANO_TYPED
  return bpf_get_current_task_btf();
#else
  return (struct task_struct*)bpf_get_current_task();
#endif
}

// Threads that never entered the kernel by a system call: their saved registers mean nothing.
inline_fn int is_worker(struct task_struct* task) {
  return LOAD(task, flags) & (PF_IO_WORKER_BIT | PF_USER_WORKER_BIT);
}
inline_fn int is_kernel_thread(struct task_struct* task) {
  return LOAD(task, flags) & PF_KTHREAD_BIT;
}

inline_fn int is_compat_call(struct task_struct* task) {
#if defined(__TARGET_ARCH_x86)
  return LOAD(task, thread_info.status) & TS_COMPAT_BIT;
#else
  return 0;
#endif
}

#if PANO_TYPED

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

inline_fn __u64 current_call_number(void) {
  struct call call;
  current_call(current_task(), &call);
  return call.number;
}

#else

// The saved registers end the kernel stack of a task. Its size is THREAD_SIZE of common builds; on
// others the number read is one of no call.
#define STACK_BYTES 16384

inline_fn __u64 current_call_number(void) {
  struct task_struct* task = current_task();
  if (is_kernel_thread(task) || is_compat_call(task) || is_worker(task)) return NR_NONE;
  const char* stack = LOAD(task, stack);
  const struct pt_regs* at =
      (const void*)(stack + STACK_BYTES - bpf_core_type_size(struct pt_regs));
  return LOAD(at, REGS_CALL_NUMBER);
}

#endif
