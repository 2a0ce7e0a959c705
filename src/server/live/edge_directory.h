// SPDX-License-Identifier: Apache-2.0
// The map's numbers for edges. A number is derived from what the edge is, so links to it work after
// a restart. An edge whose protocol becomes known keeps its number. Thread safe, bounded by the
// tagger's edge limit and what the store returns.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "server/tag/row.h"

namespace pano::live {

class EdgeDirectory {
 public:
  uint32_t IdOf(const tag::EdgeId& edge);
  std::optional<tag::EdgeId> Find(uint32_t id) const;

 private:
  static constexpr size_t kMaxEdges = 100'000;

  mutable std::mutex mutex_;
  std::map<tag::EdgeId, uint32_t> ids_;
  std::unordered_map<uint32_t, tag::EdgeId> edges_;
};

}  // namespace pano::live
