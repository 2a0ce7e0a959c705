// SPDX-License-Identifier: Apache-2.0
#include "server/capacity/capacity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "server/analysis/scenario_for_test.h"

namespace pano::capacity {
namespace {

using analysis::Limits;
using analysis::NodeSecond;
using analysis::Scenario;
using ::testing::HasSubstr;
using ::testing::Not;

// The demo shop under 1,500 users, as measured: rates per second, CPU in cores, latencies in ms.
struct Phase {
  double entry_rate, entry_errors, entry_avg, entry_p95;
  double catalog_rate, catalog_failed_connects, catalog_avg, catalog_p95;
  uint32_t catalog_replicas;
  double catalog_cpu;
  double cart_rate, cart_avg, cart_p95;
  uint32_t cart_replicas;
  double cart_cpu;
  double frontend_cpu;
};
constexpr Phase kFirst{98.5, 63.4,   5525, 7636, 72.7, 3.9, 6300,   7640,
                       1,    0.1596, 33.7, 98,   470,  1,   0.0491, 0.2615};
constexpr Phase kSecond{114.2, 0.96,   2615, 5518, 121.9, 0, 2150,   4100,
                        2,     0.3179, 76.4, 300,  722,   1, 0.1083, 0.3538};
constexpr Phase kThird{125.4, 0,      1577, 5122, 133.9, 0, 25,     97,
                       3,     0.3501, 84.2, 2320, 2740,  1, 0.1155, 0.4178};
constexpr Phase kFourth{146.8, 0,      83,    303,  156, 0, 56,     238,
                        3,     0.4218, 100.2, 10.5, 44,  2, 0.1468, 0.4494};

NodeSecond Cpu(double cores, double quota) {
  NodeSecond s;
  s.known = true;
  s.cpu_usage = cores;
  s.cpu_quota = quota;
  s.cpu_throttled = cores > 0.97 * quota ? 1 : 0;
  return s;
}

// Log-normal with about this mean and p95.
analysis::Traffic Calls(double rate, double avg_ms, double p95_ms) {
  analysis::Traffic t;
  t.rate = rate;
  t.p95_ms = p95_ms;
  // The mean of a log-normal is its median x exp(sigma^2 / 2).
  const auto mean = [&] {
    const double sigma = std::log(p95_ms / t.p50_ms) / 1.645;
    return t.p50_ms * std::exp(sigma * sigma / 2);
  };
  for (t.p50_ms = 0.99 * p95_ms; mean() > avg_ms && t.p50_ms > 0.05 * p95_ms;) t.p50_ms *= 0.99;
  return t;
}

Stretch Play(const Phase& p, double users = 1500, double catalog_quota = 0.16) {
  Scenario s(45);
  s.Add("loadgenerator", Cpu(0.02, 0));
  s.Add("frontend", Cpu(p.frontend_cpu, 1.5));
  s.Add("productcatalog", Cpu(p.catalog_cpu, catalog_quota * p.catalog_replicas),
        schema::NodeKind::kService, p.catalog_replicas);
  s.Add("cart", Cpu(p.cart_cpu, 0.12 * p.cart_replicas), schema::NodeKind::kService,
        p.cart_replicas);
  s.Add("redis", Cpu(0.013, 0.3));
  auto entry = Calls(p.entry_rate, p.entry_avg, p.entry_p95);
  entry.errors = p.entry_errors;
  s.Call("loadgenerator", "frontend", entry);
  auto catalog = Calls(p.catalog_rate, p.catalog_avg, p.catalog_p95);
  catalog.connect_failures = p.catalog_failed_connects;
  catalog.connects = p.catalog_failed_connects;
  s.Call("frontend", "productcatalog", catalog);
  s.Call("frontend", "cart", Calls(p.cart_rate, p.cart_avg, p.cart_p95));
  s.Call("cart", "redis", Calls(p.cart_rate * 1.3, 1, 4));
  return {"", s.input(), users};
}

const ServicePlan& Of(const Plan& plan, std::string_view service) {
  for (const ServicePlan& p : plan.services) {
    if (p.service == service) return p;
  }
  throw std::out_of_range(std::string(service));
}

TEST(CapacityTest, TheArticleFromItsFirstPhaseAlone) {
  const Plan plan = PlanCapacity({Play(kFirst)}, Limits(), {});
  ASSERT_TRUE(plan.target.users);
  EXPECT_EQ(*plan.target.users, 1500);
  EXPECT_NEAR(plan.entry_rate.value, 146.8, 8);  // what the fourth phase then had
  EXPECT_EQ(Of(plan, "productcatalog").needed, 3u) << Of(plan, "productcatalog").text;
  EXPECT_EQ(Of(plan, "cart").needed, 2u) << Of(plan, "cart").text;
  EXPECT_EQ(Of(plan, "frontend").needed, 1u);
  EXPECT_EQ(Of(plan, "redis").needed, 1u);
  EXPECT_EQ(Of(plan, "productcatalog").basis, Basis::kPredicted);
  EXPECT_THAT(plan.sentence, HasSubstr("For 1,500 users: productcatalog x3, cart x2."));
  EXPECT_EQ(plan.services.front().service, "productcatalog");
}

TEST(CapacityTest, LaterPhasesAgreeAndNarrow) {
  const Plan first = PlanCapacity({Play(kFirst)}, Limits(), {});
  const Plan second = PlanCapacity({Play(kFirst), Play(kSecond)}, Limits(), {});
  for (const auto& plan :
       {second, PlanCapacity({Play(kFirst), Play(kSecond), Play(kThird)}, Limits(), {})}) {
    EXPECT_EQ(Of(plan, "productcatalog").needed, 3u) << Of(plan, "productcatalog").text;
    EXPECT_EQ(Of(plan, "cart").needed, 2u) << Of(plan, "cart").text;
  }
  EXPECT_LT(Of(second, "productcatalog").needed_high - Of(second, "productcatalog").needed_low,
            Of(first, "productcatalog").needed_high - Of(first, "productcatalog").needed_low);
}

TEST(CapacityTest, WhatCarriedTheLoadIsMeasured) {
  const Plan plan =
      PlanCapacity({Play(kFirst), Play(kSecond), Play(kThird), Play(kFourth)}, Limits(), {});
  EXPECT_EQ(Of(plan, "productcatalog").basis, Basis::kMeasured) << Of(plan, "productcatalog").text;
  EXPECT_EQ(Of(plan, "productcatalog").needed, 3u);
  EXPECT_EQ(Of(plan, "cart").needed, 2u);
  EXPECT_EQ(plan.next, "productcatalog");
}

TEST(CapacityTest, TwiceTheUsersNeedAboutTwiceTheInstances) {
  const Plan plan = PlanCapacity({Play(kFourth)}, Limits(), {.users = 3000, .rate = {}});
  EXPECT_GE(Of(plan, "productcatalog").needed, 6u);
  EXPECT_LE(Of(plan, "productcatalog").needed, 7u);
  EXPECT_EQ(Of(plan, "productcatalog").basis, Basis::kPredicted);
}

// Used to 84 %, so that the arithmetic is content with two, but held back and too slow with two.
TEST(CapacityTest, WhatWasSeenToBeTooSmallIsNotEnough) {
  const auto plan_of = [](double throttled) {
    Phase phase = kSecond;
    phase.catalog_cpu = 0.27;
    phase.entry_avg = 200;
    phase.entry_p95 = 900;
    Stretch stretch = Play(phase);
    for (analysis::Node& node : stretch.input.nodes) {
      if (node.name != "productcatalog") continue;
      for (NodeSecond& s : node.seconds) s.cpu_throttled = throttled;
    }
    return PlanCapacity({stretch}, Limits(), {});
  };
  EXPECT_EQ(Of(plan_of(0.1), "productcatalog").needed, 2u);
  const Plan plan = plan_of(0.8);
  EXPECT_EQ(Of(plan, "productcatalog").needed, 3u) << Of(plan, "productcatalog").text;
  EXPECT_EQ(Of(plan, "productcatalog").needed_low, 3u);
  EXPECT_THAT(plan.sentence, HasSubstr("productcatalog x3"));
  EXPECT_THAT(Of(plan, "productcatalog").text, HasSubstr("it has 2; 2 were too few; one answers"));
}

TEST(CapacityTest, TooSmallForMoreThanTheTargetSaysNothing) {
  Stretch crowded = Play(kSecond);
  const Plan plan = PlanCapacity({crowded}, Limits(), {.users = 400, .rate = {}});
  EXPECT_THAT(Of(plan, "productcatalog").text, Not(HasSubstr("too few")));
  EXPECT_EQ(Of(plan, "productcatalog").needed, 1u) << Of(plan, "productcatalog").text;
}

TEST(CapacityTest, WhatCarriedTheLoadOnceIsEnoughThoughItFellShortBefore) {
  Phase calm = kFourth;
  calm.catalog_replicas = 2;
  calm.catalog_cpu = 0.27;
  const Plan plan = PlanCapacity({Play(kSecond), Play(calm)}, Limits(), {});
  EXPECT_EQ(Of(plan, "productcatalog").basis, Basis::kMeasured);
  EXPECT_EQ(Of(plan, "productcatalog").needed, 2u) << Of(plan, "productcatalog").text;
}

TEST(CapacityTest, ARateMayBeAskedFor) {
  const Plan plan = PlanCapacity({Play(kFourth)}, Limits(), {.users = {}, .rate = 73.4});
  EXPECT_EQ(plan.entry_rate.value, 73.4);
  EXPECT_EQ(Of(plan, "productcatalog").needed, 2u);
  EXPECT_EQ(Of(plan, "cart").needed, 1u);
}

TEST(CapacityTest, NoCpuLimitAndNoBendIsNotEnoughData) {
  const Plan plan = PlanCapacity({Play(kFirst, 1500, 0)}, Limits(), {});
  EXPECT_EQ(Of(plan, "productcatalog").basis, Basis::kNotEnoughData);
  EXPECT_EQ(Of(plan, "productcatalog").needed, 0u);
  EXPECT_THAT(plan.sentence, HasSubstr("not enough data"));
}

TEST(CapacityTest, WithoutLoadNothingIsSaid) {
  EXPECT_EQ(PlanCapacity({}, Limits(), {}).sentence,
            "Not enough data: no load was seen at the entry.");
  Scenario quiet(10);
  quiet.Add("loadgenerator").Add("frontend");
  EXPECT_TRUE(PlanCapacity({{"", quiet.input(), 5}}, Limits(), {}).services.empty());
}

TEST(CapacityTest, AFewRequestsDoNotTellACost) {
  Phase few = kFourth;
  few.entry_rate = few.catalog_rate = few.cart_rate = 1;
  const Plan plan = PlanCapacity({Play(few, 10)}, Limits(), {.users = 1500, .rate = {}});
  EXPECT_EQ(Of(plan, "productcatalog").needed, 0u);
}

}  // namespace
}  // namespace pano::capacity
