// SPDX-License-Identifier: Apache-2.0
// Every kind of route against a receiver that really listens, and receivers that misbehave.
#include "server/alert/receiver/receiver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "base/clock.h"
#include "server/alert/receiver/receiver_for_test.h"
#include "server/alert/receiver/text_template.h"

namespace pano::alert {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "SECtest-secret";  // that of receiver_for_test.py

Message ArticleMessage(MessageKind kind = MessageKind::kFiring) {
  Message message;
  message.kind = kind;
  message.time = WallNs() / 1'000'000'000u;
  message.url = "http://127.0.0.1:8686";
  Group& group = message.group;
  group.id = "bottleneck:productcatalog";
  group.cause = "productcatalog";
  group.fault = "cpu_throttled";
  group.severity = Severity::kCritical;
  group.since = group.opened = message.time - 60;
  if (kind == MessageKind::kResolved) group.resolved_at = message.time;
  group.title = "productcatalog is the bottleneck: CPU throttled";
  group.sentence = "productcatalog <b>holds</b> frontend back & \"more\".";
  group.evidence = {"CPU throttled 92 % of the time"};
  for (int i = 0; i < 30; ++i) {
    group.victims.push_back("frontend → service" + std::to_string(i) + ": latency 9 s, limit 1 s");
  }
  group.labels = {{"severity", "critical"}, {"service", "productcatalog"}, {"team", "shop"}};
  group.first_labels = group.labels;
  return message;
}

class ReceiverTest : public testing::Test {
 protected:
  Route Http(RouteKind kind, const std::string& path) {
    Route route;
    route.id = route.name = "r";
    route.kind = kind;
    route.url = http_.Url(path);
    route.timeout_s = 5;
    return route;
  }
  Outcome Try(const Route& route, MessageKind kind = MessageKind::kFiring) {
    return Judge(route, Send(MakeOutgoing(route, ArticleMessage(kind), WallNs() / 1'000'000)));
  }
  json LastBody() { return json::parse(http_.Taken().back()["body"].get<std::string>()); }

