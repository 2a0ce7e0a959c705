// SPDX-License-Identifier: Apache-2.0
#include "server/run/load_detector.h"

#include <gtest/gtest.h>

#include <vector>

namespace pano::run {
namespace {

using schema::NodeKind;

class DetectorTest : public testing::Test {
 protected:
  // Seconds of one node's attempts.
  void Feed(int seconds, double attempts, const char* name = "wrk",
            NodeKind kind = NodeKind::kLoadGenerator) {
    for (int i = 0; i < seconds; ++i) {
      std::vector<EntrySecond> entries;
      if (attempts > 0) entries.push_back({1, name, kind, attempts});
      if (auto change = detector_.Update(second_++, true, entries)) changes_.push_back(*change);
    }
  }

  LoadDetector detector_;
  uint64_t second_ = 1000;
  std::vector<LoadDetector::Change> changes_;
};

TEST_F(DetectorTest, AGeneratorComesAndGoes) {
  Feed(30, 0);
  Feed(20, 500);
  Feed(30, 0);
  ASSERT_EQ(changes_.size(), 2u);
  EXPECT_TRUE(changes_[0].began);
  EXPECT_EQ(changes_[0].time, 1030u);
  EXPECT_EQ(changes_[0].name, "wrk");
  EXPECT_FALSE(changes_[0].joined_late);
  EXPECT_TRUE(changes_[1].ended);
  EXPECT_EQ(changes_[1].time, 1050u);
}

TEST_F(DetectorTest, APauseOfSomeSecondsDoesNotSplit) {
  Feed(30, 0);
  Feed(20, 500);
  Feed(10, 0);
  Feed(20, 500);
  Feed(30, 0);
  ASSERT_EQ(changes_.size(), 2u);
  EXPECT_EQ(changes_[1].time, 1080u);
}

TEST_F(DetectorTest, ALongPauseDoes) {
  Feed(30, 0);
  for (int i = 0; i < 2; ++i) {
    Feed(20, 500);
    Feed(30, 0);
  }
  EXPECT_EQ(changes_.size(), 4u);
}

TEST_F(DetectorTest, LoadThatWasThereBeforeIsMarked) {
  Feed(20, 500);
  ASSERT_EQ(changes_.size(), 1u);
  EXPECT_TRUE(changes_[0].joined_late);
  EXPECT_EQ(changes_[0].time, 1000u);
}

TEST_F(DetectorTest, AnyNodeThatJumpsFromNothing) {
  Feed(60, 0);
  Feed(20, 300, "myclient", NodeKind::kService);
  ASSERT_EQ(changes_.size(), 1u);
  EXPECT_EQ(changes_[0].name, "myclient");
  EXPECT_EQ(changes_[0].time, 1060u);
}

TEST_F(DetectorTest, OrdinaryTrafficIsNoLoadTest) {
  Feed(600, 300, "worker", NodeKind::kService);  // always there
  Feed(60, 0);
  EXPECT_TRUE(changes_.empty());
  Feed(4, 40, "browser", NodeKind::kService);  // a page that was opened
  Feed(60, 0);
  EXPECT_TRUE(changes_.empty());
}

TEST_F(DetectorTest, UnwatchedSecondsChangeNothing) {
  Feed(30, 0);
  Feed(20, 500);
  for (int i = 0; i < 60; ++i) {
    EXPECT_FALSE(detector_.Update(second_++, false, {}));
  }
  EXPECT_TRUE(detector_.active());
}

TEST_F(DetectorTest, ResumedLoadEndsOnce) {
  detector_.Resume(1000, "wrk");
  Feed(10, 500);
  EXPECT_TRUE(changes_.empty());
  Feed(20, 0);
  ASSERT_EQ(changes_.size(), 1u);
  EXPECT_TRUE(changes_[0].ended);
}

TEST(LoadGeneratorNameTest, WholeShortNamesOnly) {
  for (const char* name : {"wrk", "hey", "k6", "ab", "locust", "ApacheJMeter.jar", "vegeta",
                           "loadgenerator", "Locust"}) {
    EXPECT_TRUE(IsLoadGeneratorName(name)) << name;
  }
  for (const char* name : {"heyday.py", "abacus", "frontend", "", "wrkr"}) {
    EXPECT_FALSE(IsLoadGeneratorName(name)) << name;
  }
}

}  // namespace
}  // namespace pano::run
