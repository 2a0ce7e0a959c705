// SPDX-License-Identifier: Apache-2.0
// Whole numbers of seven bits a byte, the lowest first (LEB128), and rows of mostly zeroes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/cursor.h"

namespace pano {

inline void PutVarint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// One that does not end within 64 bits fails the cursor.
inline uint64_t TakeVarint(Cursor& in) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = in.U8();
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
  in.Fail();
  return 0;
}

// Of bytes that PutVarint wrote in this process: checks nothing.
inline uint64_t TakeOwnVarint(const char*& at) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<uint8_t>(*at++);
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
}

// Which of the values are not 0, one bit each, and those.
template <size_t kSize>
void PutSparse(std::string& out, const std::array<uint64_t, kSize>& values) {
  static_assert(kSize <= 64, "one bit per value");
  uint64_t present = 0;
  for (size_t i = 0; i < kSize; ++i) present |= uint64_t{values[i] != 0} << i;
  PutVarint(out, present);
  for (const uint64_t value : values) {
    if (value != 0) PutVarint(out, value);
  }
}

}  // namespace pano
