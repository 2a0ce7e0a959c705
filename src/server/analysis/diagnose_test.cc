// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/diagnose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/analysis/scenario_for_test.h"

namespace pano::analysis {
namespace {

using schema::L7Protocol;
using schema::NodeKind;
using testing::Contains;
using testing::HasSubstr;

Role RoleOf(const Scenario& s, const Diagnosis& d, const std::string& name) {
  for (const NodeRole& r : d.roles) {
    if (r.node == s.id(name)) return r.role;
  }
  return Role::kNone;
}

TEST(DiagnoseTest, OwnTimeOfANodeInTheMiddle) {
  Scenario s;
  s.Call("client", "web", {.rate = 50, .p50_ms = 1500, .p95_ms = 2500});
  s.Call("web", "app", {.rate = 50, .p50_ms = 1490, .p95_ms = 2480});
  s.Call("app", "db", {.rate = 100, .p50_ms = 5, .p95_ms = 15});
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.bottleneck_service, "app") << d.sentence;
  EXPECT_EQ(d.candidates.front().fault, FaultClass::kOwnTime);
  EXPECT_EQ(RoleOf(s, d, "web"), Role::kVictim);
  EXPECT_EQ(RoleOf(s, d, "client"), Role::kVictim);
}

TEST(DiagnoseTest, ParallelFanOutBlamesTheSlowBranch) {
  Scenario s;
  s.Call("client", "web", {.rate = 50, .p50_ms = 1300, .p95_ms = 2500});
  s.Call("web", "a", {.rate = 50, .p50_ms = 700, .p95_ms = 900});
  s.Call("web", "b", {.rate = 50, .p50_ms = 1290, .p95_ms = 2480});
  s.Call("web", "c", {.rate = 50, .p50_ms = 20, .p95_ms = 50});
  EXPECT_EQ(s.Ask().bottleneck_service, "b") << s.Ask().sentence;
}

TEST(DiagnoseTest, SequentialChainBlamesTheLeaf) {
  Scenario s;
  s.Call("client", "web", {.rate = 40, .p50_ms = 1600, .p95_ms = 2600});
  s.Call("web", "recommendation", {.rate = 40, .p50_ms = 1580, .p95_ms = 2550});
  s.Call("recommendation", "productcatalog", {.rate = 80, .p50_ms = 770, .p95_ms = 1250});
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.bottleneck_service, "productcatalog") << d.sentence;
  EXPECT_EQ(d.path.size(), 4u);
  EXPECT_THAT(d.steps.back().text, HasSubstr("recommendation → productcatalog"));
  EXPECT_EQ(RoleOf(s, d, "recommendation"), Role::kVictim);
}

TEST(DiagnoseTest, QueueOfWorkersThatWaitBelongsToWhatTheyWaitFor) {
  Scenario s;
  s.Add("catalog", Scenario::Throttled(0.9));
  s.Call("client", "web", {.rate = 40, .p50_ms = 5000, .p95_ms = 9000});
  // Ten workers, all waiting: callers wait twice as long as the call itself takes.
  s.Call("web", "recommendation", {.rate = 40, .p50_ms = 4900, .p95_ms = 8900});
  s.Call("recommendation", "catalog", {.rate = 40, .p50_ms = 2400, .p95_ms = 4400});
  EXPECT_EQ(s.Ask().bottleneck_service, "catalog") << s.Ask().sentence;
}

TEST(DiagnoseTest, SharedDependencyOfTwoCallers) {
  Scenario s;
  s.Call("client", "web", {.rate = 60, .p50_ms = 1300, .p95_ms = 2200});
  s.Call("web", "orders", {.rate = 30, .p50_ms = 1250, .p95_ms = 2150});
  s.Call("web", "search", {.rate = 30, .p50_ms = 1250, .p95_ms = 2150});
  s.Call("orders", "db", {.rate = 30, .p50_ms = 1200, .p95_ms = 2100});
  s.Call("search", "db", {.rate = 30, .p50_ms = 1200, .p95_ms = 2100});
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.bottleneck_service, "db") << d.sentence;
  EXPECT_THAT(d.sentence, HasSubstr("2 callers wait for it"));
}

