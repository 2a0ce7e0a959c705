// SPDX-License-Identifier: Apache-2.0
#include "server/live/history.h"

#include <algorithm>
#include <map>
#include <set>

namespace pano::live {

void History::Put(SecondPtr second) {
  const std::lock_guard lock(mutex_);
  const auto at = std::ranges::lower_bound(seconds_, second->second(), {}, &PackedSecond::second);
  bytes_ += second->bytes();
  if (at != seconds_.end() && (*at)->second() == second->second()) {
    bytes_ -= (*at)->bytes();
    *at = std::move(second);
  } else {
    seconds_.insert(at, std::move(second));
  }
  while (seconds_.size() > 1 && (seconds_.size() > max_seconds_ || bytes_ > max_bytes_)) {
    bytes_ -= seconds_.front()->bytes();
    seconds_.pop_front();
  }
}

std::vector<SecondPtr> History::Range(uint64_t from, uint64_t to) const {
  const std::lock_guard lock(mutex_);
  const auto begin = std::ranges::lower_bound(seconds_, from, {}, &PackedSecond::second);
  const auto end = std::ranges::lower_bound(seconds_, to, {}, &PackedSecond::second);
  return begin < end ? std::vector<SecondPtr>(begin, end) : std::vector<SecondPtr>{};
}

std::pair<uint64_t, uint64_t> History::Span() const {
  const std::lock_guard lock(mutex_);
  if (seconds_.empty()) return {0, 0};
  return {seconds_.front()->second(), seconds_.back()->second() + 1};
}

size_t History::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

EdgeWindow CollectEdge(const std::vector<SecondPtr>& seconds, uint32_t id) {
  EdgeWindow window;
  SideWindow client;
  SideWindow server;
  for (const SecondPtr& second : seconds) {
    if (!second->Edge(id, client, server)) client = server = {};
    window.client.AddLater(client);
    window.server.AddLater(server);
    window.seconds += second->watched() ? 1 : 0;
  }
  return window;
}

WindowSet Collect(const std::vector<SecondPtr>& seconds, uint64_t from, uint64_t to,
                  const EdgeIdOf& edge_of, const std::vector<uint32_t>& also) {
  WindowSet out{from, to, {}, {}, {}};
  std::set<uint32_t> edges(also.begin(), also.end());
  std::set<uint32_t> nodes;
  std::map<std::string, uint64_t> losses;
  for (const SecondPtr& second : seconds) {
    for (const uint32_t id : second->EdgeIds()) edges.insert(id);
    for (const uint32_t id : second->NodeIds()) nodes.insert(id);
    for (const auto& [cause, count] : second->losses()) losses[cause] += count;
  }
  for (const uint32_t id : edges) out.edges.push_back({id, edge_of(id), CollectEdge(seconds, id)});
  for (const uint32_t id : nodes) {
    NodeEntry entry{id, {}};
    NodeWindow one;
    for (const SecondPtr& second : seconds) {
      if (second->Node(id, one)) entry.window.AddLater(one);
    }
    out.nodes.push_back(entry);
  }
  out.losses.assign(losses.begin(), losses.end());
  return out;
}

}  // namespace pano::live
