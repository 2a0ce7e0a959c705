// SPDX-License-Identifier: Apache-2.0
// in: tag::TaggedBatch  out: one Native block per table and second, inserted off the hot path
// Own thread. Add() never blocks: batches of the last second are folded into blocks at most 1 s
// after they came, so kill -9 loses no more than that. While the engine is away, un-acknowledged
// blocks wait in memory up to a bound; beyond it the oldest go and their rows are counted as lost.
// A block whose acknowledgement was lost is sent again with the same token: the engine keeps one.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "server/store/ddl.h"
#include "server/store/store.h"
#include "server/tag/row.h"

namespace pano::store {

struct WriterOptions {
  std::chrono::milliseconds flush_interval{500};
  size_t max_pending_batches = 256;               // batches waiting to become blocks
  uint64_t max_spool_bytes = uint64_t{64} << 20;  // blocks waiting for the engine
  Retention retention;
};

class Writer {
 public:
  // `store` must outlive the writer. The writer migrates the schema before its first insert.
  Writer(Store& store, WriterOptions options);
  ~Writer();  // flushes what it can within 5 s
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Takes the batch; any thread. False: the queue is full, its rows are counted as lost.
  // Events and marks made by the server itself go the same way, in a batch of their own.
  bool Add(std::shared_ptr<const tag::TaggedBatch> batch);

  // Waits until everything added before is acknowledged, or the time is over (false).
  bool Flush(std::chrono::milliseconds timeout);

  // The store's health with this writer's counts in it: what /api/v1/status shows.
  StoreHealth Health() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pano::store
