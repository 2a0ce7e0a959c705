// SPDX-License-Identifier: Apache-2.0
#include "server/run/window_fold.h"

#include <utility>

namespace pano::run {

void WindowFold::Add(const live::WindowSet& later, double watched) {
  if (empty()) from_ = later.from;
  to_ = later.to;
  watched_ += watched;
  ++count_;
  for (const live::EdgeEntry& e : later.edges) {
    Edge& sum = edges_[e.id];
    sum.edge = e.edge;
    sum.last = count_;
    sum.window.client.AddLater(e.window.client);
    sum.window.server.AddLater(e.window.server);
  }
  for (auto& [id, sum] : edges_) {
    if (sum.last == count_) continue;
    sum.window.client.AddLater({});  // quiet: its levels are 0 now
    sum.window.server.AddLater({});
  }
  for (const live::NodeEntry& n : later.nodes) nodes_[n.service].AddLater(n.window);
  for (const auto& [cause, count] : later.losses) losses_[cause] += count;
}

live::WindowSet WindowFold::Take() {
  live::WindowSet out;
  out.from = from_;
  out.to = to_;
  for (auto& [id, sum] : edges_) {
    sum.window.seconds = watched_;
    out.edges.push_back({id, sum.edge, std::move(sum.window)});
  }
  for (auto& [id, window] : nodes_) out.nodes.push_back({id, window});
  out.losses.assign(losses_.begin(), losses_.end());
  *this = {};
  return out;
}

}  // namespace pano::run
