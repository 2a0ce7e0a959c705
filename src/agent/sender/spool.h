// SPDX-License-Identifier: Apache-2.0
// in: wire::Batch  out: delivered batches, in order
// Holds batches in memory until they are delivered. A receiver that is slow or away makes the spool
// grow to its bound; then the oldest second is dropped, counted and told with the next batch.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "base/result.h"
#include "wire/batch.h"

namespace pano::sender {

struct SpoolLimits {
  size_t max_batches = 600;  // ten minutes
  uint64_t retry_ms = 200;   // first wait after a failed delivery, doubled up to 5 s
};

class Spool {
 public:
  // Hands one batch over; an error means "try again later". Called on the spool's thread.
  using Deliver = std::function<Status(const wire::Batch&)>;

  Spool(const SpoolLimits& limits, Deliver deliver);
  ~Spool();

  void Push(wire::Batch batch);  // any thread; never waits
  // Delivers what is left if the receiver takes it, then ends the thread.
  void Stop();

  size_t size() const;
  uint64_t dropped() const;

 private:
  void Run();

  const SpoolLimits limits_;
  const Deliver deliver_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<wire::Batch> batches_;
  uint64_t dropped_ = 0;
  uint64_t dropped_told_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pano::sender
