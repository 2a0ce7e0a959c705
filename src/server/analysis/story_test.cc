// SPDX-License-Identifier: Apache-2.0
// The article's load test: 1,500 users on the shop, all red, productcatalog scaled twice, then
// cart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/analysis/diagnose.h"
#include "server/analysis/scenario_for_test.h"

namespace pano::analysis {
namespace {

using schema::L7Protocol;
using schema::NodeKind;
using testing::Contains;
using testing::HasSubstr;
using testing::MatchesRegex;

struct Phase {
  double rate;  // requests/s at the frontend
  double entry_p95, entry_errors;
  double catalog_p95, catalog_throttled, catalog_fail;
  uint32_t catalog_replicas;
  double recommendation_p95;
  double cart_p95, cart_throttled;
  uint32_t cart_replicas;
};

// The rest of the shop is at ease in every phase.
Scenario Shop(const Phase& p) {
  Scenario s;
  NodeSecond generator = Scenario::Calm();
  generator.cpu_quota = 0;
  generator.cpu_usage = 0.3;
  s.Add("loadgenerator", generator, NodeKind::kLoadGenerator);
  NodeSecond node = Scenario::Calm();
  node.cpu_quota = 0;
  node.cpu_usage = 0.4;
  s.Add("frontend", node);
  s.Add("productcatalog", Scenario::Throttled(p.catalog_throttled, 0.25 * p.catalog_replicas),
        NodeKind::kService, p.catalog_replicas);
  s.Add("recommendation");
  s.Add("cart", Scenario::Throttled(p.cart_throttled, 0.14 * p.cart_replicas), NodeKind::kService,
        p.cart_replicas);
  s.Add("redis", Scenario::Calm(), NodeKind::kCache);
  s.Add("kafka", Scenario::Calm(), NodeKind::kQueue);
  const double r = p.rate;
  s.Call("loadgenerator", "frontend",
         {.rate = r,
          .p50_ms = p.entry_p95 * 0.3,
          .p95_ms = p.entry_p95,
          .errors = p.entry_errors,
          .protocol = L7Protocol::kHttp1});
  Traffic catalog{.rate = r * 0.9,
                  .p50_ms = p.catalog_p95 * 0.4,
                  .p95_ms = p.catalog_p95,
                  .connects = r * 0.9,
                  .connect_failures = p.catalog_fail,
                  .retrans_syn = p.catalog_fail * 3,
                  .port = 3550};
  s.Call("frontend", "productcatalog", catalog);
  s.Call("frontend", "recommendation",
         {.rate = r * 0.15, .p50_ms = p.recommendation_p95 * 0.4, .p95_ms = p.recommendation_p95});
  catalog.rate = r * 0.15;
  catalog.connects = 0;
  catalog.connect_failures = 0;
  catalog.retrans_syn = 0;
  s.Call("recommendation", "productcatalog", catalog);
  const Traffic cart{.rate = r * 0.25, .p50_ms = p.cart_p95 * 0.4, .p95_ms = p.cart_p95};
  s.Call("frontend", "cart", cart);
  s.Call("cart", "redis",
         {.rate = r * 0.3, .p50_ms = 0.3, .p95_ms = 0.9, .protocol = L7Protocol::kRedis});
  s.Call("frontend", "checkout",
         {.rate = r * 0.1, .p50_ms = p.catalog_p95 * 0.5, .p95_ms = p.catalog_p95 * 1.2});
  catalog.rate = r * 0.1;
  s.Call("checkout", "productcatalog", catalog);
  s.Call("checkout", "cart", {.rate = r * 0.1, .p50_ms = p.cart_p95 * 0.4, .p95_ms = p.cart_p95});
  s.Call("checkout", "payment", {.rate = r * 0.1, .p50_ms = 3, .p95_ms = 9});
  s.Call("checkout", "kafka",
         {.rate = r * 0.1, .p50_ms = 3, .p95_ms = 9, .protocol = L7Protocol::kKafka});
  s.Call("accounting", "kafka",
         {.rate = 4, .p50_ms = 500, .p95_ms = 5000, .protocol = L7Protocol::kKafka});
  s.Call("frontend", "currency", {.rate = r, .p50_ms = 2, .p95_ms = 8});
  s.Call("frontend", "ad", {.rate = r * 0.5, .p50_ms = 2, .p95_ms = 12});
  return s;
}

Role RoleOf(const Scenario& s, const Diagnosis& d, const std::string& name) {
  for (const NodeRole& r : d.roles) {
    if (r.node == s.id(name)) return r.role;
  }
  return Role::kNone;
}

TEST(StoryTest, AllRedIsProductcatalog) {
  const Scenario s = Shop({78, 5060, 42, 4473, 0.92, 63, 1, 9065, 16, 0.3, 1});
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.verdict, Verdict::kBottleneck) << d.sentence;
  EXPECT_EQ(d.bottleneck_service, "productcatalog") << d.sentence;
  EXPECT_EQ(d.candidates.front().fault, FaultClass::kCpuThrottled);
  EXPECT_EQ(d.path.front(), s.id("loadgenerator"));
  EXPECT_EQ(d.path.back(), s.id("productcatalog"));
  EXPECT_EQ(d.path.size(), d.path_edges.size() + 1);
  EXPECT_EQ(d.steps.size(), d.path_edges.size());
  EXPECT_GE(d.confidence, 0.7);
  EXPECT_EQ(RoleOf(s, d, "productcatalog"), Role::kOrigin);
  EXPECT_EQ(RoleOf(s, d, "frontend"), Role::kVictim);
  EXPECT_EQ(RoleOf(s, d, "recommendation"), Role::kVictim);
  EXPECT_EQ(RoleOf(s, d, "loadgenerator"), Role::kVictim);
  EXPECT_EQ(RoleOf(s, d, "payment"), Role::kNone) << "it is not over anything";
  // 4,473 ms from one caller, more from another; a bucket of the histogram is 9 % wide.
  EXPECT_THAT(
      d.sentence,
      MatchesRegex("productcatalog is the bottleneck: it answers in 4\\.[3-7] s \\(limit 1 s\\), "
                   "its CPU quota held it back 92 % of the time, 3 callers wait for it, "
                   "63 connects/s fail\\."));
  EXPECT_THAT(d.evidence, Contains(HasSubstr("CPU throttled 92 %")));
  EXPECT_THAT(d.demand.text, HasSubstr("offered"));
}

TEST(StoryTest, TwoReplicasAreStillNotEnough) {
  const Scenario s = Shop({133, 1590, 1, 1400, 0.71, 0, 2, 2916, 701, 0.6, 1});
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.bottleneck_service, "productcatalog") << d.sentence;
  ASSERT_EQ(d.next.size(), 1u);
  EXPECT_EQ(d.next.front().service, "cart");
}

