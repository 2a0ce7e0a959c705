// SPDX-License-Identifier: Apache-2.0
#include "server/alert/watch.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "server/alert/map_for_test.h"

namespace pano::alert {
namespace {

constexpr uint64_t kStart = 1'700'000'000;

Rule Of(ConditionType type, uint32_t for_s = 0, uint32_t clear_s = 3) {
  Rule rule;
  rule.id = rule.name = "r";
  rule.for_s = for_s;
  rule.clear_s = clear_s;
  rule.condition.type = type;
  return rule;
}

std::vector<Rule> Builtins() { return BuiltinRules(); }

size_t OpenGroups(const Watch& watch) {
  return static_cast<size_t>(std::ranges::count_if(
      watch.groups(), [](const auto& entry) { return entry.second.resolved_at == 0; }));
}

TEST(Watch, OneCauseIsOneGroup) {
  Watch watch;
  watch.SetRules(Builtins());
  for (uint64_t t = 0; t < 40; ++t) watch.Look(ArticleSecond(kStart + t));
  ASSERT_EQ(OpenGroups(watch), 1u);
  const Group& group = watch.groups().at("bottleneck:productcatalog");
  EXPECT_EQ(group.cause, "productcatalog");
  EXPECT_EQ(group.fault, "cpu_throttled");
  EXPECT_EQ(group.severity, Severity::kCritical);
  EXPECT_EQ(group.alerts.size(), 10u) << "nine edges and the bottleneck itself";
  EXPECT_EQ(group.causes.size() + group.victims.size(), 10u);
  EXPECT_EQ(group.victims.size(), 5u) << "edges into productcatalog are about the cause";
  EXPECT_NE(group.title.find("productcatalog is the bottleneck: CPU throttled"), std::string::npos)
      << group.title;
  const Alert& first = watch.firing().at(group.alerts.front());
  EXPECT_TRUE(first.is_cause);
}

TEST(Watch, AGroupGrowsWhileWhatItExplainsIsPending) {
  Watch watch;
  watch.SetRules(Builtins());  // the bottleneck fires after 10 s, the edges after 15
  const auto growing = [&](uint64_t from, uint64_t to) {
    for (uint64_t t = from; t < to; ++t) watch.Look(ArticleSecond(kStart + t));
    return watch.groups().at("bottleneck:productcatalog").growing;
  };
  EXPECT_TRUE(growing(0, 12));
  EXPECT_FALSE(growing(12, 20));
}

TEST(Watch, ABottleneckThatMovesTakesItsVictimsAlong) {
  Watch watch;
  watch.SetRules(Builtins());
  uint64_t t = kStart;
  for (; t < kStart + 40; ++t) watch.Look(ArticleSecond(t));
  for (; t < kStart + 60; ++t) watch.Look(ArticleSecond(t, "cart"));
  const Group& old = watch.groups().at("bottleneck:productcatalog");
  const Group& now = watch.groups().at("bottleneck:cart");
  EXPECT_EQ(now.resolved_at, 0u);
  EXPECT_EQ(old.replaced_by, "bottleneck:cart");
  EXPECT_EQ(now.replaces, std::vector<std::string>{"bottleneck:productcatalog"});
  for (; t < kStart + 120; ++t) watch.Look(ArticleSecond(t, "cart"));
  EXPECT_NE(watch.groups().at("bottleneck:productcatalog").resolved_at, 0u);
  EXPECT_EQ(OpenGroups(watch), 1u);
}

TEST(Watch, AVerdictNotYetBelievedStillSpeaksForItsOwnGroup) {
  Watch watch;
  watch.SetRules({Of(ConditionType::kBottleneck, 5)});
  uint64_t t = kStart;
  for (; t < kStart + 40; ++t) watch.Look(ArticleSecond(t));
  for (; t < kStart + 60; ++t) watch.Look(ArticleSecond(t, "cart"));
  for (; t < kStart + 70; ++t) watch.Look(ArticleSecond(t, "checkout"));
  const Group& group = watch.groups().at("bottleneck:checkout");
  EXPECT_EQ(group.sentence, "checkout holds the others back.");
  EXPECT_EQ(group.fault, "cpu_throttled");
  EXPECT_FALSE(group.evidence.empty());
  EXPECT_TRUE(group.unsure);
  watch.SetRules(Builtins());
  for (; t < kStart + 95; ++t) watch.Look(ArticleSecond(t, "checkout"));
  EXPECT_FALSE(group.unsure);
  EXPECT_FALSE(group.victims.empty());
}

TEST(Watch, AGoodSecondOfWhatIsStillOverDoesNotRewriteIt) {
  Watch watch;
  watch.SetRules({Of(ConditionType::kOverLimit)});
  const auto second = [&](uint64_t t, double latency) {
    MapForTest map(t);
    map.Node("a").Node("b").Edge("a", "b", 2e6);
    live::Standing& standing = map.map().edges.front().standing;
    standing.worst->value = latency;
    watch.Look(map.Take());
    return watch.firing().begin()->second.text;
  };
  EXPECT_EQ(second(kStart, 2e6), "a → b: latency 2 s, limit 1 s");
  EXPECT_EQ(second(kStart + 1, 38'000), "a → b: latency 2 s, limit 1 s");
  EXPECT_EQ(second(kStart + 2, 3e6), "a → b: latency 3 s, limit 1 s");
}

TEST(Watch, WithoutACauseGroupsFollowTheServicesTheyTouch) {
  Watch watch;
  watch.SetRules({Of(ConditionType::kOverLimit)});
  for (uint64_t t = 0; t < 5; ++t) {
    MapForTest map(kStart + t);
    map.Node("a").Node("b").Node("c").Node("x").Node("y");
    map.Edge("a", "b", 2e6).Edge("b", "c", 3e6).Edge("x", "y", 4e6);
    watch.Look(map.Take());
  }
  EXPECT_EQ(OpenGroups(watch), 2u);
  std::set<std::string> groups;
  for (const auto& [id, alert] : watch.firing()) groups.insert(alert.group);
  EXPECT_EQ(groups.size(), 2u);
}

TEST(Watch, ResolvesWhenItIsOver) {
  Watch watch;
  watch.SetRules({Of(ConditionType::kOverLimit, 2, 3)});
  uint64_t t = kStart;
  std::vector<Alert> changed;
  const auto second = [&](double latency) {
    MapForTest map(t++);
    map.Node("a").Node("b").Edge("a", "b", latency);
    const auto now = watch.Look(map.Take());
    changed.insert(changed.end(), now.begin(), now.end());
  };
  for (int i = 0; i < 4; ++i) second(2e6);
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed[0].text, "a → b: latency 2 s, limit 1 s");
  EXPECT_EQ(changed[0].group, "service:b");
  for (int i = 0; i < 3; ++i) second(1000);
  ASSERT_EQ(changed.size(), 2u);
  EXPECT_EQ(changed[1].phase, Phase::kResolved);
  EXPECT_EQ(changed[0].id, changed[1].id);
  EXPECT_TRUE(watch.firing().empty());
  EXPECT_NE(watch.groups().at("service:b").resolved_at, 0u);
}

TEST(Watch, ASilenceHoldsAlertsAndTheirCauseBack) {
  Watch watch;
  watch.SetRules(Builtins());
  Silence silence;
  silence.id = "s";
  silence.starts_at = kStart;
  silence.ends_at = kStart + 100;
  silence.matchers = {{"service", false, false, "productcatalog"}};
  watch.SetSilences({silence});
  uint64_t t = kStart;
  for (; t < kStart + 40; ++t) watch.Look(ArticleSecond(t));
  EXPECT_TRUE(watch.groups().at("bottleneck:productcatalog").silenced);
  for (const auto& [id, alert] : watch.firing()) EXPECT_EQ(alert.silenced_by, "s");
  for (; t < kStart + 102; ++t) watch.Look(ArticleSecond(t));
  EXPECT_FALSE(watch.groups().at("bottleneck:productcatalog").silenced);
}

TEST(Watch, EveryConditionFiresOnWhatItIsAbout) {
  Rule threshold = Of(ConditionType::kThreshold);
  threshold.condition.metric = "latency";
  threshold.condition.scope = Scope::kEdge;
  threshold.condition.service = "product*";
  threshold.condition.value = 8e6;
  Rule edges = Of(ConditionType::kEdgesOver);
  edges.condition.count = 9;
  Rule run = Of(ConditionType::kRunObjectives);
  Rule losses = Of(ConditionType::kLosses);
  losses.condition.per_s = 10;
  losses.condition.effects = {"lost"};
  Rule event = Of(ConditionType::kEvent);
  event.condition.kinds = {"oom_kill"};
  const std::vector<std::pair<Rule, size_t>> cases{
      {threshold, 3},
      {edges, 1},
      {run, 1},
      {losses, 1},
      {Of(ConditionType::kStore), 1},
      {Of(ConditionType::kStage), 1},
      {Of(ConditionType::kCapture), 1},
      {event, 1},
      {Of(ConditionType::kBottleneck), 1},
      {Of(ConditionType::kBottleneckChanged), 1},
  };
  for (const auto& [rule, expected] : cases) {
    Watch watch;
    watch.SetRules({rule});
    watch.Look(ArticleSecond(kStart, "cart"));
    EXPECT_EQ(watch.firing().size(), rule.condition.type == ConditionType::kThreshold    ? 3u
                                     : rule.condition.type == ConditionType::kEdgesOver  ? 1u
                                     : rule.condition.type == ConditionType::kBottleneck ? 1u
                                                                                         : 0u);
    Observation bad = ArticleSecond(kStart + 1);
    auto map = std::make_shared<live::MapView>(*bad.map);
    map->stage = "edges_only";
    map->losses = {{"ring_full", 50}};
    live::MapEvent killed;
    killed.row.kind = schema::EventKind::kOomKill;
    killed.service = "cart";
    map->events.push_back(killed);
    bad.map = map;
    bad.agents = 0;
    bad.store = StoreFacts{false, false, 0, "it ended"};
    bad.runs = {{"r1", "nightly", true, true, "p95 is too high"}};
    watch.Look(bad);
    const size_t bottleneck_before = rule.condition.type == ConditionType::kBottleneck ? 1 : 0;
    EXPECT_EQ(watch.firing().size(), expected + bottleneck_before)
        << static_cast<int>(rule.condition.type);
    for (const auto& [id, alert] : watch.firing()) EXPECT_FALSE(alert.text.empty());
  }
}

TEST(Watch, AnUnlikelyBottleneckIsNotNamed) {
  Watch watch;
  watch.SetRules({Of(ConditionType::kBottleneck)});
  MapForTest map(kStart);
  map.Node("a").Bottleneck("a", analysis::FaultClass::kOwnTime, 0.3);
  watch.Look(map.Take());
  EXPECT_TRUE(watch.firing().empty());
}

TEST(Watch, KnowsAfterARestartWhatFired) {
  Watch before;
  before.SetRules(Builtins());
  for (uint64_t t = 0; t < 40; ++t) before.Look(ArticleSecond(kStart + t));
  Watch after;
  after.SetRules(Builtins());
  after.Load(before.Save(), kStart + 41);
  EXPECT_EQ(after.firing().size(), before.firing().size());
  EXPECT_TRUE(after.Look(ArticleSecond(kStart + 42)).empty()) << "nothing fires twice";
  EXPECT_EQ(after.groups().at("bottleneck:productcatalog").opened,
            before.groups().at("bottleneck:productcatalog").opened);
}

TEST(Watch, ARuleThatGoesEndsItsAlerts) {
  Watch watch;
  watch.SetRules({Of(ConditionType::kOverLimit)});
  watch.Look(ArticleSecond(kStart));
  EXPECT_EQ(watch.firing().size(), 9u);
  watch.SetRules({});
  EXPECT_EQ(watch.Look(ArticleSecond(kStart + 1)).size(), 9u);
  EXPECT_TRUE(watch.firing().empty());
}

TEST(Glob, MatchesStarsWithoutBlowingUp) {
  EXPECT_TRUE(Glob("", "anything"));
  EXPECT_TRUE(Glob("cart*", "cartservice"));
  EXPECT_TRUE(Glob("*cat*log", "productcatalog"));
  EXPECT_FALSE(Glob("cart", "cartservice"));
  EXPECT_FALSE(Glob("*z", "productcatalog"));
  EXPECT_FALSE(Glob(std::string(60, '*') + "b", std::string(20'000, 'a')));
}

}  // namespace
}  // namespace pano::alert
