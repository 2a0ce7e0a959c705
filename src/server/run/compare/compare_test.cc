// SPDX-License-Identifier: Apache-2.0
#include "server/run/compare/compare.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "server/run/compare/budget.h"
#include "server/run/compare/compare_series.h"
#include "server/run/compare/traffic_for_test.h"
#include "server/run/window_fold.h"

namespace pano::run {
namespace {

constexpr size_t kNobody = SIZE_MAX;

// PANO_SEED_SHIFT plays other seeds than those thresholds were chosen on.
uint32_t Seed(uint32_t seed) {
  const char* shift = std::getenv("PANO_SEED_SHIFT");
  return seed + (shift == nullptr ? 0 : static_cast<uint32_t>(std::atoi(shift)));
}

Comparison Play(uint32_t seed, size_t slow, double factor, TrafficOptions options = {},
                int seconds = 60) {
  TrafficModel first(Seed(2 * seed), options);
  TrafficModel second(Seed(2 * seed + 1), options);
  return Compare(first.Make(seconds, kNobody, 1), second.Make(seconds, slow, factor), {});
}

const Compared* Service(const Comparison& c, const std::string& name) {
  for (const Compared& s : c.subjects) {
    if (!s.edge && s.server == name) return &s;
  }
  return nullptr;
}

// "finds a 10 % latency regression of one service among 15 in 60 s windows at 95 % confidence, and
// finds nothing between two equal runs (20 repetitions each)"
TEST(CompareTest, FindsTenPercentInOneOfFifteenServices) {
  int found = 0;
  int first = 0;
  for (uint32_t i = 0; i < 20; ++i) {
    const size_t slow = i % TrafficModel::kServices;
    const Comparison c = Play(1000 + i, slow, 1.10);
    const std::string name = "s" + std::to_string(slow);
    const Compared* service = Service(c, name);
    ASSERT_NE(service, nullptr);
    bool significant = false;
    for (const CompareMetric m :
         {CompareMetric::kLatencyAvg, CompareMetric::kLatencyP50, CompareMetric::kLatencyP95}) {
      const Delta& d = service->metrics[static_cast<size_t>(m)];
      significant = significant || (d.significant && d.direction == Direction::kWorse);
    }
    found += significant ? 1 : 0;
    if (!c.ranked.empty()) {
      first += c.subjects[c.ranked.front().subject].server == name ? 1 : 0;
    }
    if (!significant && std::getenv("PANO_SHOW_MISSES") != nullptr) {
      const Delta& d = service->metrics[0];
      ADD_FAILURE() << name << " " << d.change << " [" << d.low << "," << d.high << "] p " << d.p
                    << " q " << d.q << "; " << c.sentence;
    }
  }
  RecordProperty("found", found);
  RecordProperty("first", first);
  EXPECT_GE(found, 19);
  EXPECT_GE(first, 17);
}

TEST(CompareTest, FindsNothingBetweenEqualRuns) {
  int silent = 0;
  for (uint32_t i = 0; i < 20; ++i) {
    const Comparison c = Play(3000 + i, kNobody, 1);
    EXPECT_GT(c.tests, 60u);
    EXPECT_TRUE(c.load.matched);
    silent += c.verdict == CompareVerdict::kSame ? 1 : 0;
    if (c.verdict != CompareVerdict::kSame && std::getenv("PANO_SHOW_MISSES") != nullptr) {
      ADD_FAILURE() << c.sentence;
    }
  }
  RecordProperty("silent", silent);
  EXPECT_GE(silent, 19);  // one in twenty is what 95 % means
}

// The same run on a machine that is a fifth slower, or faster.
TEST(CompareTest, WhatAllServicesDoAlikeIsNotOneServicesDoing) {
  int of_one = 0;
  for (uint32_t i = 0; i < 10; ++i) {
    TrafficOptions other;
    other.clock = i % 2 == 0 ? 1.2 : 0.83;
    TrafficModel first(Seed(2 * i), {});
    TrafficModel second(Seed(2 * i + 1), other);
    const Comparison c = Compare(first.Make(60, kNobody, 1), second.Make(60, kNobody, 1), {});
    EXPECT_TRUE(c.shared.found);
    EXPECT_GE(c.shared.alike, 13u);
    EXPECT_EQ(c.shared.services, TrafficModel::kServices);
    EXPECT_NEAR(c.shared.cpu_per_request, other.clock - 1, 0.05);
    EXPECT_NEAR(c.shared.own_time, other.clock - 1, 0.05);
    EXPECT_NE(c.warnings.front().find("services changed alike"), std::string::npos);
    of_one += c.verdict == CompareVerdict::kShared ? 0 : 1;
  }
  EXPECT_LE(of_one, 1);
}

TEST(CompareTest, OneServiceStandsOutOfASlowMachine) {
  TrafficOptions slow;
  slow.clock = 1.2;
  int first_told = 0;
  for (uint32_t i = 0; i < 10; ++i) {
    TrafficModel first(Seed(40 + 2 * i), {});
    TrafficModel second(Seed(41 + 2 * i), slow);
    const Comparison c = Compare(first.Make(60, kNobody, 1), second.Make(60, i, 1.5), {});
    EXPECT_TRUE(c.shared.found);
    if (c.ranked.empty()) continue;
    first_told += c.subjects[c.ranked.front().subject].server == "s" + std::to_string(i) ? 1 : 0;
  }
  EXPECT_GE(first_told, 9);
}

// A database that all wait for is not what they all do: their own time stays.
TEST(CompareTest, ASlowServiceThatAllWaitForIsFound) {
  TrafficModel first(Seed(70), {});
  TrafficModel second(Seed(71), {});
  const auto wait_for_s14 = [](Stretch s, double own_us) {
    for (live::WindowSet& w : s.buckets) {
      std::vector<live::EdgeEntry> calls;
      for (live::EdgeEntry& e : w.edges) {
        if (e.edge.server_service == 16 || e.edge.client_service == 1) continue;
        const double requests = Count(e.window.Requests(), schema::EdgeMetric::kRequest);
        live::EdgeEntry call = e;
        call.id = 100 + e.edge.server_service;
        call.edge.client_service = e.edge.server_service;
        call.edge.server_service = 16;
        live::SideWindow& side = call.window.client;
        side.rrt = {};
        for (int i = 0; i < static_cast<int>(requests); ++i) {
          side.rrt.Add(static_cast<uint64_t>(own_us * (0.7 + 0.1 * (i % 7))));
        }
        side.values[static_cast<size_t>(schema::EdgeMetric::kRrtSum)] =
            static_cast<uint64_t>(own_us * requests);
        e.window.client.values[static_cast<size_t>(schema::EdgeMetric::kRrtSum)] +=
            static_cast<uint64_t>(own_us * requests);
        calls.push_back(std::move(call));
      }
      w.edges.insert(w.edges.end(), calls.begin(), calls.end());
    }
    return s;
  };
  const Comparison c = Compare(wait_for_s14(first.Make(60, kNobody, 1), 3000),
                               wait_for_s14(second.Make(60, kNobody, 1), 4500), {});
  EXPECT_FALSE(c.shared.found) << c.shared.text;
  ASSERT_FALSE(c.ranked.empty());
  EXPECT_EQ(c.subjects[c.ranked.front().subject].server, "s14") << c.sentence;
}

// What a service adds itself grows by half; what its callers wait, by less than their noise.
TEST(CompareTest, OwnTimeTellsWhatWaitingHides) {
  int told = 0;
  for (uint32_t i = 0; i < 10; ++i) {
    TrafficModel first(Seed(90 + 2 * i), {});
    TrafficModel second(Seed(91 + 2 * i), {});
    const Comparison c = Compare(first.Make(60, kNobody, 1), second.Make(60, 0, 1.06), {});
    const Compared* service = Service(c, "s0");
    ASSERT_NE(service, nullptr);
    const Delta& own = service->metrics[static_cast<size_t>(CompareMetric::kOwnTime)];
    EXPECT_GT(own.a, 0);
    EXPECT_LT(own.a, service->metrics[static_cast<size_t>(CompareMetric::kLatencyAvg)].a);
    told += own.significant && own.direction == Direction::kWorse ? 1 : 0;
    const Compared* leaf = Service(c, "s14");
    EXPECT_FALSE(analysis::Known(leaf->metrics[static_cast<size_t>(CompareMetric::kOwnTime)].p));
  }
  EXPECT_GE(told, 9);
}

TEST(CompareTest, ALoadThatDiffersIsSaid) {
  TrafficOptions busy;
  busy.rate *= 1.3;
  TrafficModel first(Seed(1), {});
  TrafficModel second(Seed(2), busy);
  const Comparison c = Compare(first.Make(60, kNobody, 1), second.Make(60, kNobody, 1), {});
  EXPECT_FALSE(c.load.matched);
  EXPECT_NEAR(c.load.change, 0.3, 0.05);
  ASSERT_FALSE(c.warnings.empty());
  EXPECT_NE(c.warnings.front().find("the load differs"), std::string::npos);
}

TEST(CompareTest, NewAndVanishedEdges) {
  TrafficModel first(Seed(1), {});
  TrafficModel second(Seed(2), {});
  Stretch a = first.Make(30, kNobody, 1);
  Stretch b = second.Make(30, kNobody, 1);
  for (live::WindowSet& w : a.buckets)
    std::erase_if(w.edges, [](const auto& e) { return e.id == 3; });
  for (live::WindowSet& w : b.buckets)
    std::erase_if(w.edges, [](const auto& e) { return e.id == 5; });
  const Comparison c = Compare(a, b, {});
  int fresh = 0;
  int gone = 0;
  for (const Compared& s : c.subjects) {
    if (!s.edge) continue;
    fresh += s.presence == Presence::kNew ? 1 : 0;
    gone += s.presence == Presence::kVanished ? 1 : 0;
    if (s.presence == Presence::kNew) {
      EXPECT_FALSE(analysis::Known(s.metrics[0].a));
    }
  }
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(gone, 1);
}

TEST(CompareTest, TooShortIsNotEnoughData) {
  TrafficModel first(Seed(1), {});
  TrafficModel second(Seed(2), {});
  const Comparison c = Compare(first.Make(5, kNobody, 1), second.Make(60, 3, 2), {});
  EXPECT_EQ(c.verdict, CompareVerdict::kNotEnoughData);
  Stretch nothing;
  nothing.names = std::make_shared<live::Names>();
  const Comparison empty = Compare(nothing, nothing, {});
  EXPECT_EQ(empty.verdict, CompareVerdict::kNotEnoughData);
}

// As a run that was kept more coarsely has it.
Stretch Coarse(const Stretch& fine, size_t seconds) {
  Stretch out = fine;
  out.buckets.clear();
  for (size_t i = 0; i + seconds <= fine.buckets.size(); i += seconds) {
    WindowFold fold;
    for (size_t k = i; k < i + seconds; ++k) fold.Add(fine.buckets[k], 1);
    out.buckets.push_back(fold.Take());
  }
  return out;
}

uint64_t Requests(const Stretch& s) {
  uint64_t sum = 0;
  for (const live::WindowSet& w : s.buckets) {
    for (const live::EdgeEntry& e : w.edges) {
      sum += e.window.Requests()[schema::EdgeMetric::kRequest];
    }
  }
  return sum;
}

TEST(CompareTest, BucketsOfUnequalLengthAreMadeEqual) {
  TrafficModel first(Seed(1), {});
  TrafficModel second(Seed(2), {});
  Stretch fine = first.Make(120, kNobody, 1);
  Stretch coarse = Coarse(second.Make(120, kNobody, 1), 4);
  const Stretch before = coarse;
  const uint64_t requests = Requests(fine);
  Equalise(fine, coarse);
  ASSERT_EQ(fine.buckets.size(), 30u);
  for (size_t i = 0; i < fine.buckets.size(); ++i) {
    EXPECT_EQ(fine.buckets[i].from, before.buckets[i].from);
    EXPECT_EQ(fine.buckets[i].to - fine.buckets[i].from, 4u);
  }
  EXPECT_EQ(Requests(fine), requests);
  EXPECT_EQ(coarse.buckets.size(), before.buckets.size());
  EXPECT_EQ(Compare(fine, coarse, {}).verdict, CompareVerdict::kSame);
  Stretch other = first.Make(121, kNobody, 1);  // the second that fills no bucket is left out
  Equalise(coarse, other);
  EXPECT_EQ(other.buckets.size(), 30u);
  EXPECT_EQ(Compare(coarse, other, {}).verdict, CompareVerdict::kSame);
}

TEST(BudgetTest, GrowthCeilingsAndNames) {
  const Comparison c = Play(1, 4, 1.5);
  const auto judge = [&c](const char* text) {
    const auto budgets = ParseBudgets(nlohmann::json::parse(text));
    EXPECT_TRUE(budgets) << budgets.error().text;
    return JudgeBudgets(*budgets, c, 0.05);
  };
  auto results = judge(R"({"latency_p50":"+10%"})");
  ASSERT_EQ(results.size(), TrafficModel::kServices);
  EXPECT_TRUE(results[0].over);
  EXPECT_EQ(c.subjects[results[0].subject].server, "s4");
  results = judge(
      R"({"latency_p50":"+10%","services":{"s4":{"latency_p50":"+200%"},"s0":{"latency_p50":null}}})");
  EXPECT_EQ(results.size(), TrafficModel::kServices - 1);
  for (const BudgetResult& r : results) {
    if (c.subjects[r.subject].server == "s4") {
      EXPECT_FALSE(r.over);
    }
  }
  results = judge(R"({"edges":{"loadgenerator > s0":{"latency_p99":"1ms","error_share":"50%"}}})");
  ASSERT_EQ(results.size(), 2u);
  EXPECT_TRUE(results[0].over);
  EXPECT_EQ(results[0].metric, CompareMetric::kLatencyP99);
  EXPECT_FALSE(results[1].over);
}

TEST(BudgetTest, GrowthThatAllShareIsNotDecided) {
  TrafficOptions slow;
  slow.clock = 1.3;
  TrafficModel first(Seed(1), {});
  TrafficModel second(Seed(2), slow);
  const Comparison c = Compare(first.Make(60, kNobody, 1), second.Make(60, kNobody, 1), {});
  ASSERT_EQ(c.verdict, CompareVerdict::kShared) << c.sentence;
  const auto budgets = ParseBudgets(nlohmann::json::parse(
      R"({"services":{"s0":{"latency_p50":"+10%"},"s1":{"latency_p50":"+80%"}},
                                "edges":{"loadgenerator > s0":{"latency_p50":"1ms"}}})"));
  ASSERT_TRUE(budgets);
  const auto results = JudgeBudgets(*budgets, c, 0.05);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_TRUE(results[0].over) << "a ceiling is one whoever is at fault";
  EXPECT_TRUE(results[1].undecided) << results[1].text;
  EXPECT_FALSE(results[1].over);
  EXPECT_FALSE(results[2].over || results[2].undecided) << results[2].text;
}

TEST(BudgetTest, ErrorsNameThePlace) {
  const std::pair<const char*, const char*> wrong[] = {
      {R"([1])", "budgets"},
      {R"({"latency":"+10%"})", "latency"},
      {R"({"latency_p95":"10%"})", "latency_p95"},
      {R"({"latency_p95":"+10 apples"})", "latency_p95"},
      {R"({"latency_p95":true})", "latency_p95"},
      {R"({"services":{"cart":{"latency_p95":"x"}}})", "services: cart"},
      {R"({"edges":{"cart":{"latency_p95":"+1%"}}})", "edges: cart"}};
  for (const auto& [text, place] : wrong) {
    const auto budgets = ParseBudgets(nlohmann::json::parse(text));
    ASSERT_FALSE(budgets) << text;
    EXPECT_NE(budgets.error().text.find(place), std::string::npos) << budgets.error().text;
  }
}

}  // namespace
}  // namespace pano::run
