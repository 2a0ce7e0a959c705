// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Since which kernel tracing programs may use what: major * 100 + minor. Only what the probes use
// or might; what is not listed counts as not promised. From include/uapi/linux/bpf.h and the
// function tables of kernel/trace/bpf_trace.c and kernel/bpf/bpf_iter.c, by release.
#pragma once

#include <array>
#include <string_view>

namespace pano::probes {

struct Since {
  unsigned number;
  std::string_view name;
  unsigned kernel;
};

// By number of the helper (enum bpf_func_id). In tracing programs, where that came later.
inline constexpr std::array kHelpers{
    Since{1, "map_lookup_elem", 319},
    Since{2, "map_update_elem", 319},
    Since{3, "map_delete_elem", 319},
    Since{5, "ktime_get_ns", 401},
    Since{8, "get_smp_processor_id", 401},
    Since{12, "tail_call", 402},
    Since{14, "get_current_pid_tgid", 402},
    Since{16, "get_current_comm", 402},
    Since{25, "perf_event_output", 404},
    Since{35, "get_current_task", 408},
    Since{46, "get_socket_cookie", 512},
    Since{107, "sk_storage_get", 511},
    Since{112, "probe_read_user", 505},
    Since{113, "probe_read_kernel", 505},
    Since{114, "probe_read_user_str", 505},
    Since{115, "probe_read_kernel_str", 505},
    Since{118, "jiffies64", 506},
    Since{126, "seq_printf", 507},
    Since{127, "seq_write", 507},
    Since{130, "ringbuf_output", 508},
    Since{131, "ringbuf_reserve", 508},
    Since{132, "ringbuf_submit", 508},
    Since{133, "ringbuf_discard", 508},
    Since{134, "ringbuf_query", 508},
    Since{137, "skc_to_tcp_sock", 509},
    Since{156, "task_storage_get", 511},
    Since{158, "get_current_task_btf", 511},
    Since{162, "sock_from_file", 511},
    Since{164, "for_each_map_elem", 513},
    Since{175, "task_pt_regs", 515},
    Since{181, "loop", 517},
};

// By enum bpf_map_type.
inline constexpr std::array kMapTypes{
    Since{1, "hash", 319},     Since{2, "array", 319},          Since{6, "percpu_array", 406},
    Since{9, "lru_hash", 410}, Since{12, "array_of_maps", 412}, Since{24, "sk_storage", 502},
    Since{27, "ringbuf", 508}, Since{29, "task_storage", 511},
};

// By the section a program lies in, up to its slash or whole.
inline constexpr std::array kPrograms{
    Since{0, "tp_btf", 505},
    Since{0, "iter/task_file", 508},
    Since{0, "iter/bpf_sk_storage_map", 509},
};

}  // namespace pano::probes
