// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Types of the running kernel and the helpers of libbpf: what every file below bpf/ builds on.
#pragma once

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define inline_fn static __always_inline
// Rare paths stay out of line: what runs for every call must fit few cache lines.
#define cold_fn static __noinline __attribute__((unused))

#define PANO_AF_INET 2
#define PANO_AF_INET6 10
#define PANO_EINPROGRESS 115
