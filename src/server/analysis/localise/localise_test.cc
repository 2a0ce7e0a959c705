// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/localise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "server/analysis/localise/question_for_test.h"
#include "server/analysis/localise/system.h"

namespace pano::analysis {
namespace {

using enum SeriesMetric;

std::string First(const Question& q, const Localisation& a) {
  return a.causes.empty() ? "" : q.nodes[a.causes.front().node];
}

std::vector<std::string> Names(const Question& q, const std::vector<uint32_t>& nodes) {
  std::vector<std::string> names;
  names.reserve(nodes.size());
  for (const uint32_t n : nodes) names.push_back(q.nodes[n]);
  return names;
}

// What each test breaks; all else is well.
QuestionBuilder Well() {
  QuestionBuilder shop = SmallShop();
  shop.Service("front", 1000, 0.100, 0.100).Service("a", 500, 0.020, 0.020);
  return shop;
}

QuestionBuilder SlowC() {
  QuestionBuilder shop = SmallShop();
  shop.Service("front", 1000, 0.100, 0.160).Service("a", 500, 0.020, 0.020);
  shop.Service("b", 1000, 0.050, 0.110).Service("c", 1000, 0.030, 0.090);
  return shop;
}

TEST(Localise, HealthIsNoBottleneck) {
  QuestionBuilder shop = Well();
  shop.Service("b", 1000, 0.050, 0.050).Service("c", 1000, 0.030, 0.030);
  const Question q = shop.Make();
  const Localisation a = Localise(q);
  EXPECT_EQ(a.verdict, Verdict::kNone) << a.sentence;
  EXPECT_TRUE(a.causes.empty());
  EXPECT_FALSE(a.sentence.empty());
}

TEST(Localise, TheDeepestSlowNodeIsTheCauseAndItsCallersAreNot) {
  const Question q = SlowC().Make();
  const Localisation a = Localise(q);
  EXPECT_EQ(a.verdict, Verdict::kBottleneck) << a.sentence;
  EXPECT_EQ(First(q, a), "c");
  EXPECT_EQ(a.causes.front().fault, FaultClass::kOwnTime);
  EXPECT_EQ(Names(q, a.causes.front().path),
            (std::vector<std::string>{"users", "front", "b", "c"}));
  EXPECT_EQ(a.causes.size(), 5U);
  EXPECT_GT(a.confidence, 0.6);
}

TEST(Localise, ANodeWhoseCalleeIsOnlySlightlySlowerIsTheCause) {
  QuestionBuilder shop = SmallShop();
  shop.Service("front", 1000, 0.100, 0.260).Service("a", 500, 0.020, 0.020);
  shop.Service("b", 1000, 0.050, 0.210).Service("c", 1000, 0.030, 0.034);
  const Question q = shop.Make();
  EXPECT_EQ(First(q, Localise(q)), "b");
}

TEST(Localise, FailuresAreFollowedToWhereTheyAreMade) {
  QuestionBuilder shop = SmallShop();
  shop.Target("front", TargetMetric::kAvailability);
  for (const char* node : {"front", "b"}) {
    shop.Add(node, kRequests, 1000, 1000).Add(node, kAvailability, 1, 0.9, 0.001);
  }
  shop.Add("a", kRequests, 500, 500).Add("a", kAvailability, 0.97, 0.97, 0.01);
  shop.Add("c", kRequests, 1000, 1000).Add("c", kAvailability, 1, 0.9, 0.001);
  const Question q = shop.Make();
  const Localisation a = Localise(q);
  EXPECT_EQ(First(q, a), "c");
  EXPECT_EQ(a.causes.front().fault, FaultClass::kErrorOrigin);
}

TEST(Localise, FailuresOfOneWhoWaitsForASlowCallAreTimeouts) {
  QuestionBuilder shop = SmallShop();
  shop.Target("front", TargetMetric::kErrors);
  shop.Service("front", 1000, 0.1, 0.5).Add("front", kErrors, 0, 300, 0.1);
  shop.Service("b", 1000, 0.05, 0.5).Add("b", kErrors, 0, 300, 0.1);
  shop.Service("c", 1000, 0.03, 2.0).Add("c", kErrors, 0, 0);
  shop.Service("a", 500, 0.02, 0.02).Add("a", kErrors, 0, 0);
  const Question q = shop.Make();
  EXPECT_EQ(First(q, Localise(q)), "c");
}

TEST(Localise, ThrottlingIsNamedAsSuch) {
  QuestionBuilder shop = SlowC();
  shop.Add("c", kCpuThrottled, 0.01, 0.9).Add("b", kCpuThrottled, 0.01, 0.01);
  const Question q = shop.Make();
  const Localisation a = Localise(q);
  EXPECT_EQ(First(q, a), "c");
  EXPECT_EQ(a.causes.front().fault, FaultClass::kCpuThrottled);
  EXPECT_NE(a.sentence.find("quota"), std::string::npos) << a.sentence;
}

TEST(Localise, CpuThatDemandExplainsIsNoEvidence) {
  QuestionBuilder shop = SmallShop();
  shop.Add("front", kRequests, 1000, 3000).Add("front", kLatencyAvg, 0.1, 0.2);
  shop.Add("front", kCpuUse, 1, 3);
  shop.Add("b", kRequests, 1000, 3000).Add("b", kLatencyAvg, 0.05, 0.15).Add("b", kCpuUse, 1, 3);
  const Question q = shop.Make();
  const Localisation a = Localise(q);
  EXPECT_EQ(First(q, a), "b");
  EXPECT_NE(a.causes.front().fault, FaultClass::kCpuSaturated);
}

TEST(Localise, AMissingNodeDoesNotHideWhatItCalls) {
  QuestionBuilder shop = SmallShop();  // nothing is known of b
  shop.Service("front", 1000, 0.100, 0.160).Service("a", 500, 0.02, 0.02);
  shop.Service("c", 1000, 0.030, 0.090);
  const Question q = shop.Make();
  EXPECT_EQ(First(q, Localise(q)), "c");
}

// 400 nodes that all call each other: visiting every way through three of them would never end.
TEST(Localise, ADenseMeshNobodyWatchesIsLookedThrough) {
  QuestionBuilder shop(30, 8);
  shop.Entry("front").Target("front", TargetMetric::kLatency);
  const uint32_t front = shop.Node("front");
  const uint32_t deep = shop.Node("deep");
  std::vector<uint32_t> mesh;
  mesh.reserve(400);
  for (int i = 0; i < 400; ++i) mesh.push_back(shop.Node("m" + std::to_string(i)));
  for (const uint32_t a : mesh) {
    for (const uint32_t b : mesh) {
      if (a != b) shop.raw().calls.emplace_back(a, b);
    }
  }
  shop.raw().calls.emplace_back(front, mesh[0]);
  shop.raw().calls.emplace_back(mesh[0], deep);
  shop.Service("front", 1000, 0.100, 0.160).Service("deep", 1000, 0.030, 0.090);
  const Question q = shop.Make();
  EXPECT_EQ(First(q, Localise(q)), "deep");
}

TEST(Localise, ATargetNobodyWatchesIsStillAnswered) {
  QuestionBuilder shop = SlowC();
  shop.Target("nowhere", TargetMetric::kLatency);
  const Question q = shop.Make();
  const Localisation a = Localise(q);
  EXPECT_EQ(First(q, a), "c") << a.sentence;
}

TEST(Localise, WithoutCallsTheLargestOwnChangeComesFirst) {
  QuestionBuilder shop = SlowC();
  shop.raw().calls.clear();
  shop.Add("c", kCpuUse, 0.2, 1.0).Add("front", kCpuUse, 0.2, 0.21).Add("b", kCpuUse, 0.2, 0.2);
  const Question q = shop.Make();
  EXPECT_EQ(First(q, Localise(q)), "c");
}

TEST(Localise, EdgeSeriesAloneSuffice) {
  QuestionBuilder shop = SmallShop();
  const auto call = [&](const char* from, const char* to, double before, double after) {
    shop.AddCall(from, to, kRequests, 1000, 1000).AddCall(from, to, kLatencyAvg, before, after);
  };
  call("users", "front", 0.100, 0.160);
  call("front", "a", 0.02, 0.02);
  call("front", "b", 0.05, 0.11);
  call("b", "c", 0.03, 0.09);
  const Question q = shop.Make();
  const Localisation a = Localise(q);
  EXPECT_EQ(First(q, a), "c") << a.sentence;
}

TEST(Localise, RefusedConnectsBlameTheOneWhoRefuses) {
  QuestionBuilder shop = SmallShop();
  shop.Target("front", TargetMetric::kErrors);
  shop.Add("front", kRequests, 1000, 1000).Add("front", kErrors, 0, 400);
  shop.Add("b", kRequests, 1000, 1000).Add("b", kErrors, 0, 400);
  shop.Add("c", kRequests, 1000, 600).Add("c", kErrors, 0, 0);
  shop.AddCall("b", "c", kConnectFailures, 0, 400);
  const Question q = shop.Make();
  const Localisation a = Localise(q);
  EXPECT_EQ(First(q, a), "c") << a.sentence;
  EXPECT_EQ(a.causes.front().fault, FaultClass::kRefused);
}

TEST(Localise, RetriesOfAFailingCalleeAreAStorm) {
  QuestionBuilder shop = SmallShop();
  shop.Target("front", TargetMetric::kErrors);
  shop.Add("front", kRequests, 1000, 1000).Add("front", kErrors, 0, 500);
  shop.Add("b", kRequests, 1000, 1000).Add("b", kErrors, 0, 500);
  shop.Add("c", kRequests, 1000, 3000).Add("c", kErrors, 0, 2400);
  const Question q = shop.Make();
  const Localisation a = Localise(q);
  EXPECT_EQ(First(q, a), "c");
  EXPECT_EQ(a.causes.front().fault, FaultClass::kRetryStorm);
}

TEST(Localise, FewerRequestsWithoutTroubleBelowAreADropInDemand) {
  QuestionBuilder shop = SmallShop();
  shop.Target("front", TargetMetric::kThroughput);
  for (const char* node : {"users", "front", "b", "c"}) {
    shop.Add(node, kRequests, 1000, 400).Add(node, kLatencyAvg, 0.05, 0.05);
  }
  const Question q = shop.Make();
  const Localisation a = Localise(q);
  EXPECT_EQ(First(q, a), "users") << a.sentence;
  EXPECT_EQ(a.causes.front().fault, FaultClass::kDemandDrop);
}

TEST(Localise, AClientOfItsOwnIsNotBlamedForWhatItCalls) {
  QuestionBuilder shop = SlowC();
  shop.Calls("canary", "c").Calls("x", "y").Calls("x", "z").Calls("y", "w");
  shop.Service("canary", 50, 0.010, 0.070);
  const Question q = shop.Make();
  EXPECT_EQ(First(q, Localise(q)), "c");
}

TEST(Localise, CyclesEnd) {
  QuestionBuilder shop = SlowC();
  shop.Calls("c", "front").Calls("c", "b").Calls("b", "front");
  const Question q = shop.Make();
  const Localisation a = Localise(q);
  ASSERT_FALSE(a.causes.empty());
  EXPECT_EQ(a.causes.size(), 5U);
}

TEST(Localise, AnAsynchronousCallExplainsNothing) {
  QuestionBuilder shop = SmallShop();
  shop.Calls("b", "queue");
  shop.Service("front", 1000, 0.100, 0.160).Service("a", 500, 0.02, 0.02);
  shop.Service("b", 1000, 0.050, 0.110).Service("c", 1000, 0.03, 0.03);
  shop.Service("queue", 1000, 5, 9);  // takes longer than those who call it
  const Question q = shop.Make();
  EXPECT_EQ(First(q, Localise(q)), "b");
}

TEST(Localise, TheTimeBeforeTheTroubleServesAsBaseline) {
  Question q = SlowC().Make();
  for (const double t : q.baseline.times) q.incident.times.push_back(t);
  for (Series& s : q.incident.series) {
    for (const Series& b : q.baseline.series) {
      if (b.node == s.node && b.metric == s.metric) {
        s.values.insert(s.values.end(), b.values.begin(), b.values.end());
      }
    }
  }
  q.baseline = {};
  Normalise(q);
  const Localisation a = Localise(q);
  EXPECT_EQ(First(q, a), "c") << a.sentence;
  EXPECT_FALSE(a.notes.empty());
}

TEST(Localise, NothingToGoOnIsUnknown) {
  QuestionBuilder shop = SmallShop();
  const Localisation a = Localise(shop.Make());
  EXPECT_EQ(a.verdict, Verdict::kUnknownCause);
  EXPECT_EQ(a.confidence, 0);
}

TEST(Localise, PointsBeforeTheTroubleDoNotHideIt) {
  Question q = SlowC().Make();
  // The incident begins with six points of the baseline.
  const size_t n = q.baseline.times.size();
  for (size_t t = n - 6; t < n; ++t) q.incident.times.push_back(q.baseline.times[t]);
  for (Series& s : q.incident.series) {
    for (const Series& b : q.baseline.series) {
      if (b.node != s.node || b.metric != s.metric) continue;
      s.values.insert(s.values.end(), b.values.end() - 6, b.values.end());
    }
  }
  Normalise(q);
  const pano::analysis::Span span = TroubleSpan(q);
  EXPECT_EQ(span.begin, 6U);
  EXPECT_EQ(First(q, Localise(q)), "c");
}

TEST(Localise, ThousandsOfNodesAreAnswered) {
  QuestionBuilder big(30, 5);
  big.Target("n0", TargetMetric::kLatency).Entry("n0");
  for (int i = 0; i < 3000; ++i) {
    const std::string name = "n" + std::to_string(i);
    if (i > 0) big.raw().calls.emplace_back((i - 1) / 3, i);
    big.raw().nodes.push_back(name);
  }
  big.raw().nodes.erase(big.raw().nodes.begin());
  for (uint32_t i = 0; i < 3000; ++i) {
    bool slow = i == 1500;
    for (uint32_t up = 1500; up > 0; up = (up - 1) / 3) slow = slow || i == up || i == 0;
    Series usual{i, kNoNode, kLatencyAvg, std::vector<double>(30, 0.1)};
    Series now{i, kNoNode, kLatencyAvg, std::vector<double>(5, slow ? 0.2 : 0.1)};
    for (size_t t = 0; t < 30; ++t)
      usual.values[t] += 0.001 * static_cast<double>((t * 7 + i) % 11);
    big.raw().baseline.series.push_back(std::move(usual));
    big.raw().incident.series.push_back(std::move(now));
  }
  const Question q = big.Make();
  EXPECT_EQ(First(q, Localise(q)), "n1500");
}

}  // namespace
}  // namespace pano::analysis
