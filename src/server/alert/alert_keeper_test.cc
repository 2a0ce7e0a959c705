// SPDX-License-Identifier: Apache-2.0
// The whole of alerting against receivers that really listen: from a second of the map to the
// message, over restarts, dead receivers and an Alertmanager.
#include "server/alert/alert_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/clock.h"
#include "server/alert/map_for_test.h"
#include "server/alert/receiver/receiver_for_test.h"

namespace pano::alert {
namespace {

using nlohmann::json;
using testing::HasSubstr;

uint64_t Now() { return WallNs() / 1'000'000'000u; }

class AlertKeeperTest : public testing::Test {
 protected:
  void Open() {
    keeper_.reset();
    KeeperOptions options;
    options.folder = folder_.path();
    options.provisioned = provisioned_;
    options.external_url = "http://127.0.0.1:8686";
    auto opened = AlertKeeper::Open(options);
    ASSERT_TRUE(opened) << opened.error().text;
    keeper_ = std::move(*opened);
  }
  json Put(Kept what, const std::string& id, const json& body) {
    auto made = keeper_->Put(what, id, body.dump());
    EXPECT_TRUE(made) << made.error().text;
    return made ? *made : json();
  }
  json Hook(const ReceiverForTest& receiver, const std::string& path, const std::string& id = "") {
    return Put(Kept::kRoutes, id,
               {{"name", "Hook"},
                {"kind", "webhook"},
                {"url", receiver.Url(path)},
                {"group_wait_s", 0},
                {"timeout_s", 1}});
  }
  // Seconds of the map on their way; rules without waiting fire on the first.
  void Seconds(const std::function<Observation(uint64_t)>& second, int count) {
    for (int i = 0; i < count; ++i) keeper_->Tick(second(time_++));
    Await([this] { return keeper_->Now()["time"] == time_ - 1; });
  }
  static bool Await(const std::function<bool()>& done) {
    for (int i = 0; i < 1000; ++i) {
      if (done()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return done();
  }
  json Entries(const std::string& kind) {
    HistoryQuery query;
    query.kind = kind;
    return keeper_->History(query)->at("entries");
  }
  void Quick(const std::string& rule) {
    json body = *keeper_->Find(Kept::kRules, rule);
    body["for_s"] = 0;
    body["clear_s"] = 2;
    Put(Kept::kRules, rule, body);
  }

  FolderForTest folder_;
  std::string provisioned_;
  uint64_t time_ = Now() - 60;
  std::unique_ptr<AlertKeeper> keeper_;
};

Observation Quiet(uint64_t time) { return ArticleSecond(time, "", 0.001); }

TEST_F(AlertKeeperTest, NothingFiresUntilThereIsARoute) {
  Open();
  Seconds([](uint64_t t) { return ArticleSecond(t); }, 12);
  Seconds([](uint64_t t) { return ArticleSecond(t); }, 12);
  const json now = keeper_->Now();
  EXPECT_EQ(now["on"], false);
  EXPECT_EQ(now["why_off"], "no route is enabled");
  EXPECT_TRUE(now["alerts"].empty());
}

TEST_F(AlertKeeperTest, NineRedEdgesAreOneMessageAndItsEndAnother) {
  Open();
  const ReceiverForTest http(folder_, "http");
  Hook(http, "/ok");
  for (const char* rule : {"bottleneck", "over-limit"}) Quick(rule);
  Seconds([](uint64_t t) { return ArticleSecond(t); }, 10);
  auto taken = http.Await(1);
  ASSERT_EQ(taken.size(), 1u);
  Seconds([](uint64_t t) { return ArticleSecond(t); }, 10);
  const json body = json::parse(taken[0]["body"].get<std::string>());
  EXPECT_EQ(body["cause"], "productcatalog");
  EXPECT_EQ(body["alerts"].size(), 10u);
  EXPECT_EQ(body["alerts"][0]["role"], "cause");
  EXPECT_THAT(body["title"].get<std::string>(), HasSubstr("productcatalog is the bottleneck"));
  Seconds(Quiet, 4);
  taken = http.Await(2);
  ASSERT_EQ(taken.size(), 2u) << "one when it began, one when it was over";
  EXPECT_EQ(json::parse(taken[1]["body"].get<std::string>())["status"], "resolved");
  EXPECT_TRUE(Await([this] { return Entries("message").size() == 2; }));
  EXPECT_EQ(Entries("alert").size(), 20u);
}

TEST_F(AlertKeeperTest, ADeadReceiverIsShownAndHoldsNothing) {
  Open();
  const ReceiverForTest http(folder_, "http");
  Hook(http, "/hang", "dead");
  Hook(http, "/ok", "alive");
  Quick("bottleneck");
  Seconds([](uint64_t t) { return ArticleSecond(t); }, 3);
  const auto health = [this](const char* id) {
    return (*keeper_->Find(Kept::kRoutes, id))["health"];
  };
  EXPECT_TRUE(Await([&] { return health("alive")["state"] == "ok"; }));
  EXPECT_TRUE(Await([&] { return health("dead")["state"] == "failing"; }));
  EXPECT_THAT(health("dead")["last_error"].get<std::string>(), HasSubstr("timed out"));
  Seconds([](uint64_t t) { return ArticleSecond(t); }, 5);
  EXPECT_EQ(keeper_->Counts().unwatched, 0u);
}

TEST_F(AlertKeeperTest, ARestartRemembersAndTellsNothingTwice) {
  Open();
  const ReceiverForTest http(folder_, "http");
  Hook(http, "/ok");
  Quick("bottleneck");
  Seconds([](uint64_t t) { return ArticleSecond(t); }, 3);
  ASSERT_EQ(http.Await(1).size(), 1u);
  EXPECT_TRUE(Await([this] { return Entries("message").size() == 1; }));
  const size_t firing = keeper_->Now()["counts"]["firing"];
  Open();
  EXPECT_EQ(keeper_->Now()["counts"]["firing"], firing);
  Seconds([](uint64_t t) { return ArticleSecond(t); }, 3);
  Seconds(Quiet, 4);
  const auto taken = http.Await(2);
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(json::parse(taken[1]["body"].get<std::string>())["status"], "resolved");
}

TEST_F(AlertKeeperTest, TheTestButtonSaysWhatTheReceiverSaid) {
  Open();
  const ReceiverForTest http(folder_, "http");
  Hook(http, "/ok", "good");
  Hook(http, "/500", "bad");
  const auto good = keeper_->Test("good");
  EXPECT_EQ((*good)["ok"], true);
  EXPECT_EQ((*good)["status"], 200);
  EXPECT_EQ((*good)["answer"], "taken");
  const auto bad = keeper_->Test("bad");
  EXPECT_EQ((*bad)["ok"], false);
  EXPECT_EQ((*bad)["status"], 500);
  EXPECT_EQ((*bad)["answer"], "out of order");
  EXPECT_EQ(keeper_->Test("none").error().code, Code::kNotFound);
  EXPECT_EQ(json::parse(http.Taken()[0]["body"].get<std::string>())["status"], "test");
}

TEST_F(AlertKeeperTest, ASilenceHoldsTheMessageBackAndEndsItWhenItIsDeleted) {
  Open();
  const ReceiverForTest http(folder_, "http");
  Hook(http, "/ok");
  Quick("bottleneck");
  const json silence =
      Put(Kept::kSilences, "",
          {{"for_s", 3600},
           {"comment", "known"},
           {"starts_at", time_ - 1},
           {"matchers", json::array({{{"label", "service"}, {"value", "productcatalog"}}})}});
  Seconds([](uint64_t t) { return ArticleSecond(t); }, 5);
  EXPECT_EQ(keeper_->Now()["counts"]["silenced"], 1);
  EXPECT_TRUE(http.Taken().empty());
  ASSERT_TRUE(keeper_->Remove(Kept::kSilences, silence["id"]));
  time_ = Now() + 1;  // it ended now
  Seconds([](uint64_t t) { return ArticleSecond(t); }, 2);
  EXPECT_EQ(http.Await(1).size(), 1u);
}

TEST_F(AlertKeeperTest, FilesAreReadAgainWhenTheyChange) {
  provisioned_ = folder_.File("alerts.yaml");
  std::ofstream(provisioned_) << "rules:\n- {id: a, name: A, condition: {type: store}}\n";
  Open();
  EXPECT_TRUE(keeper_->Find(Kept::kRules, "a"));
  EXPECT_EQ(
      keeper_->Put(Kept::kRules, "a", R"({"name":"x","condition":{"type":"store"}})").error().code,
      Code::kDenied);
  std::ofstream(provisioned_) << "rules:\n- {id: b, name: B, condition: {type: store}}\n# more\n";
  EXPECT_TRUE(Await([this] { return keeper_->Find(Kept::kRules, "b").has_value(); }));
  std::ofstream(provisioned_) << "rules: oops\n";
  EXPECT_TRUE(Await([this] { return !keeper_->Alarms().empty(); }));
  EXPECT_TRUE(keeper_->Find(Kept::kRules, "b")) << "what was known stays";
}

TEST_F(AlertKeeperTest, ADamagedHistoryIsSetAside) {
  std::ofstream(folder_.File("alerts.sqlite")) << std::string(8192, 'x');
  Open();
  EXPECT_FALSE(keeper_->Alarms().empty());
  EXPECT_TRUE(Entries("").empty());
  EXPECT_TRUE(std::filesystem::exists(folder_.File("alerts.sqlite.damaged")));
}

TEST_F(AlertKeeperTest, BuiltinRulesChangeAndGoBack) {
  Open();
  Quick("bottleneck");
  EXPECT_EQ((*keeper_->Find(Kept::kRules, "bottleneck"))["origin"], "changed");
  EXPECT_EQ((*keeper_->Remove(Kept::kRules, "bottleneck"))["reset"], "bottleneck");
  EXPECT_EQ((*keeper_->Find(Kept::kRules, "bottleneck"))["for_s"], 10);
  EXPECT_EQ(keeper_->Remove(Kept::kRules, "none").error().code, Code::kNotFound);
}

// A real Alertmanager: it takes what we send and shows it as we meant it.
TEST_F(AlertKeeperTest, AnAlertmanagerShowsTheCauseAndForgetsItWhenItIsOver) {
  const std::string binary = "/usr/bin/prometheus-alertmanager";
  ASSERT_TRUE(std::filesystem::exists(binary)) << "apt-get install prometheus-alertmanager";
  std::ofstream(folder_.File("am.yml")) << "route: {receiver: none}\nreceivers: [{name: none}]\n";
  // It does not tell the port it chose: take a free one of the kernel's.
  std::string port;
  {
    const ReceiverForTest before(folder_, "http");
    port = before.port();
  }
  const ChildForTest alertmanager(
      {binary, "--config.file=" + folder_.File("am.yml"), "--storage.path=" + folder_.File("am"),
       "--cluster.listen-address=", "--web.listen-address=127.0.0.1:" + port});
  Open();
  Put(Kept::kRoutes, "am",
      {{"name", "AM"},
       {"kind", "alertmanager"},
       {"url", "http://127.0.0.1:" + port},
       {"group_wait_s", 0}});
  Quick("bottleneck");
  ASSERT_TRUE(Await([this] { return keeper_->Test("am")->at("ok") == true; }));
  Seconds([](uint64_t t) { return ArticleSecond(t); }, 3);
  const auto shown = [&] {
    const std::string out = folder_.File("alerts.txt");
    const std::string ask = "curl -s --noproxy '*' 'http://127.0.0.1:" + port +
                            "/api/v2/alerts?filter=alertname=Panoscope' > " + out;
    if (std::system(ask.c_str()) != 0) return json();
    json list = json::parse(folder_.Text("alerts.txt"), nullptr, false);
    return list.is_array() ? list : json();
  };
  ASSERT_TRUE(Await([&] { return shown().size() == 1; }));
  const json alert = shown()[0];
  EXPECT_EQ(alert["labels"]["service"], "productcatalog");
  EXPECT_THAT(alert["annotations"]["summary"].get<std::string>(), HasSubstr("bottleneck"));
  EXPECT_EQ(alert["generatorURL"], "http://127.0.0.1:8686");
  Seconds(Quiet, 4);
  EXPECT_TRUE(Await([&] { return shown().empty() && shown().is_array(); }));
}

}  // namespace
}  // namespace pano::alert