TEST(DiagnoseTest, RefusedConnectsAreTheirServers) {
  Scenario s;
  s.Call("client", "web", {.rate = 60, .p50_ms = 8, .p95_ms = 30, .errors = 20});
  s.Call("web", "cart",
         {.rate = 2,
          .p50_ms = 3,
          .p95_ms = 9,
          .connects = 30,
          .connect_failures = 28,
          .server_resets = 28});
  s.Call("web", "catalog", {.rate = 60, .p50_ms = 3, .p95_ms = 9});
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.bottleneck_service, "cart") << d.sentence;
  EXPECT_EQ(d.candidates.front().fault, FaultClass::kRefused);
  EXPECT_THAT(d.sentence, HasSubstr("refuses 28 connects/s"));
  EXPECT_EQ(RoleOf(s, d, "web"), Role::kVictim);
}

TEST(DiagnoseTest, FullAcceptQueue) {
  NodeSecond queue = Scenario::Calm();
  queue.accept_queue = 32;
  queue.accept_queue_limit = 32;
  queue.listen_overflow = 90;
  Scenario s;
  s.Add("cart", queue);
  s.Call("client", "web", {.rate = 60, .p50_ms = 1010, .p95_ms = 2030});
  s.Call("web", "cart",
         {.rate = 60,
          .p50_ms = 1000,
          .p95_ms = 2000,
          .server_p50_ms = 4,
          .server_p95_ms = 9,
          .connects = 60,
          .connect_ms = 1000,
          .retrans_syn = 90,
          .accept_overflow = 90});
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.bottleneck_service, "cart") << d.sentence;
  EXPECT_EQ(d.candidates.front().fault, FaultClass::kAcceptQueue);
  EXPECT_THAT(d.sentence, HasSubstr("accept queue overflows 90 times/s"));
}

TEST(DiagnoseTest, ErrorsAreWhereTheyAreMadeNotWhereTheyShow) {
  Scenario s;
  s.Call("client", "web", {.rate = 60, .p50_ms = 8, .p95_ms = 30, .errors = 15});
  s.Call("web", "checkout", {.rate = 20, .p50_ms = 6, .p95_ms = 20, .errors = 15});
  s.Call("checkout", "payment", {.rate = 20, .p50_ms = 3, .p95_ms = 9, .errors = 15});
  s.Call("checkout", "shipping", {.rate = 20, .p50_ms = 3, .p95_ms = 9});
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.bottleneck_service, "payment") << d.sentence;
  EXPECT_EQ(d.candidates.front().fault, FaultClass::kErrorOrigin);
  EXPECT_THAT(d.sentence, HasSubstr("15 requests/s fail in it (75 %)"));
  EXPECT_EQ(RoleOf(s, d, "checkout"), Role::kVictim);
}

TEST(DiagnoseTest, ErrorsOfTheMiddleAreItsOwnWhenItsCallsSucceed) {
  Scenario s;
  s.Call("client", "web", {.rate = 60, .p50_ms = 8, .p95_ms = 30, .errors = 10});
  s.Call("web", "checkout", {.rate = 20, .p50_ms = 6, .p95_ms = 20, .errors = 10});
  s.Call("checkout", "payment", {.rate = 20, .p50_ms = 3, .p95_ms = 9, .client_errors = 0});
  EXPECT_EQ(s.Ask().bottleneck_service, "checkout") << s.Ask().sentence;
}

TEST(DiagnoseTest, DeadlinesOfACallerFollowTheSlowCall) {
  Scenario s;
  s.Add("db", Scenario::Throttled(0.95));
  s.Call("client", "web", {.rate = 60, .p50_ms = 900, .p95_ms = 2100, .errors = 20});
  s.Call("web", "db", {.rate = 60, .p50_ms = 890, .p95_ms = 2090});
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.bottleneck_service, "db") << d.sentence;
  EXPECT_EQ(d.candidates.front().fault, FaultClass::kCpuThrottled);
}

