// SPDX-License-Identifier: Apache-2.0
// The last minutes, second by second, in memory. One writer; readers take shared pointers under a
// lock held for the copying of pointers only. Bounded in seconds and in bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "server/live/packed_second.h"

namespace pano::live {

using SecondPtr = std::shared_ptr<const PackedSecond>;

class History {
 public:
  explicit History(size_t max_seconds = 900, size_t max_bytes = size_t{128} << 20)
      : max_seconds_(max_seconds), max_bytes_(max_bytes) {}

  // Appends, or replaces the second it is about (a late batch). Seconds older than all kept are
  // dropped.
  void Put(SecondPtr second);
  // Those of [from, to), oldest first.
  std::vector<SecondPtr> Range(uint64_t from, uint64_t to) const;
  // First second kept and the one after the last; 0, 0 when empty.
  std::pair<uint64_t, uint64_t> Span() const;
  size_t bytes() const;

 private:
  const size_t max_seconds_;
  const size_t max_bytes_;
  mutable std::mutex mutex_;
  std::deque<SecondPtr> seconds_;
  size_t bytes_ = 0;
};

using EdgeIdOf = std::function<tag::EdgeId(uint32_t)>;

// All edges and nodes of some seconds, folded, and the edges of `also`, be they quiet. An edge's
// `seconds` are those watched.
WindowSet Collect(const std::vector<SecondPtr>& seconds, uint64_t from, uint64_t to,
                  const EdgeIdOf& edge_of, const std::vector<uint32_t>& also = {});
EdgeWindow CollectEdge(const std::vector<SecondPtr>& seconds, uint32_t id);

}  // namespace pano::live
