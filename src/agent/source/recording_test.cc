// SPDX-License-Identifier: Apache-2.0
#include "agent/source/recording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace pano::source {
namespace {

using ::testing::HasSubstr;

class RecordingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() / fmt::format("pano_recording_{}.rec", getpid());
  }
  void TearDown() override { std::filesystem::remove(path_); }

  // Records of every length from 1 to `count`, each filled with its own byte.
  void Record(size_t count) {
    auto recorder = Recorder::Create(path_);
    ASSERT_TRUE(recorder) << recorder.error().ToString();
    for (size_t i = 1; i <= count; ++i) {
      const std::vector<std::byte> bytes(i, static_cast<std::byte>(i));
      ASSERT_TRUE((*recorder)->Write(RawRecord{bytes}));
    }
    ASSERT_TRUE((*recorder)->Finish());
  }

  // Reads all; the records, and how it ended.
  std::pair<std::vector<std::vector<std::byte>>, Error> ReadAll() {
    std::vector<std::vector<std::byte>> out;
    auto source = RecordingSource::Open(path_);
    if (!source) return {out, source.error()};
    for (;;) {
      const auto polled = (*source)->Poll(
          [&out](const RawRecord& r) { out.emplace_back(r.bytes.begin(), r.bytes.end()); }, 0);
      if (!polled) return {out, polled.error()};
    }
  }

  std::string Contents() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void Replace(const std::string& contents) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << contents;
  }

  std::string path_;
};

TEST_F(RecordingTest, WhatWasWrittenIsRead) {
  Record(3000);  // several blocks
  const auto [records, end] = ReadAll();
  EXPECT_EQ(end.code, Code::kNotFound);
  ASSERT_EQ(records.size(), 3000u);
  for (size_t i = 0; i < records.size(); ++i)
    EXPECT_EQ(records[i], std::vector<std::byte>(i + 1, static_cast<std::byte>(i + 1)));
}

TEST_F(RecordingTest, AnEmptyRecordingEndsAtOnce) {
  Record(0);
  const auto [records, end] = ReadAll();
  EXPECT_EQ(end.code, Code::kNotFound);
  EXPECT_TRUE(records.empty());
}

TEST_F(RecordingTest, ACutFileKeepsWhatCameBeforeAndNamesTheOffset) {
  Record(3000);
  const std::string whole = Contents();
  Replace(whole.substr(0, whole.size() - 10));
  const auto [records, end] = ReadAll();
  EXPECT_EQ(end.code, Code::kInvalid);
  EXPECT_THAT(end.text, HasSubstr("cut short in the block at byte"));
  EXPECT_GT(records.size(), 1000u);
  EXPECT_LT(records.size(), 3000u);
}

TEST_F(RecordingTest, AFlippedBitIsFoundWhereverItIs) {
  Record(200);
  const std::string whole = Contents();
  for (size_t at = 0; at < whole.size(); at += 7) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    Replace(damaged);
    const auto [records, end] = ReadAll();
    EXPECT_NE(end.code, Code::kNotFound) << "flipped bit at byte " << at << " went unnoticed";
  }
}

TEST_F(RecordingTest, OtherFilesAreRefused) {
  Replace("GIF89a, and certainly not a recording");
  const auto [records, end] = ReadAll();
  EXPECT_EQ(end.code, Code::kInvalid);
  EXPECT_THAT(end.text, HasSubstr("is not a recording"));
}

}  // namespace
}  // namespace pano::source
