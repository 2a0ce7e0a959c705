// SPDX-License-Identifier: Apache-2.0
#include "cli/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "cli/limit_words.h"

namespace pano::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest()
      : path_(std::filesystem::temp_directory_path() / fmt::format("pano_{}.yaml", ::getpid())) {}
  ~SettingsTest() override { std::filesystem::remove(path_); }

  void File(const std::string& text) { std::ofstream(path_) << text; }
  // As `panoscope up --config FILE FLAGS...` would have it.
  Result<Effective> Up(std::vector<std::string> arguments = {}) {
    CLI::App app("test");
    const auto flags = SettingsFlags::AddTo(app);
    arguments.insert(arguments.begin(), {"--config", path_});
    std::ranges::reverse(arguments);  // as CLI11 takes them
    try {
      app.parse(arguments);
    } catch (const CLI::ParseError& error) {
      return Fail(Code::kInvalid, "{}", error.what());
    }
    return flags->Resolve();
  }
  std::string ErrorOf(const std::string& text) {
    File(text);
    const auto effective = Up();
    return effective ? "no error" : effective.error().text;
  }

  const std::string path_;
};

TEST_F(SettingsTest, AFlagWinsOverTheFileAndTheFileOverTheDefault) {
  File("listen: 127.0.0.1:9000\ntimeout: 2.5\nstore: no\nretention-1s: 2\n");
  const auto effective = Up({"--listen", "127.0.0.1:9001", "--shards", "3"});
  ASSERT_TRUE(effective) << effective.error().ToString();
  EXPECT_EQ(effective->settings.listen, "127.0.0.1:9001");
  EXPECT_EQ(effective->settings.timeout, 2.5);
  EXPECT_FALSE(effective->settings.store);
  EXPECT_EQ(effective->settings.retention_1s, 2u);
  EXPECT_EQ(effective->settings.shards, 3u);
  EXPECT_EQ(effective->settings.tier, "auto");
  EXPECT_EQ(effective->from.at("timeout"), path_ + ":2");
  EXPECT_EQ(effective->from.at("listen"), "flag or environment");
  EXPECT_FALSE(effective->from.contains("tier"));
}

TEST_F(SettingsTest, TheEnvironmentStandsBetweenFlagAndFile) {
  File("data: /from/file\nlisten: 127.0.0.1:1\n");
  ::setenv("PANOSCOPE_DATA", "/from/environment", 1);
  ::setenv("PANOSCOPE_LISTEN", "127.0.0.1:2", 1);
  const auto effective = Up({"--listen", "127.0.0.1:3"});
  ::unsetenv("PANOSCOPE_DATA");
  ::unsetenv("PANOSCOPE_LISTEN");
  ASSERT_TRUE(effective) << effective.error().ToString();
  EXPECT_EQ(effective->settings.data, "/from/environment");
  EXPECT_EQ(effective->settings.listen, "127.0.0.1:3");
}

