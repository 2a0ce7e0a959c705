// SPDX-License-Identifier: Apache-2.0
#include "server/run/run_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "server/run/digest.h"
#include "server/run/recording.h"
#include "server/run/run_for_test.h"
#include "server/run/run_json.h"

namespace pano::run {
namespace {

constexpr uint64_t kBegin = 1'700'000'000;

RunInfo FullInfo() {
  RunInfo info;
  info.id = "20231114-221320-abcd";
  info.name = "baseline \"1\"";
  info.labels = {{"branch", "main"}, {"users", "1500"}};
  info.notes = "first\nsecond";
  info.begin = kBegin;
  info.generator = "loadgenerator";
  info.objectives = analysis::Limits(analysis::LimitSet{},
                                     {{"cart", "", "", analysis::Metric::kLatency, 5000.0}});
  info.marks = {{kBegin + 3, "warm", true}};
  info.events = {{kBegin * 1'000'000'000 + 5'000'000, schema::EventKind::kScale, "cart", "c-1",
                  "cart scaled from 1 to 2"}};
  info.verdicts = {{kBegin, kBegin + 10, analysis::Verdict::kBottleneck, "cart", "cpu_throttled",
                    0.75, "cart is the bottleneck"}};
  info.losses = {{"run_edges_full", 3}};
  info.doubts = {"something"};
  LoadgenReport report;
  report.tool = "wrk";
  report.requests = 100;
  report.quantiles_us = {{0.5, 100.0}, {0.99, 900.0}};
  report.latency.Add(100, 7);
  report.error_kinds = {{"status", 2}};
  info.loadgen = {report};
  info.host = "here";
  info.tier = "sock_length";
  return info;
}

class RunFileTest : public testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 100; ++i) load_.Tick(20 + i);
  }
  void TakeUntil(Recording& recording, uint64_t until) {
    for (const live::SecondPtr& s : live_.Seconds(recording.next(), until)) {
      recording.Take(*s, *live_.names(), [this](uint32_t id) {
        return live_.edge_directory().Find(id).value_or(tag::EdgeId{});
      });
    }
  }
  std::string Bytes() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  TestFolder folder_;
  std::string path_ = folder_.path() + "/20231114-221320-abcd.run";
  live::LiveState live_;
  TestLoad load_{live_, kBegin};
};

TEST_F(RunFileTest, WhatIsWrittenIsRead) {
  Recording recording(FullInfo());
  TakeUntil(recording, UINT64_MAX);
  const SnapshotPtr snapshot = recording.Freeze();
  const RunSummary summary = Summarise(*snapshot);
  ASSERT_TRUE(WriteRunFile(path_, *snapshot, summary));
  const auto read = ReadRunFile(path_);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(InfoJson(read->snapshot->info()), InfoJson(snapshot->info()));
  EXPECT_EQ(SummaryJson(read->summary)["load"], SummaryJson(summary)["load"]);
  ASSERT_EQ(read->snapshot->buckets().size(), 100u);
  for (size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(*read->snapshot->buckets()[i].data, *snapshot->buckets()[i].data);
    EXPECT_EQ(read->snapshot->buckets()[i].state, snapshot->buckets()[i].state);
  }
  EXPECT_EQ(read->snapshot->names()->services.size(), 3u);
  EXPECT_EQ(read->snapshot->names()->services.at(3).name_space, "shop");
  EXPECT_FALSE(read->torn);
  const auto quick = ReadRunSummary(path_);
  ASSERT_TRUE(quick) << quick.error().text;
  EXPECT_EQ(quick->name, "baseline \"1\"");
  EXPECT_EQ(quick->requests, summary.requests);
}

TEST_F(RunFileTest, GrowsByAppending) {
  Recording recording(FullInfo());
  uint64_t bytes = 0;
  size_t written = 0;
  for (uint64_t t = kBegin + 10; t <= kBegin + 100; t += 10) {
    TakeUntil(recording, t);
    const SnapshotPtr snapshot = recording.Freeze();
    if (bytes == 0) {
      ASSERT_TRUE(WriteRunFile(path_, *snapshot, Summarise(*snapshot)));
      bytes = std::filesystem::file_size(path_);
    } else {
      const auto grown = AppendRunFile(path_, bytes, *snapshot, Summarise(*snapshot), written);
      ASSERT_TRUE(grown) << grown.error().text;
      bytes = *grown;
    }
    written = snapshot->buckets().size();
    EXPECT_EQ(std::filesystem::file_size(path_), bytes);
  }
  const auto read = ReadRunFile(path_);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->snapshot->buckets().size(), 100u);
  EXPECT_EQ(read->valid_bytes, bytes);
}

