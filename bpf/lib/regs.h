// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Arguments and numbers of system calls, by architecture.
#pragma once

#include "kernel.h"

#if defined(__TARGET_ARCH_x86)
#define NR_READ 0
#define NR_WRITE 1
#define NR_READV 19
#define NR_WRITEV 20
#define NR_SENDFILE 40
#define NR_CONNECT 42
#define NR_SENDTO 44
#define NR_RECVFROM 45
#define NR_SENDMSG 46
#define NR_RECVMSG 47
#define NR_SPLICE 275
#define NR_RECVMMSG 299
#define NR_SENDMMSG 307
#define NR_PREADV2 327
#define NR_PWRITEV2 328
#define NR_IO_URING_ENTER 426
#define REGS_CALL_NUMBER orig_ax
#elif defined(__TARGET_ARCH_arm64)
#define NR_READ 63
#define NR_WRITE 64
#define NR_READV 65
#define NR_WRITEV 66
#define NR_SENDFILE 71
#define NR_CONNECT 203
#define NR_SENDTO 206
#define NR_RECVFROM 207
#define NR_SENDMSG 211
#define NR_RECVMSG 212
#define NR_SPLICE 76
#define NR_RECVMMSG 243
#define NR_SENDMMSG 269
#define NR_PREADV2 286
#define NR_PWRITEV2 287
#define NR_IO_URING_ENTER 426
#define REGS_CALL_NUMBER syscallno
#else
#error "system call numbers of this architecture are not known"
#endif

struct call {
  __u64 number;
  __u64 arg[6];
};

// The system call `task` is in. `regs` must be the saved user registers.
inline_fn void read_call(struct pt_regs* regs, struct call* out) {
#if defined(__TARGET_ARCH_x86)
  out->number = regs->orig_ax;
  out->arg[0] = regs->di;
  out->arg[1] = regs->si;
  out->arg[2] = regs->dx;
  out->arg[3] = regs->r10;
  out->arg[4] = regs->r8;
  out->arg[5] = regs->r9;
#else
  out->number = regs->syscallno;
  out->arg[0] = regs->orig_x0;
  out->arg[1] = regs->regs[1];
  out->arg[2] = regs->regs[2];
  out->arg[3] = regs->regs[3];
  out->arg[4] = regs->regs[4];
  out->arg[5] = regs->regs[5];
#endif
}
