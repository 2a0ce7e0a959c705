// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/state.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace pano::analysis {
namespace {

constexpr uint64_t kStart = 1'700'000'000;

Observation Latency(double us) {
  Observation seen;
  seen.values[Metric::kTraffic] = 1000;
  seen.values[Metric::kRequestRate] = 10;
  seen.values[Metric::kErrors] = 0;
  seen.values[Metric::kLatency] = us;
  seen.values[Metric::kConnectFailures] = 0;
  return seen;
}

Observation Quiet() {
  Observation seen;
  seen.values[Metric::kTraffic] = 0;
  seen.values[Metric::kRequestRate] = 0;
  seen.values[Metric::kErrors] = 0;
  seen.values[Metric::kConnectFailures] = 0;
  return seen;
}

// Feeds seconds kStart, kStart + 1, ... and answers the state after the last.
State Feed(StateTracker& tracker, std::initializer_list<Observation> seconds,
           uint64_t start = kStart, const LimitSet& limits = DefaultLimits()) {
  for (const Observation& seen : seconds) tracker.Update(start++, seen, limits);
  return tracker.state();
}

TEST(StateTest, OverAfterTwoBadSecondsOfThree) {
  StateTracker tracker;
  EXPECT_EQ(Feed(tracker, {Latency(2e6)}), State::kNear) << "one bad second is not over";
  EXPECT_EQ(Feed(tracker, {Latency(1e3)}, kStart + 1), State::kOk);
  EXPECT_EQ(Feed(tracker, {Latency(2e6)}, kStart + 2), State::kOver);
  EXPECT_EQ(tracker.since(), kStart) << "since the first bad second";
  ASSERT_TRUE(tracker.worst());
  EXPECT_EQ(tracker.worst()->metric, Metric::kLatency);
  EXPECT_DOUBLE_EQ(tracker.worst()->severity, 2.0);
}

TEST(StateTest, OneBadSecondOfThreeNeverTurnsRed) {
  StateTracker tracker;
  for (int i = 0; i < 30; ++i) {
    tracker.Update(kStart + i, Latency(i % 3 == 0 ? 5e6 : 1e3), DefaultLimits());
    EXPECT_NE(tracker.state(), State::kOver) << i;
  }
}

TEST(StateTest, ClearsAfterFiveGoodSecondsInARow) {
  StateTracker tracker;
  Feed(tracker, {Latency(2e6), Latency(2e6)});
  EXPECT_EQ(Feed(tracker, {Latency(1), Latency(1), Latency(1), Latency(1)}, kStart + 2),
            State::kOver);
  EXPECT_EQ(Feed(tracker, {Latency(2e6)}, kStart + 6), State::kOver) << "starts again";
  EXPECT_EQ(Feed(tracker, {Latency(1), Latency(1), Latency(1), Latency(1)}, kStart + 7),
            State::kOver);
  EXPECT_EQ(tracker.since(), kStart) << "one red period";
  EXPECT_EQ(Feed(tracker, {Latency(1)}, kStart + 11), State::kOk);
  EXPECT_EQ(tracker.since(), kStart + 11);
  EXPECT_FALSE(tracker.worst());
}

TEST(StateTest, NearFromEightyPercent) {
  StateTracker tracker;
  EXPECT_EQ(Feed(tracker, {Latency(799'999)}), State::kOk);
  EXPECT_EQ(Feed(tracker, {Latency(800'000)}, kStart + 1), State::kNear);
  EXPECT_EQ(Feed(tracker, {Latency(1'000'000), Latency(1'000'000)}, kStart + 2), State::kNear)
      << "the limit itself is allowed";
  EXPECT_EQ(tracker.worst()->metric, Metric::kLatency);
}

TEST(StateTest, GapOfOneSecondNeitherClearsNorTurnsRed) {
  StateTracker tracker;
  Feed(tracker, {Latency(2e6)});
  EXPECT_EQ(Feed(tracker, {Latency(2e6)}, kStart + 2), State::kOver);  // second kStart + 1 missing
  EXPECT_EQ(
      Feed(tracker, {Latency(1), Latency(1), Observation{}, Latency(1), Latency(1)}, kStart + 3),
      State::kOver);
  EXPECT_EQ(Feed(tracker, {Latency(1)}, kStart + 8), State::kOk) << "the fifth good one known";
}

TEST(StateTest, NoDataAfterFiveUnknownSeconds) {
  StateTracker tracker;
  EXPECT_EQ(tracker.state(), State::kNoData);
  Feed(tracker, {Latency(2e6), Latency(2e6)});
  EXPECT_EQ(Feed(tracker, {{}, {}, {}, {}}, kStart + 2), State::kOver);
  EXPECT_EQ(Feed(tracker, {Observation{}}, kStart + 6), State::kNoData);
  tracker.Update(kStart + 7, Latency(1), DefaultLimits());
  EXPECT_EQ(tracker.state(), State::kOk);
  tracker.Update(kStart + 100, {}, DefaultLimits());  // a long hole in the feed
  EXPECT_EQ(tracker.state(), State::kNoData);
}

TEST(StateTest, IdleAfterFiveQuietSecondsUnlessRequestsAreAwaited) {
  StateTracker tracker;
  Feed(tracker, {Latency(1)});
  EXPECT_EQ(Feed(tracker, {Quiet(), Quiet(), Quiet(), Quiet()}, kStart + 1), State::kOk);
  EXPECT_EQ(Feed(tracker, {Quiet()}, kStart + 5), State::kIdle);
  EXPECT_EQ(tracker.since(), kStart + 5);
  Observation hanging = Quiet();
  hanging.awaiting = true;
  EXPECT_EQ(Feed(tracker, {hanging}, kStart + 6), State::kOk);
}

TEST(StateTest, ZeroLimitCountsAnyValueAndHasNoNear) {
  StateTracker tracker;
  Observation failing = Latency(1);
  failing.values[Metric::kConnectFailures] = 1;
  EXPECT_EQ(Feed(tracker, {failing}), State::kOk);
  EXPECT_EQ(Feed(tracker, {failing}, kStart + 1), State::kOver);
  EXPECT_EQ(tracker.state(Metric::kConnectFailures), State::kOver);
  EXPECT_EQ(tracker.state(Metric::kLatency), State::kOk);
  EXPECT_EQ(tracker.worst()->metric, Metric::kConnectFailures);
}

TEST(StateTest, NoLimitIsNeverOver) {
  LimitSet limits;
  StateTracker tracker;
  EXPECT_EQ(Feed(tracker, {Latency(9e9), Latency(9e9), Latency(9e9)}, kStart, limits), State::kOk);
}

TEST(WorstTest, HighestSeverityWins) {
  MetricValues values;
  values[Metric::kRequestRate] = 100;
  values[Metric::kErrors] = 1;
  values[Metric::kLatency] = 11e6;
  EXPECT_EQ(FindWorst(values, DefaultLimits())->metric, Metric::kLatency);
  values[Metric::kErrors] = 100;
  values[Metric::kLatency] = 2e6;
  EXPECT_EQ(FindWorst(values, DefaultLimits())->metric, Metric::kErrors);
}

TEST(WorstTest, TiesGoFailuresErrorsLatencyConnect) {
  MetricValues values;
  values[Metric::kRequestRate] = 0;
  values[Metric::kErrors] = 3;
  values[Metric::kLatency] = 11e6;
  values[Metric::kConnectLatency] = 110e3;
  values[Metric::kConnectFailures] = 3;
  EXPECT_EQ(FindWorst(values, DefaultLimits())->metric, Metric::kConnectFailures);
  values[Metric::kConnectFailures] = 0;
  EXPECT_EQ(FindWorst(values, DefaultLimits())->metric, Metric::kErrors);
  values[Metric::kErrors] = kUnknown;
  EXPECT_EQ(FindWorst(values, DefaultLimits())->metric, Metric::kLatency);
  values[Metric::kLatency] = 5;
  EXPECT_EQ(FindWorst(values, DefaultLimits())->metric, Metric::kConnectLatency);
  values[Metric::kConnectLatency] = 0;
  EXPECT_FALSE(FindWorst(values, DefaultLimits()));
}

TEST(LimitsTest, EdgeBeatsServiceBeatsDefault) {
  const Limits limits(DefaultLimits(), {{"cart", "", "", Metric::kLatency, 5e5},
                                        {"", "checkout", "cart", Metric::kLatency, std::nullopt},
                                        {"ad", "", "", Metric::kErrors, 1},
                                        {"ad", "", "", Metric::kErrors, 2}});
  EXPECT_EQ(limits.ForNode("frontend"), DefaultLimits());
  EXPECT_EQ(limits.ForNode("cart")[Metric::kLatency], 5e5);
  EXPECT_EQ(limits.ForEdge("frontend", "cart")[Metric::kLatency], 5e5);
  EXPECT_EQ(limits.ForEdge("checkout", "cart")[Metric::kLatency], std::nullopt) << "switched off";
  EXPECT_EQ(limits.ForEdge("checkout", "cart")[Metric::kErrors], 0);
  EXPECT_EQ(limits.ForNode("ad")[Metric::kErrors], 2) << "the later one wins";
}

TEST(LimitsTest, NamesRoundTrip) {
  for (const Metric m : kAllMetrics) EXPECT_EQ(MetricByName(Name(m)), m);
  EXPECT_FALSE(MetricByName("load"));
}

}  // namespace
}  // namespace pano::analysis
