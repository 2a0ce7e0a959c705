/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* DNS messages, RFC 1035 section 4, as carried by UDP. Over TCP skip the two length bytes. */
#pragma once

#include "bpf/infer/infer.h"

static inline enum infer_verdict infer_dns(const unsigned char* buf, unsigned int len) {
  unsigned int flags, at = 12, labels = 0, type;

  if (len < 17) return INFER_NO;
  flags = infer_be16(buf + 2);
  /* opcode 0 (query), 4 (notify) or 5 (update); the Z bit is zero; one question */
  if (((flags >> 11) & 15) != 0 && ((flags >> 11) & 15) != 4 && ((flags >> 11) & 15) != 5)
    return INFER_NO;
  if ((flags & 0x0040) || infer_be16(buf + 4) != 1) return INFER_NO;
  if (infer_be16(buf + 6) > 512 || infer_be16(buf + 8) > 512 || infer_be16(buf + 10) > 512)
    return INFER_NO;
  if (!(flags & 0x8000) && ((flags & 15) || infer_be16(buf + 6))) return INFER_NO;
  while (at < len && buf[at] && labels < 64) {
    if (buf[at] > 63) return INFER_NO;
    at += 1 + buf[at];
    labels++;
  }
  if (at + 5 > len || buf[at]) return INFER_NO;
  type = infer_be16(buf + at + 1);
  if (!type || (type > 260 && type < 32768) || type > 32770) return INFER_NO;
  /* class IN, CH, HS, ANY; the top bit is multicast DNS's */
  if ((infer_be16(buf + at + 3) & 0x7fff) > 4 && infer_be16(buf + at + 3) != 255) return INFER_NO;
  return flags & 0x8000 ? INFER_RESPONSE : INFER_REQUEST;
}

static inline enum infer_verdict infer_dns_tcp(const unsigned char* buf, unsigned int len) {
  /* Some resolvers write the length by itself first. */
  if (len < 2) return len && buf[0] <= 1 ? INFER_MORE : INFER_NO;
  if (infer_be16(buf) < 17 || infer_be16(buf) > 4096) return INFER_NO;
  /* The question is near the front; a shorter piece than this cannot be judged. */
  if (len < infer_be16(buf) + 2 && len < 2 + 280)
    return infer_be16(buf) <= 512 ? INFER_MORE : INFER_NO;
  return infer_dns(buf + 2, len - 2);
}
