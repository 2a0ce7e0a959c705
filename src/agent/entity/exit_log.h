// SPDX-License-Identifier: Apache-2.0
// Processes that have just ended, known from the moment the kernel tells: their sockets are closed
// right after. The registry learns of it a little later, from a thread of its own.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_set>

namespace pano::entity {

class ExitLog {
 public:
  void OnExit(uint32_t tgid);
  void OnExec(uint32_t tgid);  // the number has been taken again
  bool Has(uint32_t tgid) const;

 private:
  // More than end while their sockets do; the oldest are forgotten first.
  static constexpr size_t kMost = 4096;

  mutable std::mutex mutex_;
  std::unordered_set<uint32_t> exited_;
  std::deque<uint32_t> order_;
};

}  // namespace pano::entity
