// SPDX-License-Identifier: Apache-2.0
// What HTTP/1 allows beyond the recordings.
#include <gtest/gtest.h>

#include <string>

#include "agent/session/exchange.h"

namespace pano::session {
namespace {

struct Http1Test : testing::Test {
  KeepingSink sink;
  Tracker tracker{{}, sink};
  Feeder wire{tracker};
  static constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
};

TEST_F(Http1Test, ChunkedWithTrailersEndsAtItsLastByte) {
  wire.Send(kGet, 1'000'000'000);
  wire.Receive("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5;x=y\r\nhello\r\n",
               1'001'000'000);
  wire.Receive("0\r\nDigest: abc\r\n", 1'002'000'000);
  EXPECT_EQ(sink.Finished().size(), 0u);
  wire.Receive("\r\n", 1'003'000'000);
  ASSERT_EQ(sink.Finished().size(), 1u);
  EXPECT_EQ(sink.Finished()[0].rrt_us(), 3000u);
}

TEST_F(Http1Test, InterimResponsesAreNotAnswers) {
  wire.Send("POST /u HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  wire.Receive("HTTP/1.1 100 Continue\r\n\r\n");
  wire.Receive("HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n");
  EXPECT_EQ(sink.Finished().size(), 0u);
  wire.Send("body");
  wire.Receive("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
  ASSERT_EQ(sink.Finished().size(), 1u);
  EXPECT_EQ(sink.Finished()[0].response_code, 201);
}

TEST_F(Http1Test, HeadAmongPipelinedRequestsHasNoBody) {
  wire.Send(std::string(kGet) + "HEAD /b HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(kGet));
  wire.Receive(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
      "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 900\r\n\r\n");
  const auto done = sink.Finished();
  ASSERT_EQ(done.size(), 3u);
  EXPECT_EQ(done[1].request_type, "HEAD");
  EXPECT_EQ(done[2].response_code, 304);
}

TEST_F(Http1Test, ABodyUpToTheCloseEndsWithItsLastBytes) {
  wire.Send("GET /old HTTP/1.0\r\n\r\n", 1'000'000'000);
  wire.Receive("HTTP/1.0 200 OK\r\n\r\nsome", 1'001'000'000);
  wire.Feed(false, "more", 1'005'000'000, 9000);  // unseen bytes are part of it
  EXPECT_EQ(sink.Finished().size(), 0u);
  wire.Close(9'000'000'000);
  ASSERT_EQ(sink.Finished().size(), 1u);
  EXPECT_EQ(sink.Finished()[0].rrt_us(), 5000u);
  EXPECT_EQ(sink.Count(SessionEvent::kRequestAborted), 0u);
}

TEST_F(Http1Test, AWebsocketIsLeftAloneOnceOpen) {
  wire.Send("GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
  wire.Receive("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello");
  ASSERT_EQ(sink.Finished().size(), 1u);
  EXPECT_EQ(sink.Finished()[0].response_code, 101);
  EXPECT_EQ(tracker.Facts(1).capture_bytes, 0u);
  EXPECT_EQ(tracker.Facts(1).protocol, schema::L7Protocol::kHttp1);
}

TEST_F(Http1Test, H2cGoesOnAsHttp2) {
  wire.Send(
      "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
  wire.Receive(
      std::string("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"
                  "\0\0\0\4\0\0\0\0\0",
                  59));
  wire.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  // :method GET, :scheme http, :path /, :authority (literal) "h", on stream 3
  wire.Send(std::string("\0\0\6\1\5\0\0\0\3\x82\x86\x84\x01\x01h", 15));
  wire.Receive(std::string("\0\0\1\1\5\0\0\0\3\x89", 10));
  const auto done = sink.Finished();
  ASSERT_EQ(done.size(), 2u);
  EXPECT_EQ(done[1].l7_protocol, schema::L7Protocol::kHttp2);
  EXPECT_EQ(done[1].endpoint, "GET /");
  EXPECT_EQ(done[1].response_code, 204);
}

TEST_F(Http1Test, ConnectBecomesATunnel) {
  wire.Send("CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n");
  wire.Receive("HTTP/1.1 200 Connection established\r\n\r\n");
  wire.Send("anything at all");
  EXPECT_EQ(sink.Finished().size(), 1u);
  EXPECT_EQ(tracker.Facts(1).capture_bytes, 0u);
}

TEST_F(Http1Test, ChunkedUploadCutByTheCaptureLimitStillPairs) {
  for (int i = 0; i < 3; ++i) {
    const std::string head = "POST /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    wire.Feed(true, head + "1f40\r\nabc", 0, head.size() + 6 + 8000);
    wire.Feed(true, "rest", 0, 300);
    wire.Receive("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  }
  EXPECT_EQ(sink.Finished().size(), 3u);
}

TEST_F(Http1Test, TraceIdentifiersAreTaken) {
  wire.Send(
      "GET /a HTTP/1.1\r\nHost: h\r\nX-Request-ID: req-7\r\n"
      "b3: 80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90\r\n\r\n");
  wire.Send("GET /b HTTP/1.1\r\nHost: h\r\nsw8: 1-dHJhY2U=-c2Vn-3-cw==-aQ==-ZQ==-YQ==\r\n\r\n");
  const auto started = sink.Of(SessionEvent::kRequestStarted);
  ASSERT_EQ(started.size(), 2u);
  EXPECT_EQ(started[0].x_request_id, "req-7");
  EXPECT_EQ(started[0].trace_id, "80f198ee56343ba864fe8b2a57d3eff7");
  EXPECT_EQ(started[0].span_id, "e457b5a2e4d86bd1");
  EXPECT_EQ(started[0].parent_span_id, "05e3ac9a4f6e3b90");
  EXPECT_EQ(started[1].trace_id, "trace");
  EXPECT_EQ(started[1].span_id, "seg-3");
}

TEST_F(Http1Test, TlsIsLeftAlone) {
  wire.Send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  EXPECT_EQ(tracker.Facts(1).protocol, schema::L7Protocol::kTls);
  EXPECT_EQ(tracker.Facts(1).capture_bytes, 0u);
}

}  // namespace
}  // namespace pano::session