TEST(DiagnoseTest, LoadGeneratorIsTheLimit) {
  NodeSecond busy = Scenario::Calm();
  busy.cpu_quota = 0;
  busy.cpu_usage = 0.99;
  Scenario s;
  s.Add("locust", busy, NodeKind::kLoadGenerator);
  s.Call("locust", "web",
         {.rate = 200, .p50_ms = 900, .p95_ms = 1800, .server_p50_ms = 4, .server_p95_ms = 15});
  s.Call("web", "db", {.rate = 200, .p50_ms = 2, .p95_ms = 6});
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.bottleneck_service, "locust") << d.sentence;
  EXPECT_EQ(d.candidates.front().fault, FaultClass::kClientLimit);
  EXPECT_EQ(d.path, (std::vector<uint32_t>{s.id("locust")}));
}

TEST(DiagnoseTest, ThrottledCallerSeesAllItsCallsLate) {
  Scenario s;
  s.Add("web", Scenario::Throttled(0.9));
  s.Call("client", "web", {.rate = 60, .p50_ms = 1500, .p95_ms = 2500});
  for (const char* server : {"a", "b", "c"}) {
    s.Call("web", server,
           {.rate = 60, .p50_ms = 400, .p95_ms = 700, .server_p50_ms = 3, .server_p95_ms = 8});
  }
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.bottleneck_service, "web") << d.sentence;
  EXPECT_EQ(d.candidates.front().fault, FaultClass::kCpuThrottled);
}

TEST(DiagnoseTest, NoTrafficIsNotHealth) {
  Scenario s;
  s.Add("web").Add("db");
  EXPECT_EQ(s.Ask().verdict, Verdict::kUnknownCause);
  EXPECT_EQ(s.Ask().sentence, "No traffic was seen, so there is nothing to judge.");
  s.Call("web", "db", {.rate = 0});
  EXPECT_EQ(s.Ask().verdict, Verdict::kUnknownCause);
  EXPECT_EQ(Diagnose({}, Limits()).entry, 0u);
}

TEST(DiagnoseTest, CycleEnds) {
  Scenario s;
  s.Call("client", "a", {.rate = 30, .p50_ms = 1500, .p95_ms = 2500});
  s.Call("a", "b", {.rate = 30, .p50_ms = 1450, .p95_ms = 2450});
  s.Call("b", "a", {.rate = 5, .p50_ms = 1480, .p95_ms = 2500});
  s.Call("b", "c", {.rate = 30, .p50_ms = 1400, .p95_ms = 2400});
  EXPECT_EQ(s.Ask().bottleneck_service, "c") << s.Ask().sentence;
}

TEST(DiagnoseTest, CycleWithoutEntry) {
  Scenario s;
  s.Call("a", "b", {.rate = 30, .p50_ms = 1450, .p95_ms = 2450});
  s.Call("b", "a", {.rate = 5, .p50_ms = 8, .p95_ms = 20});
  s.Call("b", "b", {.rate = 30, .p50_ms = 1400, .p95_ms = 2400});
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.bottleneck_service, "b") << d.sentence;
  EXPECT_EQ(d.entry, s.id("a"));
}

TEST(DiagnoseTest, KafkaConsumersWaitByDesign) {
  Scenario s;
  s.Add("kafka", Scenario::Calm(), NodeKind::kQueue);
  s.Call("client", "web", {.rate = 60, .p50_ms = 8, .p95_ms = 30});
  s.Call("web", "kafka", {.rate = 20, .p50_ms = 3, .p95_ms = 9, .protocol = L7Protocol::kKafka});
  s.Call("accounting", "kafka",
         {.rate = 2,
          .p50_ms = 500,
          .p95_ms = 5000,
          .oldest_ms = 4000,
          .protocol = L7Protocol::kKafka});
  EXPECT_EQ(s.Ask().verdict, Verdict::kNone) << s.Ask().sentence;
}

TEST(DiagnoseTest, LongPollsAreNotSlowWhenMarked) {
  Scenario s;
  s.Call("client", "web", {.rate = 60, .p50_ms = 8, .p95_ms = 30});
  Traffic poll{.rate = 5, .p50_ms = 20000, .p95_ms = 30000};
  poll.coupling = Coupling::kAsync;
  s.Call("browser", "web", poll);
  EXPECT_EQ(s.Ask().verdict, Verdict::kNone) << s.Ask().sentence;
}

