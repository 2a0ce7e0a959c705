// SPDX-License-Identifier: Apache-2.0
#include "server/alert/dispatch.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pano::alert {
namespace {

constexpr uint64_t kStart = 1'700'000'000;

class DispatchTest : public testing::Test {
 protected:
  DispatchTest() {
    Route route;
    route.id = "r";
    route.group_wait_s = 5;
    route.repeat_s = 600;
    routes_.push_back(route);
    Add("g", kStart);
  }
  Group& Add(const std::string& id, uint64_t opened) {
    Group group;
    group.id = id;
    group.since = group.opened = opened;
    group.severity = Severity::kWarning;
    return groups_[id] = group;
  }
  std::vector<Due> Plan(uint64_t time) { return dispatcher_.Plan(time, groups_, alerts_, routes_); }
  // What is sent from `from` to `to`, one letter a message: f r R (resolved); each answered at
  // once.
  std::string Play(uint64_t from, uint64_t to, const Outcome& outcome) {
    std::string out;
    for (uint64_t t = from; t < to; ++t) {
      for (const Due& due : Plan(t)) {
        out += "frR"[static_cast<size_t>(due.kind)];
        dispatcher_.Done(due, outcome, groups_[due.group].severity, t);
      }
    }
    return out;
  }
  static Outcome Ok() {
    Outcome outcome;
    outcome.ok = outcome.heard = true;
    outcome.status = 200;
    return outcome;
  }
  static Outcome Down() {
    Outcome outcome;
    outcome.error = "connection refused";
    return outcome;
  }

