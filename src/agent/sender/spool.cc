// SPDX-License-Identifier: Apache-2.0
#include "agent/sender/spool.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace pano::sender {

Spool::Spool(const SpoolLimits& limits, Deliver deliver)
    : limits_(limits), deliver_(std::move(deliver)), thread_([this] { Run(); }) {}

Spool::~Spool() { Stop(); }

void Spool::Push(wire::Batch batch) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    if (batches_.size() >= std::max<size_t>(limits_.max_batches, 1)) {
      batches_.pop_front();
      ++dropped_;
    }
    batches_.push_back(std::move(batch));
  }
  ready_.notify_one();
}

void Spool::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
  if (thread_.joinable()) thread_.join();
}

size_t Spool::size() const {
  const std::lock_guard lock(mutex_);
  return batches_.size();
}

uint64_t Spool::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void Spool::Run() {
  constexpr uint64_t kLongestRetryMs = 5'000;
  uint64_t retry_ms = limits_.retry_ms;
  std::unique_lock lock(mutex_);
  while (true) {
    ready_.wait(lock, [this] { return stopping_ || !batches_.empty(); });
    if (batches_.empty()) return;
    wire::Batch batch = std::move(batches_.front());
    batches_.pop_front();
    if (dropped_ > dropped_told_) {
      batch.losses.push_back({"spool_full", dropped_ - dropped_told_});
      dropped_told_ = dropped_;
    }
    lock.unlock();
    const Status delivered = deliver_(batch);
    lock.lock();
    if (delivered) {
      retry_ms = limits_.retry_ms;
      continue;
    }
    if (stopping_) return;
    batches_.push_front(std::move(batch));  // one more than the bound, until it is delivered
    ready_.wait_for(lock, std::chrono::milliseconds(retry_ms), [this] { return stopping_; });
    retry_ms = std::min(retry_ms * 2, kLongestRetryMs);
  }
}

}  // namespace pano::sender
