/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the first bytes of a stream look like. Every sniffer is plain C over (buf, len): no
 * allocation, no state, no reads past len, a small fixed window. The same function runs in the
 * agent, in tests, in fuzzers, and may run in a probe.
 *
 * A sniffer sees the bytes of one direction from a likely message start. It answers what the bytes
 * are, not where they go: the caller knows the direction and learns the roles from the answer.
 */
#pragma once

enum infer_verdict {
  INFER_NO = 0,
  INFER_REQUEST = 1,  /* a client wrote this */
  INFER_RESPONSE = 2, /* a server wrote this */
  INFER_EITHER = 3,   /* the protocol, but both ends write such bytes */
  INFER_MORE = 4,     /* a prefix of the protocol; too short to tell */
};

static inline unsigned int infer_be16(const unsigned char* p) {
  return (unsigned int)p[0] << 8 | p[1];
}

static inline unsigned int infer_be32(const unsigned char* p) {
  return (unsigned int)p[0] << 24 | (unsigned int)p[1] << 16 | (unsigned int)p[2] << 8 | p[3];
}

/* 1: buf starts with word; 2: buf is shorter than word and a prefix of it; 0: neither. */
static inline int infer_prefix(const unsigned char* buf, unsigned int len, const char* word,
                               unsigned int word_len) {
  unsigned int i;

  for (i = 0; i < word_len && i < len; i++) {
    if (buf[i] != (unsigned char)word[i]) return 0;
  }
  return i == word_len ? 1 : 2;
}
#define INFER_PREFIX(buf, len, word) infer_prefix(buf, len, word, sizeof(word) - 1)
