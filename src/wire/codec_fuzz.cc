// SPDX-License-Identifier: Apache-2.0
// Any bytes: decode refuses or gives a batch; what it gives survives a round trip unchanged.
#include <cstdint>
#include <cstdlib>

#include "wire/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto first = pano::wire::DecodeBatch({reinterpret_cast<const std::byte*>(data), size});
  if (!first) return 0;
  const auto bytes = pano::wire::EncodeBatch(*first);
  const auto second = pano::wire::DecodeBatch(bytes);
  if (!second || pano::wire::EncodeBatch(*second) != bytes) std::abort();
  return 0;
}
