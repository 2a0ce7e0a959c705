// SPDX-License-Identifier: Apache-2.0
// Events on their way from the reader to a shard, with the payloads they view.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "agent/decode/event.h"

namespace pano::agent {

class EventChunk {
 public:
  void Add(const decode::Event& event) {
    offsets_.push_back(payload_.size());
    payload_.insert(payload_.end(), event.payload.begin(), event.payload.end());
    events_.push_back(event);
  }
  // Visits the events in order; their payloads view this chunk.
  template <typename Visit>
  void ForEach(Visit&& visit) {
    for (size_t i = 0; i < events_.size(); ++i) {
      events_[i].payload = Bytes(payload_).subspan(offsets_[i], events_[i].payload.size());
      visit(events_[i]);
    }
  }
  size_t size() const { return events_.size(); }
  // The reader's clock when it handed the chunk over: no later chunk is older than the source's own
  // disorder.
  void SetClock(uint64_t clock_ns) { clock_ns_ = clock_ns; }
  uint64_t clock_ns() const { return clock_ns_; }
  bool full() const { return events_.size() >= 512 || payload_.size() >= size_t{256} * 1024; }

 private:
  std::vector<decode::Event> events_;
  std::vector<size_t> offsets_;
  std::vector<std::byte> payload_;
  uint64_t clock_ns_ = 0;
};

}  // namespace pano::agent
