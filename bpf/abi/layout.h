// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Fixed-width names and layout assertions that hold in kernel C and in C++ alike.
#pragma once

#ifdef __bpf__
#include "vmlinux.h"
#else
#include <linux/types.h>
#include <stddef.h>
#endif

#ifdef __cplusplus
#include <type_traits>
#define LAYOUT_ASSERT(type, bytes)                                              \
  static_assert(sizeof(type) == (bytes), #type " must be " #bytes " bytes");    \
  static_assert(std::is_trivially_copyable_v<type>, #type " crosses as bytes"); \
  static_assert(std::has_unique_object_representations_v<type>, #type " has no hidden padding")
#else
#define LAYOUT_ASSERT(type, bytes) \
  _Static_assert(sizeof(type) == (bytes), #type " must be " #bytes " bytes")
#endif
