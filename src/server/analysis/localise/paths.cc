// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/paths.h"

#include <algorithm>
#include <queue>

#include "server/analysis/localise/harm.h"

namespace pano::analysis {
namespace {

constexpr double kHop = 0.05;  // what a hop to a wholly abnormal node costs; to a normal one 1 more

// Nodes from the root to `node`; empty where the root does not lead there.
std::vector<uint32_t> Back(const std::vector<uint32_t>& tree, uint32_t root, uint32_t node) {
  std::vector<uint32_t> path{node};
  while (path.back() != root) {
    if (tree.empty() || tree[path.back()] == kNoNode || path.size() > tree.size()) return {};
    path.push_back(tree[path.back()]);
  }
  std::ranges::reverse(path);
  return path;
}

}  // namespace

PathFinder::PathFinder(const System& system) : system_(system) {
  if (system.question->entry != kNoNode) from_entry_ = Tree(system.question->entry);
  from_target_ = Tree(system.question->target);
}

std::vector<uint32_t> PathFinder::Tree(uint32_t root) const {
  const size_t n = system_.nodes.size();
  std::vector<uint32_t> before(n, kNoNode);
  std::vector<double> cost(n, 1e300);
  using Item = std::pair<double, uint32_t>;
  std::priority_queue<Item, std::vector<Item>, std::greater<>> open;
  cost[root] = 0;
  open.emplace(0, root);
  while (!open.empty()) {
    const auto [so_far, node] = open.top();
    open.pop();
    if (so_far > cost[node]) continue;
    for (const uint32_t c : system_.out[node]) {
      const uint32_t next = system_.calls[c].callee;
      const double there = so_far + kHop + 1 - Badness(system_.nodes[next]);
      if (there >= cost[next]) continue;
      cost[next] = there;
      before[next] = node;
      open.emplace(there, next);
    }
  }
  return before;
}

std::vector<uint32_t> PathFinder::To(uint32_t node) const {
  const uint32_t entry = system_.question->entry;
  const uint32_t target = system_.question->target;
  std::vector<uint32_t> below = Back(from_target_, target, node);
  if (entry == kNoNode) return below.empty() ? std::vector<uint32_t>{node} : below;
  if (!below.empty()) {
    std::vector<uint32_t> above = Back(from_entry_, entry, target);
    if (above.empty()) return below;
    above.insert(above.end(), below.begin() + 1, below.end());
    return above;
  }
  std::vector<uint32_t> direct = Back(from_entry_, entry, node);
  return direct.empty() ? std::vector<uint32_t>{node} : direct;
}

}  // namespace pano::analysis
