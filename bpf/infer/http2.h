/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* HTTP/2, RFC 9113: the client preface, or (joined late) frames whose headers hold together. */
#pragma once

#include "bpf/infer/infer.h"

/* Could these 9 bytes be a frame header? Frames of unknown type are not believed. */
static inline int infer_http2_frame(const unsigned char* p) {
  unsigned int length = (unsigned int)p[0] << 16 | (unsigned int)p[1] << 8 | p[2];
  unsigned int type = p[3], flags = p[4], stream = infer_be32(p + 5);

  /* 6.5.2: a frame of more than 16384 bytes needs a setting few raise; bound the belief. */
  if ((stream & 0x80000000u) || length > 1048576) return 0;
  switch (type) {
    case 0: /* DATA: END_STREAM, PADDED */
      return stream != 0 && !(flags & ~0x09u);
    case 1: /* HEADERS: END_STREAM, END_HEADERS, PADDED, PRIORITY */
      return stream != 0 && length > 0 && !(flags & ~0x2du);
    case 2: /* PRIORITY */
      return stream != 0 && length == 5 && !flags;
    case 3: /* RST_STREAM */
      return stream != 0 && length == 4 && !flags;
    case 4: /* SETTINGS */
      return stream == 0 && length % 6 == 0 && length <= 240 && !(flags & ~0x01u) &&
             !((flags & 1) && length);
    case 5: /* PUSH_PROMISE */
      return stream != 0 && length >= 5 && !(flags & ~0x0cu);
    case 6: /* PING */
      return stream == 0 && length == 8 && !(flags & ~0x01u);
    case 7: /* GOAWAY */
      return stream == 0 && length >= 8 && length <= 16384 && !flags;
    case 8: /* WINDOW_UPDATE */
      return length == 4 && !flags;
    case 9: /* CONTINUATION */
      return stream != 0 && !(flags & ~0x04u);
  }
  return 0;
}

/* First byte of a header block: static table entries of RFC 7541 A that open a request or a
 * response. Encoders put pseudo-headers first (RFC 9113 8.3). */
static inline enum infer_verdict infer_http2_block(unsigned char first) {
  if (first >= 0x88 && first <= 0x8e) /* indexed :status */
    return INFER_RESPONSE;
  if (first == 0x48 || first == 0x08 || first == 0x18) /* literal, name :status */
    return INFER_RESPONSE;
  if (first >= 0x81 && first <= 0x87) /* indexed :authority :method :path :scheme */
    return INFER_REQUEST;
  if (first >= 0x41 && first <= 0x47) return INFER_REQUEST;
  return INFER_EITHER;
}

static inline enum infer_verdict infer_http2(const unsigned char* buf, unsigned int len) {
  enum infer_verdict verdict = INFER_NO;
  unsigned int at = 0, frames = 0;
  int hit = INFER_PREFIX(buf, len, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

  if (hit == 1) return INFER_REQUEST;
  if (hit == 2) return INFER_MORE;
  while (frames < 8 && len - at >= 9) {
    const unsigned char* p = buf + at;
    unsigned int length = (unsigned int)p[0] << 16 | (unsigned int)p[1] << 8 | p[2];

    if (!infer_http2_frame(p)) return frames >= 2 ? verdict : INFER_NO;
    /* A lone DATA, WINDOW_UPDATE on a stream, or unaccompanied small frame is weak. */
    if (p[3] == 1 && !(p[4] & 0x28) && len - at > 9) {
      verdict = infer_http2_block(p[9]);
      if (verdict != INFER_EITHER) return verdict;
    }
    if (verdict == INFER_NO && (p[3] == 1 || p[3] == 4 || p[3] == 6 || p[3] == 8 || frames > 0))
      verdict = INFER_EITHER;
    frames++;
    if (length + 9 > len - at) break;
    at += length + 9;
  }
  if (frames == 0 && len < 9) return INFER_NO;
  return verdict;
}