TEST_F(SettingsTest, LimitsAndNamesAddUp) {
  File(
      "name:\n  node: frontend\nlimit:\n  latency: 500ms\n  cart.latency: 0.2s\n"
      "  web -> cart.errors: off\n  recommendation.py.traffic: 20MB\n");
  const auto effective =
      Up({"--limit", "cart.latency=300ms", "--limit=errors=0.5", "--name", "java=ad"});
  ASSERT_TRUE(effective) << effective.error().ToString();
  EXPECT_EQ(effective->settings.name,
            (std::map<std::string, std::string>{{"java", "ad"}, {"node", "frontend"}}));
  const auto& limits = effective->settings.limit;
  ASSERT_EQ(limits.size(), 5u);
  EXPECT_EQ(LimitWhere(limits[0]), "latency");
  EXPECT_EQ(limits[0].limit, 500'000);
  EXPECT_EQ(limits[1].client, "web");
  EXPECT_EQ(limits[1].server, "cart");
  EXPECT_EQ(limits[1].limit, std::nullopt);
  EXPECT_EQ(limits[2].service, "recommendation.py");
  EXPECT_EQ(limits[2].limit, 20e6);
  EXPECT_EQ(limits[3].service, "cart");
  EXPECT_EQ(limits[3].limit, 300'000) << "the flag took the place of the file's";
  EXPECT_EQ(limits[4].limit, 0.5);
}

TEST_F(SettingsTest, WhatIsWrongInTheFileIsSaidWithItsLine) {
  EXPECT_EQ(ErrorOf("data: /x\nlisten_on: 1\n"), path_ + ":2: there is no key 'listen_on'");
  EXPECT_EQ(ErrorOf("tier: auto\n\ntier: none\n"), path_ + ":3: 'tier' stands here twice");
  EXPECT_EQ(ErrorOf("timeout: soon\n"), path_ + ":1: timeout: 'soon' is not a number");
  EXPECT_THAT(ErrorOf("timeout: 0\n"), HasSubstr(":1: timeout: 0 is not between 0.1 and 3600"));
  EXPECT_EQ(ErrorOf("a: 1\n"), path_ + ":1: there is no key 'a'");
  EXPECT_THAT(ErrorOf("store: maybe\n"), HasSubstr(":1: store: 'maybe' is neither true nor false"));
  EXPECT_THAT(ErrorOf("shards: 1.5\n"), HasSubstr("'1.5' is not a whole number"));
  EXPECT_THAT(ErrorOf("limit:\n  latency: 5\n"), StartsWith(path_ + ":2: limit: '5' is no limit"));
  EXPECT_THAT(ErrorOf("limit:\n  cart.speed: 1s\n"), HasSubstr(":2: limit: 'cart.speed' does not"));
  EXPECT_THAT(ErrorOf("limit: 5\n"), HasSubstr(":1: limit: entries"));
  EXPECT_THAT(ErrorOf("listen: [1, 2]\n"), HasSubstr(":1: listen: one value"));
  EXPECT_THAT(ErrorOf("- listen\n"), HasSubstr(":1: lines of the form"));
  EXPECT_THAT(ErrorOf("data: /x\nlisten: a: b\n"), StartsWith(path_ + ":2: "));
  EXPECT_THAT(ErrorOf("a: &x [*x]\n"), StartsWith(path_ + ":1: "));
  std::filesystem::remove(path_);
  EXPECT_THAT(Up().error().text, HasSubstr("cannot be read"));
}

TEST_F(SettingsTest, AnEmptyFileAndEmptyKeysLeaveTheDefaults) {
  for (const char* text : {"", "# nothing\n", "listen:\nlimit:\nname: {}\n"}) {
    File(text);
    const auto effective = Up();
    ASSERT_TRUE(effective) << effective.error().ToString();
    EXPECT_EQ(effective->settings.listen, Settings{}.listen);
    EXPECT_TRUE(effective->settings.limit.empty());
  }
}

TEST_F(SettingsTest, WrongFlagsAreRefused) {
  File("");
  for (const std::vector<std::string>& flags :
       std::vector<std::vector<std::string>>{{"--timeout", "x"},
                                             {"--limit", "latency"},
                                             {"--limit", "latency=-1s"},
                                             {"--limit", ".latency=1s"},
                                             {"--limit", "a->.latency=1s"},
                                             {"--name", "x="},
                                             {"--listen", "a", "--listen", "b"},
                                             {"--no-such-flag"}}) {
    EXPECT_FALSE(Up(flags)) << flags.back();
  }
}

TEST_F(SettingsTest, WhatIsPrintedIsAFileThatGivesTheSame) {
  File("token: s3cret\n");
  const auto given = Up({"--data", "/a folder: with #signs \"quoted\"", "--no-store", "--timeout",
                         "0.25", "--limit", "web->cart.latency=1.5s", "--limit", "traffic=2kB",
                         "--limit", "errors=off", "--name", "- x=y z", "--ui-dir", ""});
  ASSERT_TRUE(given) << given.error().ToString();
  const std::string yaml = ToYaml(*given);
  EXPECT_EQ(yaml.find("s3cret"), std::string::npos) << "secrets are not printed";
  File(yaml);
  const auto again = Up();
  ASSERT_TRUE(again) << again.error().ToString() << "\n" << yaml;
  for (const Setting& setting : AllSettings()) {
    if (setting.secret) continue;
    EXPECT_EQ(TextsOf(again->settings, setting), TextsOf(given->settings, setting)) << setting.key;
    EXPECT_THAT(yaml, HasSubstr(fmt::format("# Flag --{}", setting.key)));
  }
}

TEST(LimitWords, ComeBackAsTheyWere) {
  for (const auto& [where, value] :
       std::vector<std::pair<std::string, std::string>>{{"latency", "200ms"},
                                                        {"latency", "1.5s"},
                                                        {"cart.connect_latency", "250us"},
                                                        {"a->b.errors", "0"},
                                                        {"a.request_rate", "1500"},
                                                        {"traffic", "20MB"},
                                                        {"traffic", "off"}}) {
    const auto limit = ParseLimit(where, value);
    ASSERT_TRUE(limit) << limit.error().ToString();
    EXPECT_EQ(LimitWhere(*limit), where);
    EXPECT_EQ(LimitValue(*limit), value);
  }
}

}  // namespace
}  // namespace pano::cli
