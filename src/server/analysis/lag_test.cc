// SPDX-License-Identifier: Apache-2.0
// Consumers of a log: how many records wait for them takes the place of latency.
#include "server/analysis/lag.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/analysis/scenario_for_test.h"

namespace pano::analysis {
namespace {

using schema::L7Protocol;
using testing::Contains;
using testing::HasSubstr;

Traffic Fetch(double records, double lag, double growth) {
  return {.rate = 2,
          .p50_ms = 300,
          .p95_ms = 500,
          .records = records,
          .lag = lag,
          .lag_growth = growth,
          .protocol = L7Protocol::kKafka};
}

// A shop whose orders go through a log to a consumer, all of it well.
Scenario Shop(const Traffic& fetch, const NodeSecond& consumer = Scenario::Calm()) {
  Scenario s;
  s.Add("accounting", consumer);
  s.Call("client", "checkout", {.rate = 40, .p50_ms = 30, .p95_ms = 60});
  s.Call("checkout", "kafka",
         {.rate = 40, .p50_ms = 2, .p95_ms = 5, .protocol = L7Protocol::kKafka});
  s.Call("accounting", "kafka", fetch);
  s.Call("accounting", "db", {.rate = 20, .p50_ms = 3, .p95_ms = 6});
  return s;
}

TEST(LagTest, AConsumerThatFallsBehindIsTheBottleneck) {
  const Scenario s = Shop(Fetch(20, 100, 20));
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.bottleneck_service, "accounting") << d.sentence;
  EXPECT_THAT(d.sentence, HasSubstr("behind with 340 records"));
  EXPECT_THAT(d.evidence, Contains(HasSubstr("20 records/s more than it takes")));
  ASSERT_EQ(d.path.size(), 4u) << d.sentence;
  EXPECT_EQ(d.path[2], s.id("kafka"));
  ASSERT_FALSE(d.steps.empty());
  EXPECT_THAT(d.steps.back().text, HasSubstr("kafka → accounting: "));
}

TEST(LagTest, ItsCpuQuotaIsToldWhereItIsTheReason) {
  const Diagnosis d = Shop(Fetch(20, 100, 20), Scenario::Throttled(0.9)).Ask();
  EXPECT_EQ(d.bottleneck_service, "accounting") << d.sentence;
  EXPECT_EQ(d.candidates.front().fault, FaultClass::kCpuThrottled);
}

TEST(LagTest, AConsumerThatStandsStillIsNamed) {
  const Diagnosis d = Shop(Fetch(0, 100, 40)).Ask();
  EXPECT_EQ(d.bottleneck_service, "accounting") << d.sentence;
  EXPECT_THAT(d.sentence, HasSubstr("it is fetching nothing while"));
}

TEST(LagTest, ASlowCallOfTheConsumerIsTheReason) {
  Scenario s;
  s.Add("db", Scenario::Throttled(0.9));
  s.Call("client", "checkout", {.rate = 40, .p50_ms = 30, .p95_ms = 60});
  s.Call("checkout", "kafka",
         {.rate = 40, .p50_ms = 2, .p95_ms = 5, .protocol = L7Protocol::kKafka});
  s.Call("accounting", "kafka", Fetch(2, 100, 38));
  s.Call("accounting", "db", {.rate = 2, .p50_ms = 480, .p95_ms = 700});
  EXPECT_EQ(s.Ask().bottleneck_service, "db") << s.Ask().sentence;
}

TEST(LagTest, KeepingUpIsNoHarm) {
  for (const Traffic& fetch : {Fetch(40, 30, 0), Fetch(40, 400, 0), Fetch(40, 400, -20),
                               Fetch(40, 5, 1), Fetch(0, 0, 0), Fetch(0, 10, 0)}) {
    const Diagnosis d = Shop(fetch).Ask();
    EXPECT_EQ(d.verdict, Verdict::kNone) << fetch.lag << ' ' << fetch.lag_growth << d.sentence;
  }
}

TEST(LagTest, FarBehindNeedNotGrow) {
  const Diagnosis d = Shop(Fetch(40, 40'000, 0)).Ask();
  EXPECT_EQ(d.bottleneck_service, "accounting") << d.sentence;
}

TEST(LagTest, ALimitSwitchedOffIsNotJudged) {
  const Limits limits({}, {});
  EXPECT_EQ(Shop(Fetch(20, 100, 20)).Ask(limits).verdict, Verdict::kNone);
}

}  // namespace
}  // namespace pano::analysis
