// SPDX-License-Identifier: Apache-2.0
// Puts the calls of one direction of a TCP socket into sequence order. Calls seldom come out of
// order (per-CPU rings, two threads on one socket); bytes that never come as calls (splice,
// sendfile, lost events) are a gap, and are waited for only shortly.
#pragma once

#include <cstdint>
#include <functional>

#include "agent/flow/connection.h"

namespace pano::flow {

struct OrderCounts {
  uint64_t duplicates = 0;
  uint64_t reordered = 0;
  uint64_t gaps = 0;
  uint64_t gap_bytes = 0;
};

// The event's bytes from its `skip`th on are next in the stream, after `gap` lost bytes.
using InOrder = std::function<void(const decode::Event& event, uint32_t skip, uint32_t gap)>;

inline constexpr uint64_t kHoldNs = 50'000'000;

void PutInOrder(Stream& stream, const decode::Event& event, const InOrder& next,
                OrderCounts& counts);
// Gives up waiting for missing bytes when the oldest held call waits since before `now_ns -
// kHoldNs`, or at once with `force`. True while calls are still held.
bool ReleaseHeld(Stream& stream, uint64_t now_ns, bool force, const InOrder& next,
                 OrderCounts& counts);

}  // namespace pano::flow
