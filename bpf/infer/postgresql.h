/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* PostgreSQL frontend/backend protocol 3.0: startup packets, or typed messages with a length. */
#pragma once

#include "bpf/infer/infer.h"

/* A string of a query or a name: printable, tabs, line breaks or UTF-8, up to a NUL or the window.
 */
static inline int infer_postgresql_text(const unsigned char* p, unsigned int len) {
  unsigned int i;

  for (i = 0; i < len && i < 64; i++) {
    if (p[i] == 0) return 1;
    if (p[i] < ' ' && p[i] != '\t' && p[i] != '\n' && p[i] != '\r') return 0;
  }
  return 1;
}

static inline enum infer_verdict infer_postgresql_startup(const unsigned char* buf,
                                                          unsigned int len) {
  unsigned int size = infer_be32(buf), code;

  if (size < 8 || size > 10000) return INFER_NO;
  if (len < 8) return INFER_MORE;
  code = infer_be32(buf + 4);
  if (code == 80877103 || code == 80877104 || code == 80877102) /* SSL, GSS, cancel */
    return size <= 16 ? INFER_REQUEST : INFER_NO;
  if (code != 0x00030000 && code != 0x00030002) return INFER_NO;
  return len < 9 ? INFER_MORE : buf[8] >= 'a' && buf[8] <= 'z' ? INFER_REQUEST : INFER_NO;
}

static inline enum infer_verdict infer_postgresql(const unsigned char* buf, unsigned int len) {
  unsigned int size;

  if (len < 5)
    return len > 0 && (buf[0] == 0 || buf[0] == 'Q' || buf[0] == 'P') ? INFER_MORE : INFER_NO;
  if (buf[0] == 0) return infer_postgresql_startup(buf, len);
  size = infer_be32(buf + 1);
  if (size < 4 || size > 1u << 26) return INFER_NO;
  if (len < 6 && size > 4) return INFER_MORE;
  switch (buf[0]) {
    case 'Q': /* a statement starts with a letter, a comment or white space */
      if (size < 6 || !infer_postgresql_text(buf + 5, len - 5)) return INFER_NO;
      if (size + 1 <= len && buf[size] != 0) return INFER_NO;
      return INFER_REQUEST;
    case 'P': /* statement name NUL query NUL count */
      return size >= 8 && infer_postgresql_text(buf + 5, len - 5) ? INFER_REQUEST : INFER_NO;
    case 'B': /* portal NUL statement NUL ... then Execute or Sync */
      if (size < 12 || size + 6 > len || !infer_postgresql_text(buf + 5, len - 5)) return INFER_NO;
      return buf[size + 1] == 'E' || buf[size + 1] == 'S' || buf[size + 1] == 'D' ||
                     buf[size + 1] == 'H'
                 ? INFER_REQUEST
                 : INFER_NO;
    case 'R': /* authentication request: code 0 to 12 */
      return size >= 8 && size < 256 && len >= 9 && infer_be32(buf + 5) <= 12 ? INFER_RESPONSE
                                                                              : INFER_NO;
    case 'T': /* row description: fields, name */
      return size >= 6 && len >= 8 && infer_be16(buf + 5) <= 1664 &&
                     infer_postgresql_text(buf + 7, len - 7)
                 ? INFER_RESPONSE
                 : INFER_NO;
    case '1': /* ParseComplete, BindComplete: empty, then the next message */
    case '2':
      return size == 4 && len >= 10 && infer_be32(buf + 6) >= 4 && infer_be32(buf + 6) < 1u << 26
                 ? INFER_RESPONSE
                 : INFER_NO;
    case 'C': /* CommandComplete: a tag in capitals */
      return size >= 6 && size < 80 && len >= 7 && buf[5] >= 'A' && buf[5] <= 'Z' &&
                     buf[6] >= 'A' && buf[6] <= 'Z'
                 ? INFER_RESPONSE
                 : INFER_NO;
    case 'Z':
      return size == 5 && (buf[5] == 'I' || buf[5] == 'T' || buf[5] == 'E') ? INFER_RESPONSE
                                                                            : INFER_NO;
    case 'E': /* ErrorResponse: severity field first */
      return size > 8 && buf[5] == 'S' ? INFER_RESPONSE : INFER_NO;
  }
  return INFER_NO;
}