TEST(StoryTest, ThreeReplicasUncoverCart) {
  const Scenario s = Shop({136, 1654, 0, 41, 0.2, 0, 3, 147, 1705, 0.95, 1});
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.bottleneck_service, "cart") << d.sentence;
  EXPECT_EQ(d.path, (std::vector<uint32_t>{s.id("loadgenerator"), s.id("frontend"), s.id("cart")}));
  EXPECT_EQ(RoleOf(s, d, "productcatalog"), Role::kNone);
}

TEST(StoryTest, CartIsNamedBeforeItBreaksTheLimit) {
  const Scenario s = Shop({136, 654, 0, 41, 0.2, 0, 3, 147, 705, 0.95, 1});
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.bottleneck_service, "cart") << d.sentence;
  EXPECT_THAT(d.sentence, HasSubstr("nothing is over its limits yet"));
}

TEST(StoryTest, ClearAtTheEnd) {
  const Scenario s = Shop({140, 72, 0, 40, 0.2, 0, 3, 141, 32, 0.25, 2});
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.verdict, Verdict::kNone) << d.sentence;
  EXPECT_TRUE(d.path.empty());
  EXPECT_TRUE(d.roles.empty());
  EXPECT_EQ(d.sentence,
            "Nothing is over its limits: frontend answers 140 requests/s in 71 ms (p95).");
}

TEST(StoryTest, SameInputSameWords) {
  const Scenario s = Shop({78, 5060, 42, 4473, 0.92, 63, 1, 9065, 16, 0.3, 1});
  const Diagnosis a = s.Ask();
  const Diagnosis b = s.Ask();
  EXPECT_EQ(a.sentence, b.sentence);
  EXPECT_EQ(a.evidence, b.evidence);
  EXPECT_EQ(a.path, b.path);
}

}  // namespace
}  // namespace pano::analysis
