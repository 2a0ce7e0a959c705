// SPDX-License-Identifier: Apache-2.0
// Questions written down in a few lines: each series is a level before, a level after and some
// noise.
#pragma once

#include <cmath>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/analysis/localise/question.h"

namespace pano::analysis {

class QuestionBuilder {
 public:
  explicit QuestionBuilder(size_t before = 60, size_t after = 10, uint64_t seed = 1)
      : random_(seed) {
    for (size_t t = 0; t < before; ++t)
      q_.baseline.times.push_back(1000 + 10.0 * static_cast<double>(t));
    for (size_t t = 0; t < after; ++t) {
      q_.incident.times.push_back(1000 + 10.0 * static_cast<double>(before + t));
    }
  }

  uint32_t Node(std::string_view name) {
    for (uint32_t i = 0; i < q_.nodes.size(); ++i) {
      if (q_.nodes[i] == name) return i;
    }
    q_.nodes.emplace_back(name);
    return static_cast<uint32_t>(q_.nodes.size() - 1);
  }
  QuestionBuilder& Calls(std::string_view caller, std::string_view callee) {
    const uint32_t from = Node(caller);
    q_.calls.emplace_back(from, Node(callee));
    return *this;
  }
  QuestionBuilder& Entry(std::string_view name) {
    q_.entry = Node(name);
    return *this;
  }
  QuestionBuilder& Target(std::string_view name, TargetMetric metric) {
    q_.target = Node(name);
    q_.metric = metric;
    return *this;
  }
  // Levels before and after, with noise of `spread` of them.
  QuestionBuilder& Add(std::string_view node, SeriesMetric metric, double before, double after,
                       double spread = 0.05) {
    return AddSeries(Node(node), kNoNode, metric, before, after, spread);
  }
  QuestionBuilder& AddCall(std::string_view caller, std::string_view callee, SeriesMetric metric,
                           double before, double after, double spread = 0.05) {
    const uint32_t from = Node(caller);
    return AddSeries(Node(callee), from, metric, before, after, spread);
  }
  // Average latency (s) and requests of one node.
  QuestionBuilder& Service(std::string_view node, double requests, double before, double after) {
    Add(node, SeriesMetric::kRequests, requests, requests);
    return Add(node, SeriesMetric::kLatencyAvg, before, after);
  }

  Question Make() const {
    Question q = q_;
    Normalise(q);
    return q;
  }
  Question& raw() { return q_; }

 private:
  double Noisy(double level, double spread) {
    std::normal_distribution<double> normal;
    return std::max(level * (1 + spread * normal(random_)), 0.0);
  }
  QuestionBuilder& AddSeries(uint32_t node, uint32_t caller, SeriesMetric metric, double before,
                             double after, double spread) {
    const double most = metric == SeriesMetric::kAvailability ? 1 : 1e300;
    Series usual{node, caller, metric, {}};
    Series now = usual;
    for (size_t t = 0; t < q_.baseline.times.size(); ++t) {
      usual.values.push_back(std::min(Noisy(before, spread), most));
    }
    for (size_t t = 0; t < q_.incident.times.size(); ++t) {
      now.values.push_back(std::min(Noisy(after, spread), most));
    }
    if (!usual.values.empty()) q_.baseline.series.push_back(std::move(usual));
    q_.incident.series.push_back(std::move(now));
    return *this;
  }

  Question q_;
  std::mt19937_64 random_;
};

// front -> a, front -> b -> c: the shape most tests begin with, all well.
inline QuestionBuilder SmallShop(size_t before = 60, size_t after = 10) {
  QuestionBuilder shop(before, after);
  shop.Entry("users").Target("front", TargetMetric::kLatency);
  shop.Calls("users", "front").Calls("front", "a").Calls("front", "b").Calls("b", "c");
  return shop;
}

}  // namespace pano::analysis
