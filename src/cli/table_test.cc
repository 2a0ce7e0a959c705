// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <gtest/gtest.h>

#include "cli/client.h"

namespace pano::cli {
namespace {

TEST(Table, AlignsColumnsAndLeavesNoTrailingSpace) {
  Table table({{"name", Align::kLeft}, {"p95", Align::kRight}});
  table.Add({"cart", "11.0 s"});
  table.Add({"购物车", "4 ms"});
  EXPECT_EQ(table.ToString(),
            "name       p95\n"
            "cart    11.0 s\n"
            "购物车    4 ms\n");
}

TEST(Quantity, UnknownIsNotZero) {
  EXPECT_EQ(Duration(nullptr), "–");
  EXPECT_EQ(Duration(0), "0");
  EXPECT_EQ(Duration(420), "0.42 ms");
  EXPECT_EQ(Duration(11'000'000), "11.0 s");
  EXPECT_EQ(Duration(1'500'000), "1.50 s");
  EXPECT_EQ(Rate(nullptr), "–");
  EXPECT_EQ(Rate(0.25), "0.25/s");
  EXPECT_EQ(Rate(1120), "1120/s");
  EXPECT_EQ(ByteRate(48'200'000), "48.2 MB/s");
}

TEST(Url, NamesHostAndPort) {
  EXPECT_EQ(ParseUrl("http://127.0.0.1:8686")->port, "8686");
  EXPECT_EQ(ParseUrl("http://[::1]:9000/")->host, "::1");
  EXPECT_EQ(ParseUrl("box")->port, "8686");
  EXPECT_FALSE(ParseUrl("https://box"));
  EXPECT_FALSE(ParseUrl("http://"));
}

TEST(Client, SaysHowToStartAServerWhenNobodyAnswers) {
  ServerAddress nobody;
  nobody.url = "http://127.0.0.1:1";
  const auto answer = Get(nobody, "/api/v1/map");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
  EXPECT_NE(answer.error().hint.find("panoscope up"), std::string::npos);
}

}  // namespace
}  // namespace pano::cli
