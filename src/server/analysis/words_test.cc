// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/words.h"

#include <gtest/gtest.h>

#include <limits>

namespace pano::analysis {
namespace {

TEST(WordsTest, LittleIsNotNothing) {
  EXPECT_EQ(SayNumber(0), "0");
  EXPECT_EQ(SayNumber(0.003), "< 0.01");
  EXPECT_EQ(SayNumber(0.03), "0.03");
  EXPECT_EQ(SayPercent(0), "0 %");
  EXPECT_EQ(SayPercent(0.0002), "< 0.1 %");
  EXPECT_EQ(SayPercent(0.002), "0.2 %");
  EXPECT_EQ(SayDuration(0), "0 ms");
  EXPECT_EQ(SayDuration(31), "0.03 ms");
  EXPECT_EQ(SayDuration(310), "0.3 ms");
}

TEST(WordsTest, AsPeopleSayThem) {
  EXPECT_EQ(SayNumber(1.25), "1.2");
  EXPECT_EQ(SayNumber(63.4), "63");
  EXPECT_EQ(SayPercent(0.92), "92 %");
  EXPECT_EQ(SayDuration(72'000), "72 ms");
  EXPECT_EQ(SayDuration(4'510'000), "4.5 s");
  EXPECT_EQ(SayDuration(150e6), "2.5 min");
  EXPECT_EQ(SayBytes(20.0 * (1 << 20)), "20 MiB");
  EXPECT_EQ(SayCount(1, "caller", "callers"), "1 caller");
  EXPECT_EQ(SayCount(3, "caller", "callers"), "3 callers");
  EXPECT_EQ(SayNumber(std::numeric_limits<double>::quiet_NaN()), "?");
}

}  // namespace
}  // namespace pano::analysis
