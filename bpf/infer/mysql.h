/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* MySQL and MariaDB client/server protocol: the server's greeting, or a command packet. */
#pragma once

#include "bpf/infer/infer.h"

static inline enum infer_verdict infer_mysql(const unsigned char* buf, unsigned int len) {
  unsigned int size, i;

  if (len < 5)
    return len > 0 && (len < 3 || buf[2] == 0) && (len < 4 || buf[3] == 0) ? INFER_MORE : INFER_NO;
  size = (unsigned int)buf[0] | (unsigned int)buf[1] << 8 | (unsigned int)buf[2] << 16;
  if (size == 0 || buf[3] != 0) return INFER_NO;
  /* Greeting, protocol version 10: a version text, a NUL, then fixed fields. */
  if (buf[4] == 10 && size >= 40 && size < 512) {
    for (i = 5; i < len && i < 5 + 64 && buf[i]; i++) {
      if (buf[i] < ' ' || buf[i] > '~') return INFER_NO;
    }
    if (i == len) return INFER_MORE;
    return buf[5] >= '0' && buf[5] <= '9' && !buf[i] ? INFER_RESPONSE : INFER_NO;
  }
  switch (buf[4]) {
    case 0x02: /* COM_INIT_DB */
    case 0x03: /* COM_QUERY */
    case 0x16: /* COM_STMT_PREPARE */
      if (size < 5) return INFER_NO;
      if (len < 8) return INFER_MORE;
      /* MySQL 8 puts two zero-length counts (0, 1) before the text when asked for attributes. */
      i = buf[5] == 0 && buf[6] == 1 ? 7 : 5;
      for (; i < len && i < 4 + size && i < 40; i++) {
        if (buf[i] < ' ' && buf[i] != '\t' && buf[i] != '\n' && buf[i] != '\r') return INFER_NO;
      }
      return INFER_REQUEST;
    case 0x17: /* COM_STMT_EXECUTE: id, flags, iteration count always 1 */
      if (size >= 10 && len < 14) return INFER_MORE;
      return size >= 10 && buf[10] == 1 && !buf[11] && !buf[12] && !buf[13] ? INFER_REQUEST
                                                                            : INFER_NO;
    case 0x19: /* COM_STMT_CLOSE, COM_STMT_RESET: id */
    case 0x1a:
      return size == 5 && len >= 9 && !buf[8] ? INFER_REQUEST : INFER_NO;
    case 0x0e: /* COM_PING */
      return size == 1 && len == 5 ? INFER_REQUEST : INFER_NO;
  }
  return INFER_NO;
}
