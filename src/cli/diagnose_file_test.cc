// SPDX-License-Identifier: Apache-2.0
// Files as people write them, answers as they read them: testdata/diagnose/NAME.json -> NAME.txt.
// After an intended change: PANO_WRITE_GOLDEN=1, and look at what changed.
#include "cli/diagnose_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/command.h"

namespace pano::cli {
namespace {

const std::string kFolder = std::string(PANO_SOURCE_DIR) + "/testdata/diagnose/";

struct Ran {
  int code = 0;
  std::string out;
  std::string error;
};

Ran Diagnose(const std::string& path, bool as_json) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Ran ran;
  ran.code = DiagnoseFile(path, as_json);
  ran.out = testing::internal::GetCapturedStdout();
  ran.error = testing::internal::GetCapturedStderr();
  return ran;
}

void ExpectGolden(const std::string& name, int code) {
  const Ran ran = Diagnose(kFolder + name + ".json", false);
  EXPECT_EQ(ran.code, code);
  EXPECT_EQ(ran.error, "");
  if (std::getenv("PANO_WRITE_GOLDEN")) std::ofstream(kFolder + name + ".txt") << ran.out;
  std::ifstream in(kFolder + name + ".txt");
  std::stringstream expected;
  expected << in.rdbuf();
  EXPECT_EQ(ran.out, expected.str());
}

TEST(DiagnoseFile, NamesASlowCallee) { ExpectGolden("slow_callee", kExitOverLimit); }
TEST(DiagnoseFile, NamesWhoRefusesFromEdgesAlone) {
  ExpectGolden("refused_by_edges", kExitOverLimit);
}
TEST(DiagnoseFile, HealthIsExitCode0) { ExpectGolden("healthy", kExitOk); }

TEST(DiagnoseFile, JsonHasTheDocumentedFields) {
  const Ran ran = Diagnose(kFolder + "slow_callee.json", true);
  const auto answer = nlohmann::json::parse(ran.out);
  EXPECT_TRUE(answer.at("verdict").is_string());
  EXPECT_EQ(answer.at("status"), "bottleneck");
  EXPECT_GT(answer.at("confidence").get<double>(), 0.5);
  ASSERT_GE(answer.at("candidates").size(), 5U);
  double last = 1;
  for (const auto& candidate : answer.at("candidates")) {
    EXPECT_LE(candidate.at("score").get<double>(), last);
    last = candidate.at("score").get<double>();
    EXPECT_TRUE(candidate.at("class").is_string());
    EXPECT_TRUE(candidate.at("confidence").is_number());
    EXPECT_FALSE(candidate.at("evidence").empty());
    EXPECT_EQ(candidate.at("path").back(), candidate.at("node"));
  }
  EXPECT_EQ(answer.at("candidates")[0].at("node"), "catalog");
  EXPECT_EQ(answer.at("candidates")[0].at("class"), "cpu_throttled");
}

TEST(DiagnoseFile, HealthHasNoCandidates) {
  const Ran ran = Diagnose(kFolder + "healthy.json", true);
  const auto answer = nlohmann::json::parse(ran.out);
  EXPECT_EQ(answer.at("status"), "none");
  EXPECT_TRUE(answer.at("candidates").empty());
}

TEST(DiagnoseFile, BadInputNamesThePlace) {
  const Ran wrong = Diagnose(kFolder + "wrong_length.json", true);
  EXPECT_EQ(wrong.code, kExitUsage);
  EXPECT_EQ(wrong.out, "");
  EXPECT_NE(wrong.error.find("incident.series[0].values (line"), std::string::npos) << wrong.error;
  EXPECT_NE(wrong.error.find("2 values for 3 times"), std::string::npos) << wrong.error;
  const Ran missing = Diagnose(kFolder + "nothing_here.json", false);
  EXPECT_EQ(missing.code, kExitUsage);
  EXPECT_NE(missing.error.find("nothing_here.json: No such file"), std::string::npos);
}

}  // namespace
}  // namespace pano::cli