  FolderForTest folder_;
  ReceiverForTest http_{folder_, "http"};
};

TEST_F(ReceiverTest, AWebhookGetsTheDocumentedBodyAndASignature) {
  Route route = Http(RouteKind::kWebhook, "/ok/hook?x=1");
  route.headers = {{"X-Team", "shop"}};
  route.secret = "key";
  const Outcome outcome = Try(route);
  ASSERT_TRUE(outcome.ok) << outcome.error;
  EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(outcome.answer, "taken");
  const json taken = http_.Taken().back();
  EXPECT_EQ(taken["path"], "/ok/hook?x=1");
  EXPECT_EQ(taken["headers"]["x-team"], "shop");
  EXPECT_EQ(taken["headers"]["content-type"], "application/json");
  const auto text = taken["body"].get<std::string>();
  EXPECT_EQ(taken["headers"]["x-panoscope-signature"], "sha256=" + HexOf(HmacSha256("key", text)));
  const json body = json::parse(text);
  EXPECT_EQ(body["status"], "firing");
  EXPECT_EQ(body["cause"], "productcatalog");
  EXPECT_EQ(body["class"], "cpu_throttled");
  EXPECT_EQ(body["victims"].size(), 30u);
  Try(route, MessageKind::kResolved);
  EXPECT_EQ(LastBody()["status"], "resolved");
}

TEST_F(ReceiverTest, AWebhookTemplateStaysJson) {
  Route route = Http(RouteKind::kWebhook, "/ok");
  route.body_template =
      R"({"summary":"{{title}}","text":"{{ sentence }}","who":{{json victims}},"team":"{{labels.team}}"})";
  ASSERT_TRUE(CheckTemplate(route.body_template));
  ASSERT_TRUE(Try(route).ok);
  const json body = LastBody();
  EXPECT_EQ(body["text"], ArticleMessage().group.sentence);
  EXPECT_EQ(body["team"], "shop");
  EXPECT_EQ(body["who"].size(), 30u);
  EXPECT_THAT(CheckTemplate("{{nothing}}").error().text, HasSubstr("character 1"));
  EXPECT_THAT(CheckTemplate("abc {{title").error().text, HasSubstr("character 5"));
}

TEST_F(ReceiverTest, EveryChatServiceTakesItsFormat) {
  for (const RouteKind kind : {RouteKind::kSlack, RouteKind::kTeams, RouteKind::kWecom,
                               RouteKind::kDingtalk, RouteKind::kFeishu}) {
    Route route = Http(kind, "/" + std::string(Name(kind)) + "/token?access_token=t");
    route.secret = kSecret;
    for (const auto state : {MessageKind::kFiring, MessageKind::kResolved, MessageKind::kTest}) {
      const Outcome outcome = Try(route, state);
      EXPECT_TRUE(outcome.ok) << Name(kind) << ": " << outcome.error;
    }
    const std::string sent = http_.Taken().back()["body"];
    EXPECT_THAT(sent, Not(HasSubstr(kSecret)));
  }
}

TEST_F(ReceiverTest, AWrongSignatureIsTheReceiversRefusal) {
  for (const RouteKind kind : {RouteKind::kDingtalk, RouteKind::kFeishu}) {
    Route route = Http(kind, "/" + std::string(Name(kind)));
    route.secret = "wrong";
    const Outcome outcome = Try(route);
    EXPECT_FALSE(outcome.ok);
    EXPECT_TRUE(outcome.permanent);
    EXPECT_THAT(outcome.error, HasSubstr("sign"));
  }
}

TEST_F(ReceiverTest, NamesFromTheWireCannotFormatMessages) {
  Route route = Http(RouteKind::kSlack, "/slack");
  ASSERT_TRUE(Try(route).ok);
  const std::string sent = http_.Taken().back()["body"];
  EXPECT_THAT(sent, HasSubstr("&lt;b&gt;holds&lt;/b&gt;"));
}

TEST_F(ReceiverTest, ErrorsAreToldApart) {
  Outcome outcome = Try(Http(RouteKind::kWebhook, "/500"));
  EXPECT_FALSE(outcome.ok || outcome.permanent);
  EXPECT_EQ(outcome.error, "it answered 500: out of order");
  outcome = Try(Http(RouteKind::kWebhook, "/429"));
  EXPECT_FALSE(outcome.ok || outcome.permanent);
  EXPECT_EQ(outcome.retry_after_s, 7u);
  outcome = Try(Http(RouteKind::kSlack, "/404"));
  EXPECT_TRUE(outcome.permanent);
  outcome = Try(Http(RouteKind::kWebhook, "/redirect"));
  EXPECT_FALSE(outcome.ok) << "a secret is not carried on to where somebody points";
  outcome = Try(Http(RouteKind::kWebhook, "/cut"));
  EXPECT_FALSE(outcome.ok || outcome.permanent);
  EXPECT_FALSE(outcome.error.empty());
  Route slow = Http(RouteKind::kWebhook, "/hang");
  slow.timeout_s = 1;
  outcome = Try(slow);
  EXPECT_FALSE(outcome.ok || outcome.heard);
  EXPECT_THAT(outcome.error, HasSubstr("timed out"));
  Route nobody = Http(RouteKind::kWebhook, "/ok");
  nobody.url = "http://127.0.0.1:1/secret-token";
  outcome = Try(nobody);
  EXPECT_FALSE(outcome.ok || outcome.heard);
  EXPECT_THAT(outcome.error, Not(HasSubstr("secret-token")));
}

TEST_F(ReceiverTest, HttpsIsCheckedAgainstTheAuthorityGiven) {
  const ReceiverForTest https(folder_, "https");
  Route route = Http(RouteKind::kWebhook, "/ok");
  route.url = https.Url("/ok", "https");
  EXPECT_THAT(Try(route).error, HasSubstr("certificate"));
  route.ca_pem = https.ca_pem();
  EXPECT_TRUE(Try(route).ok) << Try(route).error;
  route.ca_pem.clear();
  route.verify_tls = false;
  EXPECT_TRUE(Try(route).ok);
}

Route Mail(const ReceiverForTest& receiver, MailSecurity security) {
  Route route;
  route.id = route.name = "mail";
  route.kind = RouteKind::kEmail;
  route.host = "127.0.0.1";
  route.port = static_cast<uint16_t>(std::stoi(receiver.port()));
  route.security = security;
  route.from = "Panoscope <alerts@example.org>";
  route.to = {"Ops <ops@example.org>", "dev@example.org"};
  route.timeout_s = 10;
  return route;
}

TEST_F(ReceiverTest, MailGoesOutPlainAndReadable) {
  const ReceiverForTest smtp(folder_, "smtp");
  const Outcome outcome = Try(Mail(smtp, MailSecurity::kNone));
  ASSERT_TRUE(outcome.ok) << outcome.error;
  const json mail = smtp.Await(1).at(0);
  EXPECT_EQ(mail["from"], "alerts@example.org");
  EXPECT_EQ(mail["to"], json({"ops@example.org", "dev@example.org"}));
  const std::string body = mail["body"];
  EXPECT_THAT(body, HasSubstr("Subject: =?UTF-8?B?"));
  EXPECT_THAT(body, HasSubstr("\r\n\r\n"));
  for (size_t at = 0, end = 0; (end = body.find("\r\n", at)) != std::string::npos; at = end + 2) {
    EXPECT_LE(end - at, 998u);
  }
}

TEST_F(ReceiverTest, MailGoesOutEncryptedWithCredentials) {
  for (const auto& [kind, security] :
       {std::pair{"starttls", MailSecurity::kStarttls}, std::pair{"smtps", MailSecurity::kTls}}) {
    const ReceiverForTest smtp(folder_, kind);
    for (const MailAuth auth : {MailAuth::kPlain, MailAuth::kLogin, MailAuth::kAuto}) {
      Route route = Mail(smtp, security);
      route.ca_pem = smtp.ca_pem();
      route.username = "panoscope";
      route.password = "mail-password";
      route.auth = auth;
      const Outcome outcome = Try(route);
      ASSERT_TRUE(outcome.ok) << kind << ": " << outcome.error;
    }
    const auto mails = smtp.Await(3);
    ASSERT_EQ(mails.size(), 3u);
    EXPECT_EQ(mails[0]["mechanism"], "PLAIN");
    EXPECT_EQ(mails[1]["mechanism"], "LOGIN");
    Route wrong = Mail(smtp, security);
    wrong.ca_pem = smtp.ca_pem();
    wrong.username = "panoscope";
    wrong.password = "not-this-one";
    const Outcome refused = Try(wrong);
    EXPECT_FALSE(refused.ok);
    EXPECT_THAT(refused.error, Not(HasSubstr("not-this-one")));
  }
}

TEST_F(ReceiverTest, AMailServerWithoutStarttlsGetsNothing) {
  const ReceiverForTest smtp(folder_, "smtp");
  const Outcome outcome = Try(Mail(smtp, MailSecurity::kStarttls));
  EXPECT_FALSE(outcome.ok);
  EXPECT_TRUE(smtp.Taken().empty());
}

TEST_F(ReceiverTest, TheCourierCarriesOthersWhileOneHangs) {
  Courier courier;
  std::promise<Reply> hung;
  std::promise<Reply> quick;
  Route slow = Http(RouteKind::kWebhook, "/hang");
  slow.timeout_s = 2;
  const Route fast = Http(RouteKind::kWebhook, "/ok");
  ASSERT_TRUE(courier.Post(MakeOutgoing(slow, ArticleMessage(), 0),
                           [&hung](Reply reply) { hung.set_value(std::move(reply)); }));
  ASSERT_TRUE(courier.Post(MakeOutgoing(fast, ArticleMessage(), 0),
                           [&quick](Reply reply) { quick.set_value(std::move(reply)); }));
  auto hanging = hung.get_future();
  EXPECT_EQ(quick.get_future().get().status, 200);
  EXPECT_EQ(hanging.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  EXPECT_FALSE(hanging.get().error.empty());
}

TEST_F(ReceiverTest, TheCourierIsBoundedAndEndsWithWorkUnderWay) {
  std::atomic<int> done{0};
  {
    Courier courier;
    const Route slow = Http(RouteKind::kWebhook, "/hang");
    size_t taken = 0;
    for (size_t i = 0; i < kMostAtOnce + 10; ++i) {
      taken +=
          courier.Post(MakeOutgoing(slow, ArticleMessage(), 0), [&done](const Reply&) { ++done; });
    }
    EXPECT_EQ(taken, kMostAtOnce);
  }
  EXPECT_EQ(done, 0);
}

TEST(CutText, NeverCutsACharacterInHalf) {
  EXPECT_EQ(CutText("short", 10), "short");
  EXPECT_EQ(CutText("ääääää", 8), "ää…");
  for (size_t most = 3; most < 40; ++most) {
    const std::string cut = CutText("a→b→c→d→e→f→g→h→i→j", most);
    EXPECT_LE(cut.size(), most);
    EXPECT_NO_THROW((void)json(cut).dump());
  }
}

}  // namespace
}  // namespace pano::alert
