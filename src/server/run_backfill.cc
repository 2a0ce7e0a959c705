// SPDX-License-Identifier: Apache-2.0
#include "server/run_backfill.h"

#include <algorithm>
#include <utility>

namespace pano::server {

std::vector<live::WindowSet> SecondsOf(api::Archive& archive, uint64_t from, uint64_t to) {
  constexpr uint64_t kMostSeconds = 600;
  std::vector<live::WindowSet> out;
  for (uint64_t time = from; time < std::min(to, from + kMostSeconds); ++time) {
    auto second = archive.Map(time, time + 1);
    if (!second || second->to - second->from != 1) break;
    const bool watched = !second->edges.empty() || !second->nodes.empty();
    if (watched) out.push_back(std::move(*second));
  }
  return out;
}

}  // namespace pano::server
