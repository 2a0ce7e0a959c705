// SPDX-License-Identifier: Apache-2.0
// Kafka's primitive types, plain or compact (KIP-482).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/cursor.h"

namespace pano::l7 {

// Fields of a request or response in its version's encoding.
class KafkaFields {
 public:
  KafkaFields(Bytes bytes, bool flexible) : in_(bytes), flexible_(flexible) {}

  Cursor& in() { return in_; }

  // KIP-482: unsigned, seven bits at a time.
  uint32_t Varint() {
    uint32_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      const uint8_t byte = in_.U8();
      value |= static_cast<uint32_t>(byte & 0x7f) << (shift & 31);
      if ((byte & 0x80) == 0) return value;
    }
    in_.Fail();
    return 0;
  }

  std::string_view Text() {
    if (flexible_) {
      const uint32_t size = Varint();
      return size == 0 ? std::string_view() : in_.Text(size - 1);
    }
    const auto size = in_.Big<int16_t>();
    return size < 0 ? std::string_view() : in_.Text(static_cast<size_t>(size));
  }

  // Number of elements; null counts as 0.
  uint32_t Array() {
    if (flexible_) {
      const uint32_t count = Varint();
      return count == 0 ? 0 : count - 1;
    }
    const auto count = in_.Big<int32_t>();
    return count < 0 ? 0 : static_cast<uint32_t>(count);
  }

  // Size of what follows; null counts as 0.
  uint32_t Size() { return Array(); }

  void SkipTags() {
    if (!flexible_) return;
    const uint32_t tags = Varint();
    for (uint32_t i = 0; i < tags && !in_.failed() && i < 64; ++i) {
      Varint();
      in_.Skip(Varint());
    }
  }

 private:
  Cursor in_;
  bool flexible_;
};

}  // namespace pano::l7
