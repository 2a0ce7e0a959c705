/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Redis serialization protocol, versions 2 and 3. Commands are arrays of bulk strings. */
#pragma once

#include "bpf/infer/infer.h"

static inline int infer_redis_crlf(const unsigned char* buf, unsigned int len, unsigned int at) {
  return at + 1 < len && buf[at] == '\r' && buf[at + 1] == '\n';
}

static inline enum infer_verdict infer_redis(const unsigned char* buf, unsigned int len) {
  unsigned int i = 1, digits = 0;

  if (len == 0) return INFER_NO;
  switch (buf[0]) {
    case '+': /* simple string: the server's */
    case '-': /* error: a code in capitals */
      for (; i < len && i < 64; i++) {
        if (buf[i] == '\r')
          return infer_redis_crlf(buf, len, i) && i > 1 ? INFER_RESPONSE
                 : i + 1 == len                         ? INFER_MORE
                                                        : INFER_NO;
        if (buf[i] < ' ' || buf[i] > '~') return INFER_NO;
        if (buf[0] == '-' && i < 3 && (buf[i] < 'A' || buf[i] > 'Z')) return INFER_NO;
      }
      return i < 64 ? INFER_MORE : buf[0] == '-' ? INFER_RESPONSE : INFER_NO;
    case '*':
    case '$':
    case ':':
    case '%':
    case '~':
    case '>':
      if (i < len && buf[i] == '-') i++;
      while (i < len && i < 22 && buf[i] >= '0' && buf[i] <= '9') {
        i++;
        digits++;
      }
      if (i >= len || (i + 1 == len && buf[i] == '\r')) return i < 22 ? INFER_MORE : INFER_NO;
      if (!digits || !infer_redis_crlf(buf, len, i)) return INFER_NO;
      if (buf[0] != '*') return INFER_RESPONSE;
      i += 2;
      if (i >= len) return INFER_MORE;
      if (buf[1] == '-' || buf[1] == '0' || buf[i] != '$') return INFER_RESPONSE;
      /* An array of bulk strings: a command when the first one is a command's name. */
      for (i++, digits = 0; i < len && buf[i] >= '0' && buf[i] <= '9' && digits < 10; i++) digits++;
      if (i + 2 >= len) return INFER_MORE;
      if (!digits || !infer_redis_crlf(buf, len, i)) return INFER_NO;
      i += 2;
      return (buf[i] >= 'A' && buf[i] <= 'Z') || (buf[i] >= 'a' && buf[i] <= 'z')
                 ? (digits <= 2 ? INFER_REQUEST : INFER_EITHER)
                 : INFER_RESPONSE;
  }
  /* Inline command, as typed by hand and by health checks. */
  switch (INFER_PREFIX(buf, len, "PING\r\n")) {
    case 1:
      return INFER_REQUEST;
    case 2:
      return INFER_MORE;
  }
  return INFER_NO;
}
