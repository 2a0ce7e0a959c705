// SPDX-License-Identifier: Apache-2.0
// UTF-8 that must not grow too long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pano {

// At most `most` bytes, never half a character; "…" where it was cut.
inline std::string CutText(std::string_view text, size_t most) {
  if (text.size() <= most) return std::string(text);
  constexpr std::string_view kMore = "…";
  size_t end = most > kMore.size() ? most - kMore.size() : 0;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + std::string(kMore);
}

}  // namespace pano
