// SPDX-License-Identifier: Apache-2.0
#include "bench/diagnose/rivals.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>

#include "base/stable_order.h"

namespace pano::bench {
namespace {

using analysis::Question;
using analysis::Series;

struct Moments {
  double mean = 0, deviation = 0;
  size_t count = 0;
};

Moments MomentsOf(const std::vector<double>& values) {
  Moments m;
  double squares = 0;
  for (const double v : values) {
    if (!std::isfinite(v)) continue;
    ++m.count;
    m.mean += v;
    squares += v * v;
  }
  if (m.count == 0) return m;
  m.mean /= static_cast<double>(m.count);
  m.deviation = std::sqrt(std::max(squares / static_cast<double>(m.count) - m.mean * m.mean, 0.0));
  return m;
}

std::vector<double> Deviations(const Question& q) {
  using Key = std::tuple<uint32_t, uint32_t, analysis::SeriesMetric>;
  std::map<Key, Moments> usual;
  for (const Series& s : q.baseline.series) {
    usual[{s.node, s.caller, s.metric}] = MomentsOf(s.values);
  }
  std::vector<double> largest(q.nodes.size());
  for (const Series& s : q.incident.series) {
    Moments before;
    const auto found = usual.find({s.node, s.caller, s.metric});
    Moments now = MomentsOf(s.values);
    if (found != usual.end()) {
      before = found->second;
    } else if (q.baseline.times.empty() && s.values.size() >= 8) {
      // Without a past: the last third against the first.
      const auto third = static_cast<ptrdiff_t>(s.values.size() / 3);
      before = MomentsOf({s.values.begin(), s.values.begin() + third});
      now = MomentsOf({s.values.end() - third, s.values.end()});
    }
    if (before.count < 2 || now.count == 0) continue;
    const double deviation = std::max(before.deviation, 1e-3 * before.mean + 1e-9);
    largest[s.node] = std::max(largest[s.node], std::abs(now.mean - before.mean) / deviation);
  }
  return largest;
}

std::vector<uint32_t> Sorted(const std::vector<double>& score) {
  std::vector<uint32_t> order(score.size());
  std::iota(order.begin(), order.end(), 0U);
  StableOrder(order, [&](uint32_t a, uint32_t b) { return score[a] > score[b]; });
  return order;
}

}  // namespace

std::vector<uint32_t> ByLargestDeviation(const Question& q) { return Sorted(Deviations(q)); }

std::vector<uint32_t> ByDeepestAbnormal(const Question& q) {
  std::vector<double> score = Deviations(q);
  std::vector<bool> reached(q.nodes.size());
  std::vector<uint32_t> stack{q.target};
  reached[q.target] = true;
  while (!stack.empty()) {
    const uint32_t node = stack.back();
    stack.pop_back();
    for (const auto& [caller, callee] : q.calls) {
      if (caller == node && !reached[callee]) reached[callee] = true, stack.push_back(callee);
    }
  }
  const std::vector<double> deviation = score;
  for (uint32_t i = 0; i < score.size(); ++i) {
    const bool victim = std::ranges::any_of(
        q.calls, [&](const auto& c) { return c.first == i && deviation[c.second] > 3; });
    score[i] = std::min(deviation[i], 1e6) + (deviation[i] > 3 && reached[i] ? 2e6 : 0) +
               (deviation[i] > 3 && reached[i] && !victim ? 4e6 : 0);
  }
  return Sorted(score);
}

}  // namespace pano::bench
