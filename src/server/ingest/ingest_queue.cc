// SPDX-License-Identifier: Apache-2.0
#include "server/ingest/ingest_queue.h"

#include <utility>

namespace pano::ingest {
namespace {

// One host's second: far more than any host has, far less than what would hurt.
constexpr size_t kMaxEdges = 50'000;
constexpr size_t kMaxEndpoints = 50'000;
constexpr size_t kMaxInstances = 50'000;
constexpr size_t kMaxRequests = 20'000;
constexpr size_t kMaxEvents = 1'000;
constexpr size_t kMaxLosses = 200;
constexpr size_t kMaxAgentName = 256;

template <typename T>
size_t Cut(std::vector<T>& entries, size_t most) {
  if (entries.size() <= most) return 0;
  const size_t over = entries.size() - most;
  entries.resize(most);
  return over;
}

}  // namespace

bool IngestQueue::Submit(wire::Batch batch) {
  if (batch.agent.empty() || batch.agent.size() > kMaxAgentName || batch.second == 0) {
    ++malformed_;
    return false;
  }
  cut_ += Cut(batch.edges, kMaxEdges) + Cut(batch.endpoints, kMaxEndpoints) +
          Cut(batch.instances, kMaxInstances) + Cut(batch.saturation, kMaxInstances) +
          Cut(batch.requests, kMaxRequests) + Cut(batch.events, kMaxEvents) +
          Cut(batch.losses, kMaxLosses);
  if (!queue_.Push(std::move(batch))) {
    ++full_;
    return false;
  }
  ++taken_;
  return true;
}

IngestCounts IngestQueue::counts() const { return {taken_, full_, malformed_, cut_}; }

}  // namespace pano::ingest
