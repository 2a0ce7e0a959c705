// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/change_point.h"

#include <algorithm>
#include <cmath>

#include "server/analysis/robust.h"

namespace pano::analysis {
namespace {

constexpr size_t kFewestPoints = 12;
constexpr size_t kFewestBefore = 4;
constexpr size_t kFewestAfter = 3;
constexpr double kClear = 6;  // standard errors between before and after

// Worse is positive.
double Direction(const Question& q, SeriesMetric metric) {
  if (metric == SeriesMetric::kAvailability) return -1;
  if (metric == SeriesMetric::kRequests) return q.metric == TargetMetric::kThroughput ? -1 : 0;
  return q.metric == TargetMetric::kThroughput ? 0 : 1;
}

struct Change {
  size_t at = 0;
  double size = 0;  // standard errors
};

Change LargestChange(const std::vector<double>& values, double direction) {
  std::vector<double> logs;
  std::vector<size_t> places;
  double typical = 0;
  for (const double v : values) typical = std::isfinite(v) ? std::max(typical, v) : typical;
  if (typical <= 0) return {};
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    logs.push_back(std::log(values[i] + 0.01 * typical));
    places.push_back(i);
  }
  if (logs.size() < kFewestPoints) return {};
  Change best;
  for (size_t at = kFewestBefore; at + kFewestAfter <= logs.size(); ++at) {
    const std::span<const double> all(logs);
    const auto before = all.first(at);
    const auto after = all.subspan(at);
    const std::vector<double> b(before.begin(), before.end());
    const double spread = std::hypot(Spread(b) * (1 + 2.0 / static_cast<double>(at)), 0.05);
    const double error = spread * std::sqrt(1.0 / static_cast<double>(before.size()) +
                                            1.0 / static_cast<double>(after.size()));
    const double size = direction * (Mean(after) - Mean(before)) / error;
    if (size > best.size) best = {places[at], size};
  }
  return best;
}

Window Part(const Window& window, size_t begin, size_t end) {
  Window part;
  const auto cut = [&](const std::vector<double>& values) {
    return std::vector<double>(values.begin() + static_cast<ptrdiff_t>(begin),
                               values.begin() + static_cast<ptrdiff_t>(end));
  };
  part.times = cut(window.times);
  for (const Series& s : window.series) {
    part.series.push_back({s.node, s.caller, s.metric, cut(s.values)});
  }
  return part;
}

}  // namespace

std::optional<Question> SplitAtChange(const Question& question) {
  if (question.incident.times.size() < kFewestPoints) return std::nullopt;
  Change best;
  bool is_told = false;
  for (const bool at_target : {true, false}) {
    if (is_told) break;
    for (const Series& s : question.incident.series) {
      if ((s.node == question.target && s.caller == kNoNode) != at_target) continue;
      const double direction = Direction(question, s.metric);
      if (direction == 0) continue;
      is_told = is_told || at_target;
      const Change change = LargestChange(s.values, direction);
      if (change.size > best.size) best = change;
    }
  }
  if (best.size < (is_told ? kClear : 2 * kClear)) return std::nullopt;
  Question split = question;
  split.baseline = Part(question.incident, 0, best.at);
  split.incident = Part(question.incident, best.at, question.incident.times.size());
  return split;
}

}  // namespace pano::analysis
