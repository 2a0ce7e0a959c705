// SPDX-License-Identifier: Apache-2.0
#include "agent/flow/stream_order.h"

#include <algorithm>

namespace pano::flow {
namespace {

constexpr size_t kMaxHeld = 16;
constexpr size_t kMaxHeldBytes = size_t{64} * 1024;
// Further back than any window: not a duplicate, the numbering itself was lost.
constexpr int32_t kResyncBack = -(64 << 20);

int32_t Ahead(uint32_t seq, uint32_t of) { return static_cast<int32_t>(seq - of); }

// An event at or before the expected number, or the first one.
void Deliver(Stream& stream, const decode::Event& event, uint32_t gap, const InOrder& next,
             OrderCounts& counts) {
  uint32_t skip = 0;
  if (stream.synced) {
    const int32_t ahead = Ahead(event.tcp_seq, stream.next_seq);
    if (ahead < 0 && ahead > kResyncBack) {
      skip = static_cast<uint32_t>(-ahead);
      if (skip >= event.length) {
        ++counts.duplicates;
        return;
      }
    } else if (ahead <= kResyncBack) {
      gap = 1;
    }
  }
  stream.synced = true;
  stream.next_seq = event.tcp_seq + event.length;
  if (gap > 0) {
    ++counts.gaps;
    counts.gap_bytes += gap;
  }
  next(event, skip, gap);
}

void DeliverReady(Stream& stream, const InOrder& next, OrderCounts& counts) {
  while (!stream.held.empty() && Ahead(stream.held.front().event.tcp_seq, stream.next_seq) <= 0) {
    Stream::Held held = std::move(stream.held.front());
    stream.held.erase(stream.held.begin());
    held.event.payload = held.bytes;
    ++counts.reordered;
    Deliver(stream, held.event, 0, next, counts);
  }
}

void Hold(Stream& stream, const decode::Event& event) {
  Stream::Held held{event, {event.payload.begin(), event.payload.end()}};
  held.event.payload = {};
  const auto at = std::ranges::upper_bound(
      stream.held, event.tcp_seq, [](uint32_t a, uint32_t b) { return Ahead(a, b) < 0; },
      [](const Stream::Held& h) { return h.event.tcp_seq; });
  if (stream.held.empty()) stream.held_since_ns = event.time_ns;
  stream.held.insert(at, std::move(held));
}

// The lowest held call goes out behind a gap, and whatever then is in order.
void SkipGap(Stream& stream, const InOrder& next, OrderCounts& counts) {
  Stream::Held held = std::move(stream.held.front());
  stream.held.erase(stream.held.begin());
  held.event.payload = held.bytes;
  const int32_t ahead = Ahead(held.event.tcp_seq, stream.next_seq);
  Deliver(stream, held.event, ahead > 0 ? static_cast<uint32_t>(ahead) : 0, next, counts);
  DeliverReady(stream, next, counts);
}

}  // namespace

void PutInOrder(Stream& stream, const decode::Event& event, const InOrder& next,
                OrderCounts& counts) {
  if (event.tcp_seq == 0) {  // this capture tier has no numbers: trust the order of events
    stream.synced = false;
    next(event, 0, 0);
    return;
  }
  if (!stream.synced || Ahead(event.tcp_seq, stream.next_seq) <= 0) {
    Deliver(stream, event, 0, next, counts);
    DeliverReady(stream, next, counts);
    return;
  }
  Hold(stream, event);
  size_t bytes = 0;
  for (const Stream::Held& h : stream.held) bytes += h.bytes.size();
  while (!stream.held.empty() && (stream.held.size() > kMaxHeld || bytes > kMaxHeldBytes)) {
    SkipGap(stream, next, counts);
    bytes = 0;
    for (const Stream::Held& h : stream.held) bytes += h.bytes.size();
  }
}

bool ReleaseHeld(Stream& stream, uint64_t now_ns, bool force, const InOrder& next,
                 OrderCounts& counts) {
  while (!stream.held.empty() && (force || stream.held_since_ns + kHoldNs <= now_ns)) {
    SkipGap(stream, next, counts);
    if (!stream.held.empty()) stream.held_since_ns = stream.held.front().event.time_ns;
  }
  return !stream.held.empty();
}

}  // namespace pano::flow
