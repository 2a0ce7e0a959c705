// SPDX-License-Identifier: Apache-2.0
// in: wire::Batch  out: bytes, and back
// Versioned binary form of a Batch: varints, sparse metric values, length-prefixed strings.
// Decoding takes hostile bytes: every count and length is bounded by what is left and by a fixed
// limit, and a batch that does not parse to its last byte is an error. A decoder of this version
// skips metrics it does not know, so an agent may be one metric ahead of its server.
#pragma once

#include <cstddef>
#include <vector>

#include "base/cursor.h"
#include "base/result.h"
#include "wire/batch.h"

namespace pano::wire {

inline constexpr uint32_t kWireMagic = 0x4f4e4150;  // "PANO", little endian
inline constexpr uint8_t kWireVersion = 2;
inline constexpr size_t kMaxBatchBytes = size_t{64} << 20;

std::vector<std::byte> EncodeBatch(const Batch& batch);
Result<Batch> DecodeBatch(Bytes bytes);

}  // namespace pano::wire
