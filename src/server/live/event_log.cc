// SPDX-License-Identifier: Apache-2.0
#include "server/live/event_log.h"

#include <algorithm>
#include <utility>

namespace pano::live {
namespace {
constexpr size_t kMaxText = 500;
}

MapEvent EventLog::Add(tag::EventRow row, std::string service, std::string instance) {
  if (row.text.size() > kMaxText) row.text.resize(kMaxText);
  const std::lock_guard lock(mutex_);
  events_.push_back({next_++, std::move(row), std::move(service), std::move(instance)});
  if (events_.size() > kMaxEvents) events_.pop_front();
  return events_.back();
}

std::vector<MapEvent> EventLog::After(uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto at = std::ranges::upper_bound(events_, number, {}, &MapEvent::number);
  return {at, events_.end()};
}

std::vector<MapEvent> EventLog::Range(uint64_t from_ns, uint64_t to_ns) const {
  std::vector<MapEvent> out;
  const std::lock_guard lock(mutex_);
  for (const MapEvent& e : events_) {
    if (e.row.time_ns >= from_ns && e.row.time_ns < to_ns) out.push_back(e);
  }
  std::ranges::sort(out, {}, [](const MapEvent& e) { return std::pair(e.row.time_ns, e.number); });
  return out;
}

}  // namespace pano::live
