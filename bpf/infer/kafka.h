/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Kafka requests: size, api key, api version, correlation id, client id. Responses carry only a
 * size and the correlation id, so a stream is known by its requests. */
#pragma once

#include "bpf/infer/infer.h"

static inline enum infer_verdict infer_kafka(const unsigned char* buf, unsigned int len) {
  unsigned int size, key, version, name, i; /* keys and versions as of Kafka 4, with room */

  if (len < 14)
    return len >= 5 && !buf[0] && infer_be32(buf) >= 10 && !buf[4] ? INFER_MORE : INFER_NO;
  size = infer_be32(buf);
  key = infer_be16(buf + 4);
  version = infer_be16(buf + 6);
  if (size < 10 || size > 128u << 20 || key > 92 || version > 20) return INFER_NO;
  if (infer_be32(buf + 8) & 0x80000000u) return INFER_NO;
  name = infer_be16(buf + 12);
  /* Nameless clients are believed only where they introduce themselves: Metadata, ApiVersions.
   * A response could pass for one of theirs otherwise. */
  if (name == 0xffff || name == 0)
    return size + 4 == len && (key == 3 || key == 18) ? INFER_REQUEST : INFER_NO;
  if (name > 255 || name + 10 > size) return INFER_NO;
  for (i = 14; i < 14 + name && i < len; i++) {
    if (buf[i] <= ' ' || buf[i] > '~') return INFER_NO;
  }
  return INFER_REQUEST;
}
