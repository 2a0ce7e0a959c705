/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* HTTP/1.0 and 1.1, RFC 9112 section 2: "METHOD SP target SP HTTP/1.x" or "HTTP/1.x SP code". */
#pragma once

#include "bpf/infer/infer.h"

static inline enum infer_verdict infer_http1(const unsigned char* buf, unsigned int len) {
  static const char methods[][9] = {"GET ",     "POST ",  "PUT ",     "DELETE ", "HEAD ",
                                    "OPTIONS ", "PATCH ", "CONNECT ", "TRACE "};
  unsigned int i;
  int hit;

  hit = INFER_PREFIX(buf, len, "HTTP/1.");
  if (hit == 2) return INFER_MORE;
  if (hit == 1) {
    if (len < 12) return INFER_MORE;
    return (buf[7] == '0' || buf[7] == '1') && buf[8] == ' ' && buf[9] >= '1' && buf[9] <= '5' &&
                   buf[10] >= '0' && buf[10] <= '9'
               ? INFER_RESPONSE
               : INFER_NO;
  }
  for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
    unsigned int n = 0;

    while (n < sizeof(methods[0]) && methods[i][n]) n++;
    hit = infer_prefix(buf, len, methods[i], n);
    if (hit == 2 || (hit == 1 && len == n)) return INFER_MORE;
    /* origin form, absolute form, "*", or an authority for CONNECT */
    if (hit == 1)
      return buf[n] == '/' || buf[n] == '*' || buf[n] == 'h' || buf[0] == 'C' ? INFER_REQUEST
                                                                              : INFER_NO;
  }
  return INFER_NO;
}