  std::map<std::string, Group> groups_;
  std::map<std::string, Alert> alerts_;
  std::vector<Route> routes_;
  Dispatcher dispatcher_;
};

TEST_F(DispatchTest, AVerdictThatIsNotBelievedYetIsNotToldButWhatWasToldIsEnded) {
  groups_["g"].unsure = true;
  EXPECT_EQ(Play(kStart, kStart + 60, Ok()), "");
  groups_["g"].unsure = false;
  EXPECT_EQ(Play(kStart + 60, kStart + 70, Ok()), "f");
  groups_["g"].unsure = true;
  groups_["g"].resolved_at = kStart + 70;
  EXPECT_EQ(Play(kStart + 70, kStart + 80, Ok()), "R");
}

TEST_F(DispatchTest, WhatIsAboutToJoinIsWaitedForButNotForEver) {
  groups_["g"].growing = true;
  EXPECT_EQ(Play(kStart, kStart + 10, Ok()), "");
  groups_["g"].growing = false;
  EXPECT_EQ(Play(kStart + 10, kStart + 11, Ok()), "f");
  Add("h", kStart + 20).growing = true;
  EXPECT_EQ(Play(kStart + 20, kStart + 25 + kGrowSeconds, Ok()), "");
  EXPECT_EQ(Play(kStart + 25 + kGrowSeconds, kStart + 60, Ok()), "f");
}

TEST_F(DispatchTest, WaitsTellsOnceRepeatsAndResolves) {
  EXPECT_EQ(Play(kStart, kStart + 5, Ok()), "");
  EXPECT_EQ(Play(kStart + 5, kStart + 600, Ok()), "f");
  EXPECT_EQ(Play(kStart + 600, kStart + 1100, Ok()), "r");
  groups_["g"].resolved_at = kStart + 1300;
  EXPECT_EQ(Play(kStart + 1300, kStart + 3000, Ok()), "R");
}

TEST_F(DispatchTest, OneThatEndsBeforeItsTimeIsNeverToldOf) {
  EXPECT_EQ(Play(kStart, kStart + 3, Ok()), "");
  groups_["g"].resolved_at = kStart + 3;
  EXPECT_EQ(Play(kStart + 3, kStart + 100, Ok()), "");
}

TEST_F(DispatchTest, MoreVictimsAreNoNewsButASeverityIs) {
  EXPECT_EQ(Play(kStart, kStart + 10, Ok()), "f");
  groups_["g"].victims = {"another one"};
  EXPECT_EQ(Play(kStart + 10, kStart + 60, Ok()), "");
  groups_["g"].severity = Severity::kCritical;
  EXPECT_EQ(Play(kStart + 60, kStart + 120, Ok()), "f");
}

TEST_F(DispatchTest, ADeadReceiverIsAskedMoreAndMoreSeldom) {
  const std::string hour = Play(kStart, kStart + 3600, Down());
  EXPECT_GE(hour.size(), 10u);
  EXPECT_LE(hour.size(), 25u);
  EXPECT_EQ(dispatcher_.Health("r")->last_error, "connection refused");
  // It comes back: told at the next try, in the state of then.
  EXPECT_EQ(Play(kStart + 3600, kStart + 3600 + kMostBackoff + 1, Ok()), "f");
  EXPECT_EQ(dispatcher_.Health("r")->failures, 0u);
}

TEST_F(DispatchTest, TheEndOfWhatCouldNotBeToldIsTold) {
  EXPECT_FALSE(Play(kStart, kStart + 20, Down()).empty());
  groups_["g"].resolved_at = kStart + 20;
  EXPECT_EQ(Play(kStart + 20, kStart + 400, Ok()), "R");
}

TEST_F(DispatchTest, RetryAfterIsKept) {
  Outcome later = Down();
  later.retry_after_s = 120;
  EXPECT_EQ(Play(kStart, kStart + 125, later).size(), 1u);
  EXPECT_EQ(Play(kStart + 125, kStart + 130, Ok()), "f");
}

TEST_F(DispatchTest, AMessageARouteRefusesDoesNotHoldOthersBack) {
  Outcome refused = Down();
  refused.permanent = true;
  EXPECT_EQ(Play(kStart, kStart + 10, refused).size(), 1u);
  Add("h", kStart + 10);
  EXPECT_EQ(Play(kStart + 10, kStart + 30, Ok()), "f");
}

TEST_F(DispatchTest, OneAtATimePerRoute) {
  for (int i = 0; i < 20; ++i) Add("g" + std::to_string(i), kStart);
  EXPECT_TRUE(Plan(kStart).empty());
  EXPECT_EQ(Plan(kStart + 10).size(), 1u);
  EXPECT_TRUE(Plan(kStart + 11).empty()) << "nothing queues up behind it";
}

TEST_F(DispatchTest, SilencedGroupsWait) {
  groups_["g"].silenced = true;
  EXPECT_EQ(Play(kStart, kStart + 100, Ok()), "");
  groups_["g"].silenced = false;
  EXPECT_EQ(Play(kStart + 100, kStart + 110, Ok()), "f");
}

TEST_F(DispatchTest, AReplacedGroupEndsWithoutAWord) {
  EXPECT_EQ(Play(kStart, kStart + 10, Ok()), "f");
  groups_["g"].replaced_by = "h";
  groups_["g"].replaced_at = kStart + 10;
  Add("h", kStart + 10).replaces = {"g"};
  EXPECT_EQ(Play(kStart + 10, kStart + 30, Ok()), "f");
  groups_["g"].resolved_at = kStart + 30;
  EXPECT_EQ(Play(kStart + 30, kStart + 100, Ok()), "");
}

TEST_F(DispatchTest, AnAlertmanagerIsToldEveryMinute) {
  routes_[0].kind = RouteKind::kAlertmanager;
  routes_[0].group_wait_s = 0;
  EXPECT_EQ(Play(kStart, kStart + 301, Ok()), "frrrrr");
}

TEST_F(DispatchTest, RoutesChooseBySeverityAndMatchers) {
  routes_[0].min_severity = Severity::kCritical;
  EXPECT_EQ(Play(kStart, kStart + 50, Ok()), "");
  routes_[0].min_severity = Severity::kInfo;
  routes_[0].matchers = {{"team", false, false, "shop"}};
  EXPECT_EQ(Play(kStart + 50, kStart + 100, Ok()), "");
  Alert alert;
  alert.id = "a";
  alert.labels = {{"team", "shop"}};
  alerts_["a"] = alert;
  groups_["g"].alerts = {"a"};
  EXPECT_EQ(Play(kStart + 100, kStart + 150, Ok()), "f");
}

TEST_F(DispatchTest, ARestartTellsNothingTwice) {
  EXPECT_EQ(Play(kStart, kStart + 10, Ok()), "f");
  const nlohmann::json saved = dispatcher_.Save();
  dispatcher_ = Dispatcher();
  dispatcher_.Load(saved);
  EXPECT_EQ(Play(kStart + 10, kStart + 100, Ok()), "");
  groups_["g"].resolved_at = kStart + 100;
  EXPECT_EQ(Play(kStart + 100, kStart + 110, Ok()), "R");
}

TEST_F(DispatchTest, WhatComesBackIsNews) {
  EXPECT_EQ(Play(kStart, kStart + 10, Ok()), "f");
  groups_["g"].resolved_at = kStart + 10;
  EXPECT_EQ(Play(kStart + 10, kStart + 20, Ok()), "R");
  Add("g", kStart + 20);
  EXPECT_EQ(Play(kStart + 20, kStart + 40, Ok()), "f");
}

}  // namespace
}  // namespace pano::alert
