/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* TLS records, RFC 8446 section 5.1: recognised so that they are left alone. */
#pragma once

#include "bpf/infer/infer.h"

static inline enum infer_verdict infer_tls(const unsigned char* buf, unsigned int len) {
  unsigned int size;

  if (len < 6)
    return len >= 3 && buf[0] == 22 && buf[1] == 3 && buf[2] <= 4 ? INFER_MORE : INFER_NO;
  size = infer_be16(buf + 3);
  if (buf[1] != 3 || buf[2] > 4 || size == 0 || size > 16384 + 256) return INFER_NO;
  switch (buf[0]) {
    case 22: /* handshake: ClientHello 1, ServerHello 2 */
      return buf[5] == 1 ? INFER_REQUEST : buf[5] == 2 ? INFER_RESPONSE : INFER_NO;
    case 23: /* application data, at least a tag of 16 bytes; joined late */
      return buf[2] == 3 && size > 16 ? INFER_EITHER : INFER_NO;
  }
  return INFER_NO;
}