TEST(DiagnoseTest, SlowWorkBehindAQueueIsFoundFromItsConsumer) {
  Scenario s;
  s.Call("client", "web", {.rate = 60, .p50_ms = 8, .p95_ms = 30});
  s.Call("web", "kafka", {.rate = 20, .p50_ms = 3, .p95_ms = 9, .protocol = L7Protocol::kKafka});
  s.Call("accounting", "kafka",
         {.rate = 2, .p50_ms = 500, .p95_ms = 900, .protocol = L7Protocol::kKafka});
  s.Call("accounting", "postgres",
         {.rate = 20, .p50_ms = 1500, .p95_ms = 2500, .protocol = L7Protocol::kPostgresql});
  EXPECT_EQ(s.Ask().bottleneck_service, "postgres") << s.Ask().sentence;
}

TEST(DiagnoseTest, DatabaseAsLeaf) {
  Scenario s;
  s.Add("postgres", Scenario::Calm(), NodeKind::kDatabase);
  s.Call("client", "web", {.rate = 60, .p50_ms = 1300, .p95_ms = 2300});
  s.Call("web", "postgres",
         {.rate = 180, .p50_ms = 420, .p95_ms = 1100, .protocol = L7Protocol::kPostgresql});
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.bottleneck_service, "postgres") << d.sentence;
  EXPECT_EQ(d.candidates.front().fault, FaultClass::kOwnTime);
}

TEST(DiagnoseTest, SlowServiceOutside) {
  Scenario s;
  s.Add("api.example.com", Scenario::Unseen(), NodeKind::kExternal);
  s.Call("client", "web", {.rate = 60, .p50_ms = 1300, .p95_ms = 2300});
  s.Call("web", "api.example.com",
         {.rate = 60, .p50_ms = 1290, .p95_ms = 2280, .server_seen = false});
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.bottleneck_service, "api.example.com") << d.sentence;
  EXPECT_EQ(d.candidates.front().fault, FaultClass::kSlowDependencyOutside);
}

TEST(DiagnoseTest, OneSideIsEnough) {
  for (const bool client : {true, false}) {
    Scenario s;
    Traffic t{.rate = 40, .p50_ms = 1600, .p95_ms = 2600};
    t.client_seen = client;
    t.server_seen = !client;
    s.Call("client", "web", t);
    s.Call("web", "db", t);
    EXPECT_EQ(s.Ask().bottleneck_service, "db") << s.Ask().sentence;
  }
}

TEST(DiagnoseTest, LossyNetwork) {
  Scenario s;
  s.Call("client", "web", {.rate = 60, .p50_ms = 1100, .p95_ms = 2300});
  s.Call("web", "db",
         {.rate = 60,
          .p50_ms = 1090,
          .p95_ms = 2280,
          .server_p50_ms = 3,
          .server_p95_ms = 9,
          .retrans_share = 0.08});
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.bottleneck_service, "db") << d.sentence;
  EXPECT_EQ(d.candidates.front().fault, FaultClass::kNetworkLoss);
  EXPECT_THAT(d.sentence, HasSubstr("8 % of the segments"));
}

TEST(DiagnoseTest, HungRequestsCountBeforeTheyAreAnswered) {
  Scenario s;
  Traffic hung{.rate = 20,
               .p50_ms = 5,
               .p95_ms = 20,
               .unanswered = 0.9,
               .oldest_ms = 8000,
               .in_flight_growth = 18};
  s.Call("client", "web", hung);
  s.Call("web", "db", hung);
  s.Call("web", "cache", {.rate = 20, .p50_ms = 1, .p95_ms = 3});
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.bottleneck_service, "db") << d.sentence;
  EXPECT_THAT(d.evidence, Contains(HasSubstr("in flight grew")));
}

TEST(DiagnoseTest, GapsOfASecondChangeNothing) {
  Scenario s;
  s.Call("client", "web", {.rate = 40, .p50_ms = 1600, .p95_ms = 2600, .errors = 3});
  s.Call("web", "db", {.rate = 40, .p50_ms = 1580, .p95_ms = 2550, .errors = 3});
  const std::string before = s.Ask().bottleneck_service;
  for (Edge& e : s.input().edges) {
    e.client_view.seconds[4] = {};
    e.server_view.seconds[9] = {};
  }
  s.input().nodes[0].seconds[3] = {};
  EXPECT_EQ(before, "db");
  EXPECT_EQ(s.Ask().bottleneck_service, before);
}

