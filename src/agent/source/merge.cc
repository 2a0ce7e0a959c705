// SPDX-License-Identifier: Apache-2.0
#include "agent/source/merge.h"

#include <algorithm>
#include <cstring>

#include "bpf/abi/record.h"

namespace pano::source {
namespace {
// Room is given back in steps, so that a slow reader does not hold a whole ring.
constexpr uint64_t kReleaseBytes = 256u << 10;
}  // namespace

void Merge::Push(uint32_t ring, uint64_t cutoff_ns) {
  Bytes record;
  while (rings_[ring].Peek(&record)) {
    pano_header header;
    if (record.size() < sizeof(header)) {
      ++malformed_;
      rings_[ring].Next();
      continue;
    }
    std::memcpy(&header, record.data(), sizeof(header));
    if (header.time_ns >= cutoff_ns) return;
    heap_.push_back({header.time_ns, header.order, ring, record});
    std::push_heap(heap_.begin(), heap_.end(), Later());
    return;
  }
}

uint64_t Merge::Drain(const RecordSink& sink, uint64_t cutoff_ns) {
  uint64_t count = 0;
  fullness_ = 0;
  heap_.clear();
  for (uint32_t i = 0; i < rings_.size(); ++i) {
    fullness_ = std::max(fullness_, static_cast<double>(rings_[i].pending()) /
                                        static_cast<double>(rings_[i].size()));
    Push(i, cutoff_ns);
  }
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), Later());
    const Head head = heap_.back();
    heap_.pop_back();
    sink(RawRecord{head.record});
    ++count;
    Ring& ring = rings_[head.ring];
    ring.Next();
    if (ring.unreleased() >= kReleaseBytes) ring.Release();
    Push(head.ring, cutoff_ns);
  }
  for (Ring& ring : rings_) ring.Release();
  return count;
}

}  // namespace pano::source
