// SPDX-License-Identifier: Apache-2.0
#include "shop/loadgenerator/response.h"

#include <gtest/gtest.h>

#include <string>

namespace shop {
namespace {

using State = ResponseReader::State;

std::string Response(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) +
         " Any\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: keep-alive\r\n\r\n" + body;
}

TEST(ResponseReader, ReadsAWholeResponse) {
  ResponseReader reader;
  EXPECT_EQ(reader.Take(Response(200, "hello")), State::kDone);
  EXPECT_EQ(reader.status(), 200);
}

TEST(ResponseReader, ReadsByteByByte) {
  ResponseReader reader;
  const std::string bytes = Response(503, "sorry");
  for (size_t i = 0; i + 1 < bytes.size(); ++i) {
    ASSERT_EQ(reader.Take(bytes.substr(i, 1)), State::kMore) << i;
  }
  EXPECT_EQ(reader.Take(bytes.substr(bytes.size() - 1)), State::kDone);
  EXPECT_EQ(reader.status(), 503);
}

TEST(ResponseReader, SplitsAnywhere) {
  const std::string bytes = Response(200, "body");
  for (size_t cut = 1; cut < bytes.size(); ++cut) {
    ResponseReader reader;
    ASSERT_EQ(reader.Take(bytes.substr(0, cut)), State::kMore) << cut;
    ASSERT_EQ(reader.Take(bytes.substr(cut)), State::kDone) << cut;
  }
}

TEST(ResponseReader, TakesAnEmptyBodyAndIsUsedAgain) {
  ResponseReader reader;
  EXPECT_EQ(reader.Take(Response(204, "")), State::kDone);
  reader.Reset();
  EXPECT_EQ(reader.Take(Response(500, "x")), State::kDone);
  EXPECT_EQ(reader.status(), 500);
}

TEST(ResponseReader, RefusesWhatItCannotMeasure) {
  for (const std::string bytes :
       {"SSH-2.0-x\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 xx\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"}) {
    ResponseReader reader;
    EXPECT_EQ(reader.Take(bytes), State::kInvalid) << bytes;
  }
}

TEST(ResponseReader, RefusesMoreThanWasAnnounced) {
  ResponseReader reader;
  EXPECT_EQ(reader.Take(Response(200, "two") + "HTTP/1.1"), State::kInvalid);
}

TEST(ResponseReader, DoesNotKeepAnEndlessHead) {
  ResponseReader reader;
  State state = State::kMore;
  for (int i = 0; i < 1000 && state == State::kMore; ++i) {
    state = reader.Take(std::string(100, 'a'));
  }
  EXPECT_EQ(state, State::kInvalid);
}

}  // namespace
}  // namespace shop