TEST(DiagnoseTest, RareSlowCallsDoNotWinOverAClearSignal) {
  Scenario s;
  s.Add("catalog", Scenario::Throttled(0.8));
  s.Call("client", "web", {.rate = 100, .p50_ms = 1100, .p95_ms = 1900});
  s.Call("web", "catalog", {.rate = 100, .p50_ms = 1050, .p95_ms = 1850});
  s.Call("cron", "report", {.rate = 0.4, .p50_ms = 20000, .p95_ms = 50000});
  s.Call("web", "mail", {.rate = 0.2, .p50_ms = 9000, .p95_ms = 30000, .errors = 0.2});
  EXPECT_EQ(s.Ask().bottleneck_service, "catalog") << s.Ask().sentence;
}

TEST(DiagnoseTest, AFewSlowAnswersAreNoBottleneck) {
  Scenario s;
  s.Call("client", "web", {.rate = 100, .p50_ms = 8, .p95_ms = 30});
  s.Call("web", "report", {.rate = 0.2, .p50_ms = 9000, .p95_ms = 30000});
  EXPECT_EQ(s.Ask().verdict, Verdict::kNone) << s.Ask().sentence;
}

TEST(DiagnoseTest, LimitsDecide) {
  Scenario s;
  s.Call("client", "web", {.rate = 100, .p50_ms = 80, .p95_ms = 300});
  s.Call("web", "cart", {.rate = 100, .p50_ms = 70, .p95_ms = 280});
  EXPECT_EQ(s.Ask().verdict, Verdict::kNone);
  const Limits strict(DefaultLimits(), {{"cart", "", "", Metric::kLatency, 200e3}});
  EXPECT_EQ(s.Ask(strict).bottleneck_service, "cart") << s.Ask(strict).sentence;
  EXPECT_THAT(s.Ask(strict).sentence, HasSubstr("(limit 200 ms)"));
  const Limits off(LimitSet{});
  s.Call("web", "mail", {.rate = 100, .p50_ms = 9000, .p95_ms = 30000, .errors = 5});
  EXPECT_EQ(s.Ask(off).verdict, Verdict::kNone) << "all limits are switched off";
}

TEST(DiagnoseTest, FallingRequestsWithRisingFailuresIsHiddenDemand) {
  Scenario s;
  s.Call("client", "web", {.rate = 100, .p50_ms = 80, .p95_ms = 1300, .connects = 10});
  auto& seconds = s.input().edges[0].client_view.seconds;
  for (size_t i = 5; i < seconds.size(); ++i) {
    seconds[i].requests = 60;
    seconds[i].responses = 60;
    seconds[i].connect_failures = static_cast<double>(4 * i);
  }
  const Diagnosis d = s.Ask();
  EXPECT_THAT(d.demand.text, HasSubstr("Requests fell from 100/s to 60/s"));
  EXPECT_THAT(d.demand.text, HasSubstr("turned away, not gone"));
  EXPECT_GT(d.demand.offered, d.demand.accepted);
}

TEST(DiagnoseTest, UnknownWhenHarmIsSpreadEvenly) {
  Scenario s;
  Traffic part{.rate = 50, .p50_ms = 200, .p95_ms = 320};
  s.Call("client", "web", {.rate = 50, .p50_ms = 1700, .p95_ms = 2400});
  for (int i = 0; i < 8; ++i) s.Call("web", "s" + std::to_string(i), part);
  const Diagnosis d = s.Ask();
  EXPECT_EQ(d.verdict, Verdict::kUnknownCause) << d.sentence;
  EXPECT_GE(d.candidates.size(), 5u);
  EXPECT_THAT(d.sentence, HasSubstr("no single cause"));
}

