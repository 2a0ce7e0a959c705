// SPDX-License-Identifier: Apache-2.0
// The last events, in memory. Thread safe, bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "server/live/map_view.h"

namespace pano::live {

class EventLog {
 public:
  // Numbers the event and answers it.
  MapEvent Add(tag::EventRow row, std::string service, std::string instance);
  std::vector<MapEvent> After(uint64_t number) const;
  // By time, [from_ns, to_ns).
  std::vector<MapEvent> Range(uint64_t from_ns, uint64_t to_ns) const;

 private:
  static constexpr size_t kMaxEvents = 4096;

  mutable std::mutex mutex_;
  std::deque<MapEvent> events_;
  uint64_t next_ = 1;
};

}  // namespace pano::live
