// SPDX-License-Identifier: Apache-2.0
#include "agent/l7/huffman.h"

#include <array>
#include <cstdint>

namespace pano::l7 {
namespace {

constexpr size_t kSymbols = 257;  // 256 bytes and EOS
constexpr int kLongest = 30;
constexpr int kFastBits = 9;

// Code lengths in bits. The code is canonical: within a length, codes rise with the symbol.
constexpr std::array<uint8_t, kSymbols> kLength{
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11, 8,  6,  6,  6,
    5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8,  15, 6,  12, 10, 13, 6,  7,  7,  7,  7,  7,  7,
    7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8,  13, 19, 13, 14, 6,
    15, 5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,  6,  7,  6,  5,  5,  6,  7,  7,
    7,  7,  7,  15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21,
    23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24,
    21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
};

struct Code {
  std::array<uint32_t, kLongest + 1> first{};   // first code of a length
  std::array<uint16_t, kLongest + 1> count{};   // codes of that length
  std::array<uint16_t, kLongest + 1> offset{};  // of its first symbol in `symbols`
  std::array<uint16_t, kSymbols> symbols{};     // by length, then value
  // Next kFastBits bits -> symbol << 4 | length; 0 where the code is longer.
  std::array<uint16_t, 1u << kFastBits> fast{};
};

consteval Code BuildCode() {
  Code c;
  uint32_t code = 0;
  uint16_t at = 0;
  for (int length = 1; length <= kLongest; ++length) {
    code <<= 1;
    c.first[length] = code;
    c.offset[length] = at;
    for (size_t symbol = 0; symbol < kSymbols; ++symbol) {
      if (kLength[symbol] != length) continue;
      if (length <= kFastBits) {
        const uint32_t low = code << (kFastBits - length);
        for (uint32_t i = 0; i < 1u << (kFastBits - length); ++i) {
          c.fast[low + i] = static_cast<uint16_t>(symbol << 4 | static_cast<uint32_t>(length));
        }
      }
      c.symbols[at++] = static_cast<uint16_t>(symbol);
      ++c.count[length];
      ++code;
    }
  }
  return c;
}
constexpr Code kCode = BuildCode();
constexpr uint16_t kEos = 256;

}  // namespace

std::optional<HuffmanText> DecodeHuffman(Bytes coded, std::span<char> out) {
  HuffmanText text;
  uint64_t bits = 0;  // the next bits, left-aligned
  int have = 0;
  size_t at = 0;
  while (true) {
    while (have <= 56 && at < coded.size()) {
      bits |= static_cast<uint64_t>(coded[at++]) << (56 - have);
      have += 8;
    }
    if (have == 0) return text;
    uint16_t symbol = 0;
    int length = 0;
    if (const uint16_t fast = kCode.fast[bits >> (64 - kFastBits)]; fast != 0) {
      symbol = fast >> 4;
      length = fast & 15;
    } else {
      for (length = kFastBits + 1; length <= kLongest; ++length) {
        const auto code = static_cast<uint32_t>(bits >> (64 - length));
        if (code - kCode.first[length] < kCode.count[length]) {
          symbol = kCode.symbols[kCode.offset[length] + code - kCode.first[length]];
          break;
        }
      }
      if (length > kLongest) return std::nullopt;
    }
    if (length > have) {
      // 5.2: padding is shorter than 8 bits, all ones.
      const bool ones = bits >> (64 - have) == (uint64_t{1} << have) - 1;
      return have < 8 && ones ? std::optional(text) : std::nullopt;
    }
    if (symbol == kEos) return std::nullopt;
    bits <<= length;
    have -= length;
    if (text.stored < out.size()) out[text.stored++] = static_cast<char>(symbol);
    ++text.size;
  }
}

}  // namespace pano::l7
