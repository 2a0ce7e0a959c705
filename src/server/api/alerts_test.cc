// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "server/api/routes.h"

namespace pano::api {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class AlertsTest : public testing::Test {
 protected:
  AlertsTest() : alerts_(std::move(*alert::AlertKeeper::Open(alert::KeeperOptions()))) {
    context_.alerts = alerts_.get();
  }
  // The answer's body; `status_` keeps its status.
  json Ask(const char* method, const std::string& target, const json& body = {}) {
    const auto parsed = ParseTarget(target);
    Request request;
    request.method = method;
    request.path = parsed->path;
    request.query = parsed->query;
    if (!body.is_null()) request.body = body.dump();
    bool known = false;
    const Route* route = FindRoute(request, known);
    if (route == nullptr) {
      status_ = known ? 405 : 404;
      return {};
    }
    const Response response = route->answer(context_, request);
    status_ = response.status;
    text_ = response.body;
    return json::parse(response.body);
  }
  std::string Message(const json& answer) { return answer["error"]["message"]; }

  Context context_;
  std::unique_ptr<alert::AlertKeeper> alerts_;
  unsigned status_ = 0;
  std::string text_;
};

TEST_F(AlertsTest, RulesAreListedMadeChangedAndRemoved) {
  EXPECT_GE(Ask("GET", "/api/v1/alerts/rules")["rules"].size(), 9u);
  const json body = {{"name", "Own rule!"}, {"condition", {{"type", "edges_over"}, {"count", 3}}}};
  json rule = Ask("POST", "/api/v1/alerts/rules", body);
  EXPECT_EQ(status_, 201u);
  EXPECT_EQ(rule["id"], "own-rule");
  EXPECT_EQ(rule["origin"], "user");
  EXPECT_EQ(Ask("POST", "/api/v1/alerts/rules", body)["id"], "own-rule-2");
  rule["for_s"] = 99;
  EXPECT_EQ(Ask("PUT", "/api/v1/alerts/rules/own-rule", rule)["for_s"], 99) << text_;
  EXPECT_EQ(Ask("GET", "/api/v1/alerts/rules/own-rule")["for_s"], 99);
  EXPECT_EQ(Ask("DELETE", "/api/v1/alerts/rules/own-rule")["deleted"], "own-rule");
  Ask("GET", "/api/v1/alerts/rules/own-rule");
  EXPECT_EQ(status_, 404u);
  Ask("PATCH", "/api/v1/alerts/rules/own-rule");
  EXPECT_EQ(status_, 405u);
  Ask("GET", "/api/v1/alerts/rules/No%20Id");
  EXPECT_EQ(status_, 404u);
}

TEST_F(AlertsTest, ABadBodyNamesThePlace) {
  const json answer = Ask("POST", "/api/v1/alerts/silences",
                          {{"comment", "c"}, {"for_s", 60}, {"matchers", json::array({1})}});
  EXPECT_EQ(status_, 400u);
  EXPECT_THAT(Message(answer), StartsWith("matchers[0]: "));
  EXPECT_THAT(Message(Ask("POST", "/api/v1/alerts/routes", json("text"))), HasSubstr("object"));
  EXPECT_THAT(Message(Ask("GET", "/api/v1/alerts/history?kind=x")), StartsWith("kind: "));
  EXPECT_THAT(Message(Ask("GET", "/api/v1/alerts/history?from=-1")), StartsWith("from: "));
}

TEST_F(AlertsTest, SecretsDoNotComeBackOverAnyRequest) {
  Ask("POST", "/api/v1/alerts/routes",
      {{"name", "Ops"}, {"kind", "slack"}, {"url", "http://127.0.0.1:1/services/T0KEN"}});
  ASSERT_EQ(status_, 201u) << text_;
  EXPECT_THAT(text_, Not(HasSubstr("T0KEN")));
  const json listed = Ask("GET", "/api/v1/alerts/routes")["routes"][0];
  EXPECT_THAT(text_, Not(HasSubstr("T0KEN")));
  EXPECT_EQ(listed["secrets_set"], json({"url"}));
  EXPECT_EQ(Ask("PUT", "/api/v1/alerts/routes/ops", listed)["secrets_set"], json({"url"})) << text_;
  const json tested = Ask("POST", "/api/v1/alerts/routes/ops/test", json::object());
  EXPECT_EQ(status_, 200u);
  EXPECT_EQ(tested["ok"], false);
  EXPECT_THAT(text_, Not(HasSubstr("T0KEN")));
  Ask("GET", "/api/v1/alerts/history");
  EXPECT_THAT(text_, Not(HasSubstr("T0KEN")));
  EXPECT_THAT(text_, HasSubstr("\"state\":\"test\""));
}

TEST_F(AlertsTest, SilencesEndWhenDeleted) {
  const json silence = Ask("POST", "/api/v1/alerts/silences",
                           {{"kind", "maintenance"}, {"for_s", 600}, {"comment", "deploy"}});
  ASSERT_EQ(status_, 201u) << text_;
  EXPECT_EQ(silence["state"], "active");
  const std::string id = silence["id"];
  Ask("DELETE", "/api/v1/alerts/silences/" + id);
  EXPECT_EQ(Ask("GET", "/api/v1/alerts/silences/" + id)["state"], "ended");
}

TEST_F(AlertsTest, NowSaysWhyNothingFires) {
  const json now = Ask("GET", "/api/v1/alerts");
  EXPECT_EQ(now["on"], false);
  EXPECT_EQ(now["why_off"], "no route is enabled");
  context_.alerts = nullptr;
  Ask("GET", "/api/v1/alerts");
  EXPECT_EQ(status_, 503u);
}

}  // namespace
}  // namespace pano::api
