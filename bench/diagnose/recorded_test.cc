// SPDX-License-Identifier: Apache-2.0
// Floors under the hit rate: on a few generated systems, and on every recorded case.
#include "bench/diagnose/recorded.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "bench/diagnose/score.h"
#include "bench/diagnose/write_question.h"
#include "server/analysis/localise/read_question.h"

namespace pano::bench {
namespace {

std::string Folder() {
  const char* other = std::getenv("PANO_RECORDED");
  return other ? other : std::string(PANO_SOURCE_DIR) + "/bench/diagnose/recorded";
}

class Recorded : public testing::Test {
 protected:
  void SetUp() override {
    auto read = ReadRecorded(Folder());
    ASSERT_TRUE(read) << read.error().text;
    cases_ = std::move(*read);
  }

  std::vector<RecordedCase> cases_;
};

TEST_F(Recorded, ThereAreManyOfManyKinds) {
  std::set<std::string> kinds;
  std::set<std::string> services;
  size_t faults = 0;
  size_t pairs = 0;
  for (const RecordedCase& one : cases_) {
    if (one.asked.truth.empty()) continue;
    ++faults;
    pairs += one.asked.truth.size() > 1;
    kinds.insert(one.fault);
    services.insert(one.asked.truth.begin(), one.asked.truth.end());
    for (const std::string& node : one.asked.truth) {
      EXPECT_TRUE(std::ranges::count(one.asked.question.nodes, node))
          << one.asked.name << " does not know " << node;
    }
  }
  EXPECT_GE(faults, 60U);
  EXPECT_GE(pairs, 6U);
  EXPECT_GE(cases_.size() - faults, 12U);
  EXPECT_GE(kinds.size(), 8U);
  EXPECT_GE(services.size(), 8U);
}

TEST_F(Recorded, MostAreRight) {
  Hits faults;
  Hits healthy;
  for (const RecordedCase& one : cases_) {
    (one.asked.truth.empty() ? healthy : faults).Add(Ask(one.asked).hits);
  }
  EXPECT_GE(faults.first * 100, faults.cases * 75);
  EXPECT_GE(faults.third * 100, faults.cases * 85);
  EXPECT_LE(healthy.named * 100, healthy.cases * 2);
}

TEST(Generated, FaultsAreFoundWhereMetricsTellThem) {
  Hits hits;
  for (const Fault fault : {Fault::kThrottle, Fault::kDelay, Fault::kErrors, Fault::kRefused}) {
    for (uint64_t seed = 0, made = 0; made < 2 && seed < 20; seed += 2) {
      const auto one = MakeCase(View::kRich, {fault}, seed);
      if (!one) continue;
      ++made;
      hits.Add(Ask(*one).hits);
    }
  }
  ASSERT_EQ(hits.cases, 8U);
  EXPECT_GE(hits.third, 7U);
}

TEST(Generated, TheSameSeedMakesTheSameCaseAndItsFileReadsBack) {
  std::optional<Case> one;
  uint64_t seed = 0;
  while (!(one = MakeCase(View::kCounts, {Fault::kErrors}, seed))) ++seed;
  const auto again = MakeCase(View::kCounts, {Fault::kErrors}, seed);
  ASSERT_TRUE(again);
  EXPECT_EQ(QuestionJson(*one), QuestionJson(*again));
  const auto read = analysis::ReadQuestion(QuestionJson(*one));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->incident.times, one->question.incident.times);
  EXPECT_EQ(Ask(*one).ranked.size(), 5U);
}

}  // namespace
}  // namespace pano::bench
