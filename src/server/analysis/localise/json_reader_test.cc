// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/json_reader.h"

#include <gtest/gtest.h>

#include <cmath>

namespace pano::analysis {
namespace {

std::string ErrorOf(std::string_view text) {
  JsonReader reader(text);
  const Status status = reader.Skip();
  if (!status) return status.error().text;
  const Status end = reader.ReadEnd();
  return end ? "" : end.error().text;
}

TEST(JsonReader, ReadsNumbersNullsAndWhatPythonWrites) {
  JsonReader reader("[1, -2.5e3, null, NaN, Infinity, -Infinity, 1e999]");
  std::vector<double> values;
  ASSERT_TRUE(reader.ReadNumbers(values));
  ASSERT_EQ(values.size(), 7U);
  EXPECT_EQ(values[0], 1);
  EXPECT_EQ(values[1], -2500);
  for (size_t i = 2; i < 7; ++i) EXPECT_TRUE(std::isnan(values[i])) << i;
  EXPECT_TRUE(reader.ReadEnd());
}

TEST(JsonReader, ReadsEscapes) {
  JsonReader reader(R"("a\"\\\/\n\u00e9\ud83d\ude00\ud800x")");
  const auto text = reader.ReadString();
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "a\"\\/\n\xC3\xA9\xF0\x9F\x98\x80\xEF\xBF\xBDx");
}

TEST(JsonReader, SkipsWhatItDoesNotKnow) {
  EXPECT_EQ(ErrorOf(R"({"a": [1, {"b": "c"}, true, false, null], "d": {}})"), "");
}

TEST(JsonReader, NamesThePlaceOfAnError) {
  EXPECT_EQ(ErrorOf("{\"a\": [1,\n{\"b\": tru}]}"),
            "a[1].b (line 2): expected a value, found true or false");
  EXPECT_EQ(ErrorOf("{\"a\": 1"),
            "the file (line 1): expected ',' or '}' after \"a\", found the end of the file");
  EXPECT_EQ(ErrorOf("{\"a\" 1}"), "the file (line 1): expected ':' after \"a\", found a number");
  EXPECT_EQ(ErrorOf("[1,]"), "[1] (line 1): expected a value, found ']'");
  EXPECT_EQ(ErrorOf("\"abc"), "the file (line 1): a string that does not end");
  EXPECT_EQ(ErrorOf("\"\\x\""), "the file (line 1): unknown escape \\x");
  EXPECT_EQ(ErrorOf(""), "the file (line 1): expected a value, found the end of the file");
  EXPECT_EQ(ErrorOf("1 2"), "the file (line 1): something follows after the end of the object");
}

TEST(JsonReader, RefusesToNestWithoutBound) {
  const std::string deep(100000, '[');
  EXPECT_NE(ErrorOf(deep).find("nested too deeply"), std::string::npos);
}

}  // namespace
}  // namespace pano::analysis
