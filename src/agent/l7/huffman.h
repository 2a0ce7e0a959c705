// SPDX-License-Identifier: Apache-2.0
// The Huffman code of HPACK, RFC 7541 appendix B.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "base/cursor.h"

namespace pano::l7 {

struct HuffmanText {
  size_t size = 0;    // of the whole text
  size_t stored = 0;  // characters written to `out`: fewer when it is too small
};

// Nothing when the bytes are not a valid code.
std::optional<HuffmanText> DecodeHuffman(Bytes coded, std::span<char> out);

}  // namespace pano::l7
