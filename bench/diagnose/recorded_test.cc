// SPDX-License-Identifier: Apache-2.0
// Floors under the hit rate: on a few generated systems, and on every recorded case there is.
#include "bench/diagnose/recorded.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "bench/diagnose/score.h"
#include "bench/diagnose/write_question.h"
#include "server/analysis/localise/read_question.h"

namespace pano::bench {
namespace {

std::string Folder() {
  const char* other = std::getenv("PANO_RECORDED");
  return other ? other : std::string(PANO_SOURCE_DIR) + "/bench/diagnose/recorded";
}

TEST(Recorded, EveryCaseCanBeReadAndMostAreRight) {
  const auto cases = ReadRecorded(Folder());
  ASSERT_TRUE(cases) << cases.error().text;
  Hits faults;
  Hits healthy;
  for (const RecordedCase& one : *cases) {
    (one.asked.truth.empty() ? healthy : faults).Add(Ask(one.asked).hits);
  }
  RecordProperty("faults", static_cast<int>(faults.cases));
  if (faults.cases >= 10) {
    EXPECT_GE(faults.first * 100, faults.cases * 75);
    EXPECT_GE(faults.third * 100, faults.cases * 85);
  }
  // One wrong alarm in few runs proves nothing.
  EXPECT_LE(healthy.named, 1 + healthy.cases / 50);
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
