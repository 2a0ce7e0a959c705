// SPDX-License-Identifier: Apache-2.0
// What must not matter: order, units, names.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "server/analysis/localise/localise.h"
#include "server/analysis/localise/question_for_test.h"

namespace pano::analysis {
namespace {

using enum SeriesMetric;

QuestionBuilder Trouble(uint64_t seed) {
  QuestionBuilder b(50, 6, seed);
  b.Entry("users").Target("front", TargetMetric::kLatency);
  b.Calls("users", "front").Calls("front", "a").Calls("front", "b").Calls("b", "c").Calls("a", "c");
  b.Service("front", 900, 0.10, 0.19).Service("a", 400, 0.02, 0.05).Service("b", 800, 0.05, 0.12);
  b.Service("c", 1200, 0.03, 0.10).Add("c", kCpuUse, 0.5, 1.5).Add("b", kErrors, 1, 9, 0.3);
  return b;
}

using Ranked = std::vector<std::pair<std::string, double>>;
Ranked Rank(const Question& q) {
  Ranked ranked;
  for (const Cause& c : Localise(q).causes) ranked.emplace_back(q.nodes[c.node], c.score);
  return ranked;
}

void ExpectSame(const Ranked& one, const Ranked& other) {
  ASSERT_EQ(one.size(), other.size());
  for (size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].first, other[i].first) << i;
    EXPECT_NEAR(one[i].second, other[i].second, 1e-6) << i;
  }
}

TEST(Invariance, OrderOfNodesCallsSeriesAndTimesDoesNotMatter) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const Question q = Trouble(seed).Make();
    const Ranked expected = Rank(q);
    ASSERT_GE(expected.size(), 5U);
    Question mixed = q;
    std::mt19937_64 random(seed);
    std::vector<uint32_t> place(q.nodes.size());
    for (uint32_t i = 0; i < place.size(); ++i) place[i] = i;
    std::ranges::shuffle(place, random);
    for (uint32_t i = 0; i < place.size(); ++i) mixed.nodes[place[i]] = q.nodes[i];
    mixed.entry = place[q.entry];
    mixed.target = place[q.target];
    for (auto& [from, to] : mixed.calls) from = place[from], to = place[to];
    std::ranges::shuffle(mixed.calls, random);
    for (Window* w : {&mixed.baseline, &mixed.incident}) {
      std::vector<size_t> times(w->times.size());
      for (size_t i = 0; i < times.size(); ++i) times[i] = i;
      std::ranges::shuffle(times, random);
      const std::vector<double> old = w->times;
      for (size_t i = 0; i < times.size(); ++i) w->times[i] = old[times[i]];
      for (Series& s : w->series) {
        s.node = place[s.node];
        const std::vector<double> values = s.values;
        for (size_t i = 0; i < times.size(); ++i) s.values[i] = values[times[i]];
      }
      std::ranges::shuffle(w->series, random);
    }
    Normalise(mixed);
    ExpectSame(expected, Rank(mixed));
  }
}

TEST(Invariance, UnitsOfTimeCpuAndMemoryDoNotMatter) {
  Question q = Trouble(3).Make();
  const Ranked expected = Rank(q);
  for (Window* w : {&q.baseline, &q.incident}) {
    for (Series& s : w->series) {
      for (double& v : s.values) v *= s.metric == kLatencyAvg || s.metric == kCpuUse ? 1e3 : 1;
    }
  }
  ExpectSame(expected, Rank(q));
}

TEST(Invariance, NamesDoNotMatter) {
  const Question q = Trouble(4).Make();
  Question renamed = q;
  for (std::string& name : renamed.nodes) std::ranges::reverse(name);
  for (size_t i = 0; i < renamed.nodes.size(); ++i) renamed.nodes[i] = "z" + std::to_string(9 - i);
  const std::vector<std::string> names = renamed.nodes;
  Normalise(renamed);
  Ranked expected = Rank(q);
  for (auto& [name, score] : expected) {
    name = names[static_cast<size_t>(std::ranges::find(q.nodes, name) - q.nodes.begin())];
  }
  ExpectSame(expected, Rank(renamed));
}

TEST(Invariance, TheSameQuestionGetsTheSameAnswer) {
  const Question q = Trouble(5).Make();
  const Localisation one = Localise(q);
  const Localisation other = Localise(q);
  EXPECT_EQ(one.sentence, other.sentence);
  EXPECT_EQ(one.confidence, other.confidence);
}

}  // namespace
}  // namespace pano::analysis
