// SPDX-License-Identifier: Apache-2.0
// Reports of a run over a real live state, and of what a run file of anybody may say.
#include "server/report/report.h"

#include <gtest/gtest.h>

#include "server/run/run_file.h"
#include "server/run/run_for_test.h"
#include "server/run/run_frame.h"
#include "server/run/run_keeper.h"

namespace pano::report {
namespace {

using nlohmann::json;

// 60 seconds of 50 requests/s at 2 ms, the last 20 of them at 600 ms.
run::SnapshotPtr Snapshot(const std::string& generator) {
  live::LiveState live;
  run::TestLoad load(live, WallNs() / 1'000'000'000 - 100);
  load.generator_name = generator;
  auto keeper = run::RunKeeper::Open({}, live);
  if (!keeper) return nullptr;
  load.Tick(50);
  run::StartRequest start;
  start.name = "<Black> & white";
  start.labels = {{"branch", "a|b"}};
  start.begin = load.second();
  const auto run = (*keeper)->Start(start);
  if (!run) return nullptr;
  for (int i = 1; i < 60; ++i) load.Tick(50, i < 40 ? 2000 : 600'000);
  if (!(*keeper)->Stop("current", load.second() + 1)) return nullptr;
  auto loaded = (*keeper)->Load(run->id);
  return loaded ? *loaded : nullptr;
}

// Throws nothing on valid UTF-8 only.
bool ValidUtf8(const std::string& text) {
  return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::ignore)) == text;
}

TEST(ReportTest, TellsWhatTheRunHeld) {
  const run::SnapshotPtr snapshot = Snapshot("wrk");
  ASSERT_NE(snapshot, nullptr);
  const Report report = BuildReport(snapshot);
  double requests = 0;
  for (const StepReport& s : report.steps) requests += s.requests;
  EXPECT_GT(requests, 0);
  EXPECT_EQ(report.summary.requests, 60 * 50);
  EXPECT_EQ(report.p95_us.size(), snapshot->buckets().size());
  EXPECT_NEAR(report.p95_us.front(), 2000, 100);
  EXPECT_NEAR(report.p95_us.back(), 600'000, 30'000);

  const std::string html = Html(report);
  EXPECT_NE(html.find("<h1>&lt;Black&gt; &amp; white</h1>"), std::string::npos);
  EXPECT_NE(html.find("3,000"), std::string::npos);
  EXPECT_EQ(html.find("<Black>"), std::string::npos);
  const std::string markdown = Markdown(report);
  EXPECT_NE(markdown.find("| branch | a\\|b |"), std::string::npos) << markdown;
  EXPECT_NE(markdown.find("| requests | 3,000 answered, 0 errors"), std::string::npos) << markdown;
  const json document = Json(report);
  EXPECT_EQ(document["load"]["requests"], 3000);
  EXPECT_EQ(document["steps"].size(), report.steps.size());
}

TEST(ReportTest, LongNamesAreCutBetweenCharacters) {
  const run::SnapshotPtr snapshot = Snapshot("генератор-нагрузки-для-проверки");
  ASSERT_NE(snapshot, nullptr);
  const std::string html = Html(BuildReport(snapshot));
  EXPECT_NE(html.find("генерато…"), std::string::npos);
  EXPECT_TRUE(ValidUtf8(html));
}

TEST(ReportTest, TimesThatNoCalendarHasAreLeftOut) {
  std::string file;
  run::PutFileHead(file);
  const json names = {{"nodes", json::array()}, {"edges", json::array()}, {"bucket_seconds", 1}};
  const json info = {{"id", "a-1"},
                     {"begin", 1e17},
                     {"end", 1e17},
                     {"limits", json::object()},
                     {"steps", {{{"from", 9e17}, {"to", 5}}, {{"from", 7}, {"to", 3}}}},
                     {"marks", {{{"time", 9e17}, {"text", "late"}}}},
                     {"events", {{{"time", 9.9e9}, {"kind", "scale"}}}}};
  ASSERT_TRUE(run::AddFrame(file, run::FrameType::kNames, names.dump()));
  ASSERT_TRUE(run::AddFrame(file, run::FrameType::kInfo, info.dump()));
  const auto read = run::ParseRun(AsBytes(file));
  ASSERT_TRUE(read) << read.error().text;
  const Report report = BuildReport(read->snapshot);
  EXPECT_NE(Html(report).find("late"), std::string::npos);
  EXPECT_NE(Markdown(report).find("late"), std::string::npos);
  EXPECT_TRUE(Json(report).is_object());
}

}  // namespace
}  // namespace pano::report
