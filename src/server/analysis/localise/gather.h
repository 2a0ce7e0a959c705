// SPDX-License-Identifier: Apache-2.0
// The series of one node or one call, found in both windows and made into samples to judge.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "server/analysis/localise/judge.h"
#include "server/analysis/localise/question.h"

namespace pano::analysis {

// Values of one subject by metric; empty: no such series.
using SeriesSet = std::array<std::vector<double>, kSeriesMetrics>;

struct Subject {
  SeriesSet usual;
  SeriesSet now;

  const std::vector<double>& usual_of(SeriesMetric m) const {
    return usual[static_cast<size_t>(m)];
  }
  const std::vector<double>& now_of(SeriesMetric m) const { return now[static_cast<size_t>(m)]; }
  bool has(SeriesMetric m) const { return !now_of(m).empty(); }
  bool is_seen() const;
};

// (caller or kNoNode, node) -> its series. Nodes without request series of their own get the sum of
// what their callers see.
using Subjects = std::map<std::pair<uint32_t, uint32_t>, Subject>;
Subjects Gather(const Question& question);

// Samples of a subject; nullopt where the incident has nothing.
std::optional<Sample> LatencySample(const Subject& s);  // mean, or percentiles made into one
std::optional<Sample> StatisticSample(const Subject& s, SeriesMetric statistic);
std::optional<Sample> FailureSample(const Subject& s);
// `times`: of the incident. A node that always had requests and now tells nothing has none.
std::optional<Sample> RequestSample(const Subject& s, size_t times);
std::optional<Sample> CountSample(const Subject& s, SeriesMetric metric);
std::optional<Sample> LevelSample(const Subject& s, SeriesMetric metric, double offset);
std::optional<Sample> FractionSample(const Subject& s, SeriesMetric metric);

// Only [begin, end) of what is now.
void Cut(Sample& sample, size_t begin, size_t end);

}  // namespace pano::analysis
