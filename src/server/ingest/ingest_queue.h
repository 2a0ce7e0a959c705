// SPDX-License-Identifier: Apache-2.0
// in: wire::Batch of any agent  out: wire::Batch, checked, one at a time
// Bounded: a full queue drops the batch and counts it; producers never wait.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/queue.h"
#include "wire/batch.h"

namespace pano::ingest {

struct IngestCounts {
  uint64_t taken = 0;
  uint64_t full = 0;       // dropped: the queue was full
  uint64_t malformed = 0;  // dropped: no agent, no second
  uint64_t cut = 0;        // entries cut off batches that were too long
};

class IngestQueue {
 public:
  explicit IngestQueue(size_t capacity = 64) : queue_(capacity) {}

  // Any thread. False: not taken, counted.
  bool Submit(wire::Batch batch);
  std::optional<wire::Batch> Next(std::chrono::milliseconds timeout) { return queue_.Pop(timeout); }
  void Close() { queue_.Close(); }

  size_t size() const { return queue_.size(); }
  IngestCounts counts() const;

 private:
  BoundedQueue<wire::Batch> queue_;
  std::atomic<uint64_t> taken_{0};
  std::atomic<uint64_t> full_{0};
  std::atomic<uint64_t> malformed_{0};
  std::atomic<uint64_t> cut_{0};
};

}  // namespace pano::ingest
