// SPDX-License-Identifier: Apache-2.0
#include "server/alert/entry_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "server/alert/entry_file.h"
#include "server/alert/receiver/receiver_for_test.h"

namespace pano::alert {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr uint64_t kNow = 1'700'000'000;

std::string RuleError(const char* text) {
  const auto rule = RuleFromJson(json::parse(text), "");
  return rule ? "" : rule.error().text;
}

TEST(EntryJson, RulesComeBackAsTheyWere) {
  for (const Rule& rule : BuiltinRules()) {
    auto back = RuleFromJson(RuleJson(rule), rule.id);
    ASSERT_TRUE(back) << back.error().text;
    back->origin = rule.origin;
    EXPECT_EQ(*back, rule) << rule.id;
  }
}

TEST(EntryJson, ABadRuleNamesThePlace) {
  EXPECT_THAT(RuleError("{}"), StartsWith("name: "));
  EXPECT_THAT(RuleError(R"({"name":"x"})"), StartsWith("condition: "));
  EXPECT_THAT(RuleError(R"({"name":"x","condition":{"type":"nope"}})"),
              StartsWith("condition.type: one of over_limit"));
  EXPECT_THAT(RuleError(R"({"name":"x","condition":{"type":"threshold","metric":"latency"}})"),
              StartsWith("condition.value: "));
  EXPECT_THAT(RuleError(R"({"name":"x","for_s":-1,"condition":{"type":"store"}})"),
              StartsWith("for_s: "));
  EXPECT_THAT(RuleError(R"({"name":"x","for_s":1.5,"condition":{"type":"store"}})"),
              StartsWith("for_s: "));
  EXPECT_THAT(RuleError(R"({"name":"x","for_s":"10s","condition":{"type":"store"}})"),
              StartsWith("for_s: "));
  EXPECT_THAT(RuleError(R"({"name":"x","severity":"bad","condition":{"type":"store"}})"),
              StartsWith("severity: one of info"));
  EXPECT_THAT(RuleError(R"({"name":"x","condition":{"type":"store","count":1}})"),
              StartsWith("condition.count: "));
  EXPECT_THAT(RuleError(R"({"name":"x","condition":{"type":"event","kinds":["x"]}})"),
              StartsWith("condition.kinds[0]: "));
  EXPECT_EQ(RuleError(R"({"name":"x","condition":{"type":"over_limit","metric":"later"}})"), "");
}

constexpr const char* kDingtalk =
    R"({"name":"Ops","kind":"dingtalk","url":"https://oapi.example.com/robot/send?access_token=T0KEN","secret":"SECRET"})";

TEST(EntryJson, SecretsNeverComeBack) {
  const auto route = RouteFromJson(json::parse(kDingtalk), "", nullptr);
  ASSERT_TRUE(route) << route.error().text;
  EXPECT_EQ(route->id, "ops");
  const std::string shown = PublicRouteJson(*route).dump();
  EXPECT_THAT(shown, Not(HasSubstr("T0KEN")));
  EXPECT_THAT(shown, Not(HasSubstr("SECRET")));
  EXPECT_THAT(shown, HasSubstr("https://oapi.example.com/…"));
  EXPECT_EQ(PublicRouteJson(*route)["secrets_set"], json({"url", "secret"}));
}

TEST(EntryJson, SecretsLeftOutStayUnlessTheHostChanges) {
  const auto old = RouteFromJson(json::parse(kDingtalk), "", nullptr);
  json body = PublicRouteJson(*old);
  auto kept = RouteFromJson(body, "ops", &*old);
  ASSERT_TRUE(kept) << kept.error().text;
  EXPECT_EQ(kept->url, old->url);
  EXPECT_EQ(kept->secret, "SECRET");
  body["secret"] = "";
  EXPECT_EQ(RouteFromJson(body, "ops", &*old)->secret, "");
  body.erase("secret");
  body["url"] = "https://elsewhere.example.com/";
  EXPECT_EQ(RouteFromJson(body, "ops", &*old)->secret, "") << "it was given for another host";
  Route mail;
  mail.kind = RouteKind::kEmail;
  mail.host = "smtp.example.com";
  mail.password = "PASSWORD";
  const json moved = {{"name", "m"},
                      {"kind", "email"},
                      {"host", "evil.example.com"},
                      {"from", "a@b"},
                      {"to", {"c@d"}}};
  EXPECT_EQ(RouteFromJson(moved, "m", &mail)->password, "");
}

TEST(EntryJson, ABadRouteNamesThePlace) {
  const auto error = [](const char* text) {
    const auto route = RouteFromJson(json::parse(text), "", nullptr);
    return route ? std::string() : route.error().text;
  };
  EXPECT_THAT(error(R"({"name":"x"})"), StartsWith("kind: "));
  EXPECT_THAT(error(R"({"name":"x","kind":"pager"})"), StartsWith("kind: one of webhook"));
  EXPECT_THAT(error(R"({"name":"x","kind":"slack"})"), StartsWith("url: "));
  EXPECT_THAT(error(R"({"name":"x","kind":"slack","url":"ftp://a/b"})"), StartsWith("url: "));
  EXPECT_THAT(error(R"({"name":"x","kind":"slack","url":"https://"})"), StartsWith("url: "));
  EXPECT_THAT(error(R"({"name":"x","kind":"webhook","url":"http://a","template":"{{no}}"})"),
              StartsWith("template: character 1"));
  EXPECT_THAT(
      error(R"({"name":"x","kind":"webhook","url":"http://a","headers":{"A":"b\r\nC: d"}})"),
      StartsWith("headers"));
  EXPECT_THAT(error(R"({"name":"x","kind":"email","host":"h","from":"a@b","to":["x\r\n@y"]})"),
              StartsWith("to[0]: "));
  EXPECT_THAT(error(R"({"name":"x","kind":"email","host":"h","from":"a@b","to":[]})"),
              StartsWith("to: "));
  EXPECT_THAT(
      error(R"({"name":"x","kind":"slack","url":"http://a","matchers":[{"label":"s","op":"=="}]})"),
      StartsWith("matchers[0].op: "));
  EXPECT_THAT(error(R"({"name":"x","kind":"slack","url":"http://a","repeat_s":5})"),
              StartsWith("repeat_s: "));
}

TEST(EntryJson, ABadSilenceNamesThePlace) {
  const auto error = [](const char* text) {
    const auto silence = SilenceFromJson(json::parse(text), "", kNow);
    return silence ? std::string() : silence.error().text;
  };
  const std::string matchers = R"("matchers":[{"label":"service","value":"cart"}],"comment":"c")";
  EXPECT_EQ(error(("{" + matchers + R"(,"for_s":60})").c_str()), "");
  EXPECT_THAT(error(("{" + matchers + "}").c_str()), StartsWith("ends_at: "));
  EXPECT_THAT(error(("{" + matchers + R"(,"ends_at":5})").c_str()), StartsWith("ends_at: "));
  EXPECT_THAT(error(("{" + matchers + R"(,"ends_at":1700000000000})").c_str()),
              StartsWith("ends_at: "));
  EXPECT_THAT(error(("{" + matchers + R"(,"ends_at":"tomorrow"})").c_str()),
              StartsWith("ends_at: "));
  EXPECT_THAT(error(R"({"for_s":60,"comment":"c"})"), StartsWith("matchers: "));
  EXPECT_THAT(error(R"({"for_s":60,"kind":"maintenance"})"), StartsWith("comment: "));
  EXPECT_EQ(error(R"({"for_s":60,"kind":"maintenance","comment":"c"})"), "");
  EXPECT_THAT(error(R"({"for_s":90000,"kind":"maintenance","comment":"c","every":"day"})"),
              StartsWith("ends_at: "));
}

TEST(Silence, ComesAgainEveryDay) {
  Silence silence;
  silence.every = Every::kDay;
  silence.starts_at = kNow;
  silence.ends_at = kNow + 3600;
  EXPECT_EQ(StateOf(silence, kNow - 1), SilenceState::kWaiting);
  EXPECT_EQ(StateOf(silence, kNow + 10), SilenceState::kActive);
  EXPECT_EQ(StateOf(silence, kNow + 3600), SilenceState::kWaiting);
  EXPECT_EQ(StateOf(silence, kNow + uint64_t{5} * 86'400 + 10), SilenceState::kActive);
}

TEST(EntryFile, IsForItsOwnerOnlyAndComesBack) {
  const FolderForTest folder;
  Entries entries;
  entries.rules = {BuiltinRules()[0]};
  entries.routes = {*RouteFromJson(json::parse(kDingtalk), "", nullptr)};
  ASSERT_TRUE(SaveEntries(folder.File("alerts.json"), entries));
  struct stat found{};
  ASSERT_EQ(stat(folder.File("alerts.json").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
  const auto back = LoadEntries(folder.File("alerts.json"), kNow);
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ(back->routes, entries.routes);
  EXPECT_EQ(LoadEntries(folder.File("none"), kNow).error().code, Code::kNotFound);
}

TEST(EntryFile, ReadsYamlAndNamesThePlaceOfWhatIsWrong) {
  const FolderForTest folder;
  const auto load = [&folder](const std::string& text) {
    std::ofstream(folder.File("a.yaml")) << text;
    return LoadProvisioned(folder.File("a.yaml"), kNow);
  };
  const auto good = load(
      "rules:\n- id: slow\n  name: Slow\n  severity: critical\n  for_s: 20\n"
      "  condition: {type: threshold, metric: latency_p99, op: '>', value: 500000}\n"
      "routes:\n- name: Hook\n  kind: webhook\n  url: http://127.0.0.1:9/x\n");
  ASSERT_TRUE(good) << good.error().text;
  EXPECT_EQ(good->rules.at(0).condition.value, 500000);
  EXPECT_EQ(good->routes.at(0).id, "hook");
  EXPECT_EQ(good->routes.at(0).origin, Origin::kFile);
  EXPECT_THAT(load("rules: [").error().text, HasSubstr("a.yaml:"));
  EXPECT_THAT(load("rules:\n- name: x\n").error().text, HasSubstr("rules[0].condition: is needed"));
  EXPECT_THAT(load("rulez: []\n").error().text, HasSubstr("rulez: is not known"));
}

}  // namespace
}  // namespace pano::alert
