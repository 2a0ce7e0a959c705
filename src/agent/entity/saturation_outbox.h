// SPDX-License-Identifier: Apache-2.0
// Hands each second's saturation from the thread that measures to the one that puts seconds
// together. On a busy host either may be late: nothing is lost, and what comes too late for its
// second is told with the next.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "wire/batch.h"

namespace pano::entity {

class SaturationOutbox {
 public:
  using Samples = std::vector<wire::InstanceSample>;

  // Whether somebody measures: if not, Take never waits.
  void SetOpen(bool open);
  // `second` is that which has just ended, in Unix time.
  void Put(uint64_t second, const Samples& samples);
  // What was measured up to `second` and not taken yet, one sample for each instance. Waits for the
  // second's own, no longer than `patience`.
  Samples Take(uint64_t second, std::chrono::milliseconds patience);

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::map<uint64_t, Samples> waiting_;  // by second
  uint64_t newest_ = 0;                  // second that was put last
  bool open_ = false;
};

}  // namespace pano::entity