TEST_F(RunFileTest, SecondsThatChangedLateAreTakenFromTheLaterFrame) {
  Recording early(FullInfo());
  TakeUntil(early, kBegin + 30);
  const SnapshotPtr first = early.Freeze();
  ASSERT_TRUE(WriteRunFile(path_, *first, Summarise(*first)));
  Recording late(FullInfo());
  live::LiveState other;
  TestLoad load(other, kBegin);
  for (int i = 0; i < 40; ++i) load.Tick(i < 20 ? 20 + i : 500);
  for (const live::SecondPtr& s : other.Seconds(0, UINT64_MAX)) {
    late.Take(*s, *other.names(), [&other](uint32_t id) {
      return other.edge_directory().Find(id).value_or(tag::EdgeId{});
    });
  }
  const SnapshotPtr second = late.Freeze();
  ASSERT_TRUE(
      AppendRunFile(path_, std::filesystem::file_size(path_), *second, Summarise(*second), 20));
  const auto read = ReadRunFile(path_);
  ASSERT_TRUE(read) << read.error().text;
  ASSERT_EQ(read->snapshot->buckets().size(), 40u);
  for (size_t i = 0; i < 40; ++i) {
    EXPECT_EQ(*read->snapshot->buckets()[i].data, *second->buckets()[i].data) << i;
  }
}

// kill -9 in the middle of a write leaves a file cut anywhere.
TEST_F(RunFileTest, ATornEndCostsOnlyWhatWasBeingWritten) {
  Recording recording(FullInfo());
  TakeUntil(recording, kBegin + 50);
  SnapshotPtr snapshot = recording.Freeze();
  ASSERT_TRUE(WriteRunFile(path_, *snapshot, Summarise(*snapshot)));
  const uint64_t whole = std::filesystem::file_size(path_);
  TakeUntil(recording, kBegin + 60);
  snapshot = recording.Freeze();
  ASSERT_TRUE(AppendRunFile(path_, whole, *snapshot, Summarise(*snapshot), 50));
  const std::string bytes = Bytes();
  for (uint64_t cut = whole; cut < bytes.size(); cut += 7) {
    const auto read = ParseRun(AsBytes(std::string_view(bytes).substr(0, cut)));
    ASSERT_TRUE(read) << cut << ": " << read.error().text;
    EXPECT_EQ(read->torn, cut != read->valid_bytes);
    EXPECT_GE(read->snapshot->buckets().size(), 50u);
  }
  // Going on after it cuts the torn end off.
  std::filesystem::resize_file(path_, bytes.size() - 5);
  const auto torn = ReadRunFile(path_);
  ASSERT_TRUE(torn);
  const size_t have = torn->snapshot->buckets().size();
  ASSERT_TRUE(AppendRunFile(path_, torn->valid_bytes, *snapshot, Summarise(*snapshot), have));
  const auto mended = ReadRunFile(path_);
  ASSERT_TRUE(mended);
  EXPECT_FALSE(mended->torn);
  EXPECT_EQ(mended->snapshot->buckets().size(), 60u);
}

TEST_F(RunFileTest, DamagedBytesAreNeverTaken) {
  Recording recording(FullInfo());
  TakeUntil(recording, kBegin + 20);
  const SnapshotPtr snapshot = recording.Freeze();
  ASSERT_TRUE(WriteRunFile(path_, *snapshot, Summarise(*snapshot)));
  const std::string bytes = Bytes();
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    std::string damaged = bytes;
    damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
    const auto read = ParseRun(AsBytes(damaged));
    EXPECT_FALSE(read && !read->torn) << i;  // every bit is covered by a checksum
  }
  EXPECT_FALSE(ParseRun(AsBytes("")));
  EXPECT_FALSE(ParseRun(AsBytes("PANORUN\n")));
  std::string newer = bytes;
  newer[8] = 2;
  const auto read = ParseRun(AsBytes(newer));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::kUnsupported);
}

}  // namespace
}  // namespace pano::run
