// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "agent/decode/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pano::decode::Event event;
  const pano::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  if (pano::decode::Decode({bytes}, &event) == pano::decode::Verdict::kEvent) {
    // Touch every byte of the view: a sanitizer notices one that is not ours.
    uint8_t sum = 0;
    for (const std::byte b : event.payload) sum ^= static_cast<uint8_t>(b);
    if (event.payload.size() > event.length) __builtin_trap();
    [[maybe_unused]] volatile uint8_t keep = sum;
  }
  return 0;
}
