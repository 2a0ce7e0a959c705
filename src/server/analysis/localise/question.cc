// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/question.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "base/stable_order.h"

namespace pano::analysis {
namespace {

std::tuple<uint32_t, uint32_t, SeriesMetric> Key(const Series& s) {
  return {s.node, s.caller, s.metric};
}

void SortNodes(Question& q) {
  std::vector<uint32_t> order(q.nodes.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, [&](uint32_t a, uint32_t b) { return q.nodes[a] < q.nodes[b]; });
  std::vector<uint32_t> place(order.size());
  std::vector<std::string> names(order.size());
  for (uint32_t i = 0; i < order.size(); ++i) {
    place[order[i]] = i;
    names[i] = std::move(q.nodes[order[i]]);
  }
  q.nodes = std::move(names);
  const auto moved = [&](uint32_t node) { return node == kNoNode ? kNoNode : place[node]; };
  q.entry = moved(q.entry);
  q.target = moved(q.target);
  for (auto& [caller, callee] : q.calls) caller = moved(caller), callee = moved(callee);
  for (Window* window : {&q.baseline, &q.incident}) {
    for (Series& s : window->series) s.node = moved(s.node), s.caller = moved(s.caller);
  }
}

// Averages what is known of several values, in an order that does not depend on theirs.
double MeanKnown(std::vector<double>& values) {
  std::erase_if(values, [](double v) { return !std::isfinite(v); });
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::ranges::sort(values);
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

void SortTimes(Window& window) {
  const size_t n = window.times.size();
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  StableOrder(order, [&](size_t a, size_t b) { return window.times[a] < window.times[b]; });
  std::vector<size_t> begins;  // of runs of equal times
  for (size_t i = 0; i < n; ++i) {
    if (i == 0 || window.times[order[i]] != window.times[order[i - 1]]) begins.push_back(i);
  }
  const bool is_sorted = begins.size() == n && std::ranges::is_sorted(order);
  if (is_sorted) return;
  begins.push_back(n);
  std::vector<double> times;
  for (size_t r = 0; r + 1 < begins.size(); ++r) times.push_back(window.times[order[begins[r]]]);
  std::vector<double> same;
  for (Series& s : window.series) {
    std::vector<double> values;
    for (size_t r = 0; r + 1 < begins.size(); ++r) {
      same.clear();
      for (size_t i = begins[r]; i < begins[r + 1]; ++i) same.push_back(s.values[order[i]]);
      values.push_back(MeanKnown(same));
    }
    s.values = std::move(values);
  }
  window.times = std::move(times);
}

void MergeSeries(Window& window) {
  for (Series& s : window.series) {
    for (double& v : s.values) {
      if (!std::isfinite(v)) v = std::numeric_limits<double>::quiet_NaN();
    }
  }
  std::erase_if(window.series, [](const Series& s) {
    return std::ranges::all_of(s.values, [](double v) { return std::isnan(v); });
  });
  StableOrder(window.series, [](const Series& a, const Series& b) { return Key(a) < Key(b); });
  std::vector<Series> merged;
  std::vector<double> same;
  for (size_t i = 0; i < window.series.size();) {
    size_t end = i + 1;
    while (end < window.series.size() && Key(window.series[end]) == Key(window.series[i])) ++end;
    Series s = std::move(window.series[i]);
    for (size_t t = 0; t < s.values.size() && end > i + 1; ++t) {
      same.assign(1, s.values[t]);
      for (size_t j = i + 1; j < end; ++j) same.push_back(window.series[j].values[t]);
      s.values[t] = MeanKnown(same);
    }
    merged.push_back(std::move(s));
    i = end;
  }
  window.series = std::move(merged);
}

}  // namespace

void Normalise(Question& q) {
  SortNodes(q);
  std::ranges::sort(q.calls);
  q.calls.erase(std::ranges::unique(q.calls).begin(), q.calls.end());
  std::erase_if(q.calls, [](const auto& call) { return call.first == call.second; });
  for (Window* window : {&q.baseline, &q.incident}) {
    SortTimes(*window);
    MergeSeries(*window);
  }
}

}  // namespace pano::analysis
