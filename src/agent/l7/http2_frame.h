// SPDX-License-Identifier: Apache-2.0
// Frames of HTTP/2: RFC 9113, sections 4.1 and 6.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/cursor.h"

namespace pano::l7 {

inline constexpr size_t kFrameHead = 9;

enum FrameType : uint8_t {
  kData,
  kHeaders,
  kPriority,
  kRstStream,
  kSettings,
  kPushPromise,
  kPing,
  kGoaway,
  kWindowUpdate,
  kContinuation,
};
inline constexpr uint8_t kEndStream = 0x1;
inline constexpr uint8_t kEndHeaders = 0x4;
inline constexpr uint8_t kPadded = 0x8;
inline constexpr uint8_t kPriorityFlag = 0x20;

struct Frame {
  uint32_t length = 0;
  uint8_t type = 0;
  uint8_t flags = 0;
  uint32_t stream = 0;
  size_t size() const { return kFrameHead + length; }
};

// Of at least kFrameHead bytes.
Frame ReadFrame(Bytes bytes);
bool BelievableFrame(Bytes bytes);
// A gRPC message in DATA: compressed flag, length, body. `bytes` begin with the frame's head.
bool LooksGrpc(Bytes bytes, const Frame& frame);
// 6.2, 6.6: takes padding, priority and the promised stream from around the header fragment.
bool Unwrap(const Frame& frame, Bytes& fragment);

}  // namespace pano::l7
