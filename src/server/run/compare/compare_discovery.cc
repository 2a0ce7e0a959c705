// SPDX-License-Identifier: Apache-2.0
#include "server/run/compare/compare_discovery.h"

#include <algorithm>
#include <map>
#include <utility>

#include "server/run/compare/significance.h"

namespace pano::run {
namespace {

// How much of the allowed false discoveries a question gets: what people compare for comes first.
double QuestionWeight(bool edge, Family family) {
  if (family == Family::kLatency) return edge ? 1 : 4;
  if (family == Family::kOwn) return 2;
  return !edge && family == Family::kErrors ? 1 : 0.5;
}

struct Question {
  std::vector<size_t> tests;
  double p = 1;
  double weight = 1;
};

}  // namespace

Discoveries Discover(const std::vector<TestedMetric>& tests) {
  std::map<std::pair<size_t, Family>, Question> questions;
  for (size_t i = 0; i < tests.size(); ++i) {
    const Family family = FamilyOf(tests[i].metric);
    Question& question = questions[{tests[i].subject, family}];
    question.weight = QuestionWeight(tests[i].edge, family);
    question.tests.push_back(i);
  }
  double weights = 0;
  for (auto& [key, question] : questions) {
    weights += question.weight;
    std::ranges::sort(question.tests, {}, [&tests](size_t i) { return tests[i].p; });
    const auto count = static_cast<double>(question.tests.size());
    double rank = 0;
    for (const size_t i : question.tests) {
      question.p = std::min(question.p, tests[i].p * count / ++rank);
    }
  }
  std::vector<double> p;
  for (const auto& [key, question] : questions) {
    const double weight = question.weight * static_cast<double>(questions.size()) / weights;
    p.push_back(std::min(1.0, question.p / weight));
  }
  const std::vector<double> rates = FalseDiscoveryRates(p);
  Discoveries out{std::vector<double>(tests.size(), 1), static_cast<uint32_t>(questions.size())};
  size_t n = 0;
  for (const auto& [key, question] : questions) {
    for (const size_t i : question.tests) out.q[i] = std::max(rates[n], tests[i].p);
    ++n;
  }
  return out;
}

}  // namespace pano::run
