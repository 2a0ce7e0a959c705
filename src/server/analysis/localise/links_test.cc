// SPDX-License-Identifier: Apache-2.0
// Both sides of calls are measured: what lies between them has a side as well.
#include "server/analysis/localise/links.h"

#include <gtest/gtest.h>

#include "server/analysis/localise/localise.h"
#include "server/analysis/localise/question_for_test.h"

namespace pano::analysis {
namespace {

using enum SeriesMetric;

std::string First(const Question& q, const Localisation& a) {
  return a.causes.empty() ? "" : q.nodes[a.causes.front().node];
}

void Call(QuestionBuilder& shop, const char* from, const char* to, double before, double after) {
  shop.AddCall(from, to, kRequests, 1000, 1000).AddCall(from, to, kLatencyAvg, before, after);
}

TEST(Links, ANodeWhoseCallsAreAllHeldUpIsBehindALossyLink) {
  QuestionBuilder shop = SmallShop();
  shop.Calls("b", "d").Calls("front", "c").Calls("front", "d");
  shop.Service("front", 1000, 0.100, 0.700).Service("b", 1000, 0.050, 0.450);
  shop.Service("c", 2000, 0.010, 0.010).Service("d", 2000, 0.010, 0.010);
  Call(shop, "front", "b", 0.055, 0.650);
  Call(shop, "b", "c", 0.012, 0.200);
  Call(shop, "b", "d", 0.012, 0.210);
  Call(shop, "front", "c", 0.012, 0.012);
  Call(shop, "front", "d", 0.012, 0.012);
  const Question q = shop.Make();
  const Localisation a = Localise(q);
  EXPECT_EQ(First(q, a), "b") << a.sentence;
  EXPECT_EQ(a.causes.front().fault, FaultClass::kNetworkLoss);
}

TEST(Links, OfTwoCallersOneHeldUpTheCalleeIsNotToBlame) {
  QuestionBuilder shop = SmallShop();
  shop.Calls("front", "c");
  shop.Service("b", 1000, 0.050, 0.250).Service("c", 2000, 0.010, 0.010);
  Call(shop, "front", "b", 0.055, 0.500);
  Call(shop, "b", "c", 0.012, 0.200);
  Call(shop, "front", "c", 0.012, 0.012);
  const Question q = shop.Make();
  const System system = BuildSystem(q, {0, q.incident.times.size()});
  for (size_t c = 0; c < system.calls.size(); ++c) {
    const std::string caller = q.nodes[system.calls[c].caller];
    const std::string callee = q.nodes[system.calls[c].callee];
    if (caller == "b") {
      EXPECT_GT(system.calls[c].callers_side, 0.8);
    }
    if (caller == "front" && callee == "b") {
      EXPECT_GT(system.calls[c].on_the_way, 0.8);
    }
    if (caller == "front") {
      EXPECT_LT(system.calls[c].callers_side, 0.1) << callee;
    }
  }
}

TEST(Links, AClientThatTakesUpItsAnswersLateIsTheLimit) {
  QuestionBuilder shop = SmallShop();
  shop.Service("front", 1000, 0.050, 0.060).Service("a", 500, 0.020, 0.020);
  shop.Service("b", 1000, 0.030, 0.032).Service("c", 1000, 0.010, 0.010);
  Call(shop, "users", "front", 0.052, 0.300);
  const Question q = shop.Make();
  const Localisation a = Localise(q);
  EXPECT_EQ(First(q, a), "users") << a.sentence;
  EXPECT_EQ(a.causes.front().fault, FaultClass::kClientLimit);
}

TEST(Links, WhoDoesNotAnswerAnyMoreIsBlamedForThoseWhoGiveUp) {
  QuestionBuilder shop = SmallShop();
  shop.Target("front", TargetMetric::kErrors);
  shop.Service("front", 1000, 0.1, 3).Add("front", kErrors, 0, 400, 0.1);
  shop.Service("b", 1000, 0.05, 5).Add("b", kErrors, 0, 400, 0.1);
  shop.Add("c", kRequests, 1000, 2).Add("c", kLatencyAvg, 0.01, std::nan(""));
  shop.AddCall("b", "c", kRequests, 1000, 2).AddCall("b", "c", kLatencyAvg, 0.01, std::nan(""));
  shop.AddCall("b", "c", kInFlight, 1, 8);
  const Question q = shop.Make();
  const Localisation a = Localise(q);
  EXPECT_EQ(First(q, a), "c") << a.sentence;
}

TEST(Links, WhoFailsQuicklyHasNotWaitedForASlowCall) {
  QuestionBuilder shop = SmallShop();
  shop.Target("front", TargetMetric::kErrors);
  shop.Service("front", 1000, 0.1, 0.09).Add("front", kErrors, 0, 300, 0.1);
  shop.Service("b", 1000, 0.05, 0.04).Add("b", kErrors, 0, 300, 0.1);
  shop.Service("c", 1000, 0.0001, 0.0004).Add("c", kErrors, 0, 0);
  const Question q = shop.Make();
  EXPECT_EQ(First(q, Localise(q)), "b");
}

TEST(Links, TroubleThatOnlyCallersOfTheTargetSeeIsTrouble) {
  QuestionBuilder shop = SmallShop();
  shop.Target("a", TargetMetric::kLatency);
  shop.Service("front", 1000, 0.100, 0.300).Service("a", 1000, 0.010, 0.010);
  Call(shop, "front", "a", 0.012, 0.200);
  const Question q = shop.Make();
  const Localisation a = Localise(q);
  EXPECT_EQ(a.verdict, Verdict::kBottleneck) << a.sentence;
  EXPECT_EQ(First(q, a), "a") << a.sentence;
}

TEST(Links, WhatNobodyAtTheTargetFeelsIsNoTrouble) {
  QuestionBuilder shop = SmallShop();
  shop.Service("front", 1000, 0.100, 0.100).Service("b", 1000, 0.05, 0.05);
  shop.Service("c", 1000, 0.0001, 0.0003);
  const Question q = shop.Make();
  EXPECT_EQ(Localise(q).verdict, Verdict::kNone);
}

}  // namespace
}  // namespace pano::analysis
