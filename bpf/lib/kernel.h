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

// Every probe is compiled once for each tier, with PANO_KERNEL set to the oldest kernel the tier
// promises to load on (major * 100 + minor). An older kernel refuses a whole program for one helper
// it does not know, taken or not, so what is newer must not be compiled in. bpf/promise_test.cc
// holds each object to its promise.
#ifndef PANO_KERNEL
#error "PANO_KERNEL says which kernel this object is for"
#endif

// From 5.15 on helpers take sockets and tasks by their type: state lives in the socket itself, and
// fields are plain loads. Before, state lives in a table, and fields are read by guarded copies,
// which also work for sockets reached through open files.
#if PANO_KERNEL >= 515
#define PANO_TYPED 1
#define LOAD(from, field) ((from)->field)
#define LOAD_BITFIELD(from, field) BPF_CORE_READ_BITFIELD(from, field)
#else
#define PANO_TYPED 0
// The pointer is evaluated first: the path to it may lead through structs of ours, which must not
// be relocated.
#define LOAD(from, field)             \
  ({                                  \
    typeof(from) load_from_ = (from); \
    BPF_CORE_READ(load_from_, field); \
  })
#define LOAD_BITFIELD(from, field)                    \
  ({                                                  \
    typeof(from) load_from_ = (from);                 \
    BPF_CORE_READ_BITFIELD_PROBED(load_from_, field); \
  })
#endif

#define PANO_AF_INET 2
#define PANO_AF_INET6 10
#define PANO_EINPROGRESS 115
