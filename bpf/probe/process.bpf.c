// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Programs that begin and processes that end.
#include "../lib/emit.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

inline_fn void emit_process(struct task_struct* task, __u16 type, int exit_code) {
  struct pano_process record;
  __builtin_memset(&record, 0, sizeof(record));
  record.header.time_ns = bpf_ktime_get_ns();
  record.header.type = type;
  record.header.tgid = task->tgid;
  record.header.tid = task->pid;
  record.exit_code = exit_code;
  bpf_get_current_comm(record.comm, sizeof(record.comm));
  emit(&record, sizeof(record));
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct* task) {
  emit_process(task, PANO_EXEC, 0);
  return 0;
}

// Once per process: when its last thread goes.
SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct* task) {
  if (task->signal->live.counter != 0) return 0;
  const int group_code = task->signal->group_exit_code;
  emit_process(task, PANO_EXIT, group_code ? group_code : task->exit_code);
  return 0;
}
