// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/saturation_outbox.h"

#include <iterator>
#include <unordered_map>
#include <utility>

namespace pano::entity {
namespace {

constexpr size_t kMaxSeconds = 8;  // that wait apart from each other

// Adds what was measured later: counters grow, levels are those of the later second.
void Fold(SaturationOutbox::Samples& into, const SaturationOutbox::Samples& later) {
  std::unordered_map<uint32_t, size_t> at;
  for (size_t i = 0; i < into.size(); ++i) at.emplace(into[i].instance, i);
  for (const wire::InstanceSample& sample : later) {
    const auto known = at.find(sample.instance);
    if (known == at.end()) {
      into.push_back(sample);
    } else {
      schema::FoldOverTime(into[known->second].values, sample.values);
    }
  }
}

}  // namespace

void SaturationOutbox::SetOpen(bool open) {
  {
    const std::lock_guard lock(mutex_);
    open_ = open;
  }
  arrived_.notify_all();
}

void SaturationOutbox::Put(uint64_t second, const Samples& samples) {
  {
    const std::lock_guard lock(mutex_);
    Samples& own = waiting_[second];
    // A clock that was set back: what waits for a time that is far off again is told now.
    while (waiting_.rbegin()->first > second) {
      Fold(own, waiting_.rbegin()->second);
      waiting_.erase(std::prev(waiting_.end()));
    }
    Fold(own, samples);
    newest_ = second;
    while (waiting_.size() > kMaxSeconds) {
      const auto oldest = waiting_.begin();
      Samples both = std::move(oldest->second);
      const auto next = waiting_.erase(oldest);
      Fold(both, next->second);
      next->second = std::move(both);
    }
  }
  arrived_.notify_all();
}

SaturationOutbox::Samples SaturationOutbox::Take(uint64_t second,
                                                 std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  arrived_.wait_for(lock, patience, [&] { return !open_ || newest_ >= second; });
  Samples out;
  while (!waiting_.empty() && waiting_.begin()->first <= second) {
    Fold(out, waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
  }
  return out;
}

}  // namespace pano::entity