TEST(DiagnoseTest, StrayFailuresNameNobody) {
  Scenario s(60);
  s.Call("client", "web", {.rate = 140, .p50_ms = 8, .p95_ms = 30});
  for (const size_t second : {20, 21}) {
    s.input().edges[0].client_view.seconds[second].server_errors = 1;
  }
  EXPECT_EQ(s.Ask().verdict, Verdict::kNone) << s.Ask().sentence;
  EXPECT_THAT(s.Ask().sentence, HasSubstr("but for stray failures"));
}

// A whole phase folded into one average second, its histograms whole.
TEST(DiagnoseTest, CoarseDataGiveTheSameAnswer) {
  Scenario s(60);
  s.Add("db", Scenario::Throttled(0.9));
  s.Call("client", "web", {.rate = 60, .p50_ms = 1700, .p95_ms = 2700, .errors = 2});
  s.Call("web", "db", {.rate = 60, .p50_ms = 1500, .p95_ms = 2400});
  s.Call("web", "app", {.rate = 60, .p50_ms = 180, .p95_ms = 300, .errors = 2});
  const Diagnosis fine = s.Ask();
  for (Edge& e : s.input().edges) {
    e.client_view.seconds.resize(1);
    e.server_view.seconds.resize(1);
  }
  for (Node& n : s.input().nodes) n.seconds.resize(1);
  const Diagnosis coarse = s.Ask();
  EXPECT_EQ(fine.bottleneck_service, "db") << fine.sentence;
  EXPECT_EQ(coarse.bottleneck_service, "db") << coarse.sentence;
  EXPECT_EQ(coarse.sentence, fine.sentence);
}

TEST(DiagnoseTest, BrokenInputIsSurvived) {
  Scenario s;
  s.Call("client", "web", {.rate = 40, .p50_ms = 1600, .p95_ms = 2600});
  s.input().edges.push_back({});                       // nodes 0 and 0 do not exist
  s.input().nodes.push_back(s.input().nodes.front());  // an id twice
  s.input().edges[0].server_view.seconds.resize(2);    // shorter than the other side
  s.input().nodes[0].seconds.resize(400);
  EXPECT_EQ(s.Ask().bottleneck_service, "web") << s.Ask().sentence;
}

TEST(VerdictKeeperTest, AnotherVerdictShowsAfterItHeld) {
  const auto make = [](uint64_t time, uint32_t node) {
    Diagnosis d;
    d.time = time;
    d.verdict = node != 0 ? Verdict::kBottleneck : Verdict::kNone;
    d.bottleneck = node;
    d.sentence = std::to_string(time);
    return d;
  };
  VerdictKeeper keeper(5);
  EXPECT_EQ(keeper.Update(make(100, 1)).bottleneck, 1u) << "the first shows at once";
  EXPECT_EQ(keeper.Update(make(101, 1)).sentence, "101") << "numbers stay fresh";
  for (uint64_t t = 102; t < 107; ++t) EXPECT_EQ(keeper.Update(make(t, 2)).bottleneck, 1u) << t;
  EXPECT_EQ(keeper.Update(make(107, 2)).bottleneck, 2u);
  EXPECT_EQ(keeper.since(), 102u) << "since it was first seen";
  EXPECT_EQ(keeper.Update(make(108, 0)).bottleneck, 2u);
  EXPECT_EQ(keeper.Update(make(109, 3)).bottleneck, 2u);
  EXPECT_EQ(keeper.Update(make(113, 0)).bottleneck, 2u) << "another one started its time again";
  EXPECT_EQ(keeper.Update(make(114, 2)).sentence, "114");
  EXPECT_EQ(keeper.Update(make(118, 0)).bottleneck, 2u);
  EXPECT_EQ(keeper.Update(make(123, 0)).verdict, Verdict::kNone);
}

TEST(VerdictKeeperTest, NoTrafficGivesWayAtOnce) {
  Diagnosis nothing;
  nothing.time = 100;
  nothing.verdict = Verdict::kUnknownCause;
  Diagnosis calm;
  calm.time = 101;
  calm.verdict = Verdict::kNone;
  VerdictKeeper keeper(5);
  EXPECT_EQ(keeper.Update(nothing).verdict, Verdict::kUnknownCause);
  EXPECT_EQ(keeper.Update(calm).verdict, Verdict::kNone);
  EXPECT_EQ(keeper.since(), 101u);
}

}  // namespace
}  // namespace pano::analysis
