// SPDX-License-Identifier: Apache-2.0
#include "agent/session/tracker.h"

#include <gtest/gtest.h>

#include <string>

#include "agent/session/exchange.h"

namespace pano::session {
namespace {

using schema::L7Protocol;
using schema::ResponseStatus;

constexpr uint64_t kSecond = 1'000'000'000;
constexpr std::string_view kGet =
    "GET /api/products/66VCHSJNUP?token=abc HTTP/1.1\r\nHost: shop\r\n\r\n";
constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

struct TrackerTest : testing::Test {
  TrackerLimits limits;
  KeepingSink sink;
  Tracker tracker{limits, sink};
  Feeder wire{tracker};

  uint64_t Counter(std::string_view cause) const {
    for (const CauseCount& c : tracker.Counters()) {
      if (c.cause == cause) return c.count;
    }
    ADD_FAILURE() << "no counter " << cause;
    return 0;
  }
};

TEST_F(TrackerTest, PairsARequestWithItsResponse) {
  wire.Send(kGet, kSecond);
  EXPECT_EQ(tracker.Facts(1).in_flight, 1u);
  EXPECT_EQ(tracker.Facts(1).oldest_request_ns, kSecond);
  wire.Receive(kOk, kSecond + 4'000'000);
  const auto done = sink.Finished();
  ASSERT_EQ(done.size(), 1u);
  const Request& r = done[0];
  EXPECT_EQ(r.l7_protocol, L7Protocol::kHttp1);
  EXPECT_EQ(r.request_type, "GET");
  EXPECT_EQ(r.request_domain, "shop");
  EXPECT_EQ(r.request_resource, "/api/products/66VCHSJNUP?token=***");
  EXPECT_EQ(r.endpoint, "GET /api/products/{id}");
  EXPECT_EQ(r.version, "1.1");
  EXPECT_EQ(r.response_code, 200);
  EXPECT_EQ(r.status, ResponseStatus::kOk);
  EXPECT_EQ(r.rrt_us(), 4000u);
  EXPECT_EQ(r.request_length, kGet.size());
  EXPECT_EQ(r.response_length, kOk.size());
  EXPECT_EQ(tracker.Facts(1).in_flight, 0u);
}

TEST_F(TrackerTest, ServerSideRolesAreTurned) {
  wire.segment().role = flow::Role::kServer;
  wire.Send(kGet);
  wire.Receive(kOk);
  EXPECT_EQ(sink.Finished().size(), 1u);
}

TEST_F(TrackerTest, InfersTheRoleFromWhoAsks) {
  wire.segment().role = flow::Role::kUnknown;
  flow::Segment& s = wire.segment();
  s.direction = flow::Direction::kRx;
  s.payload = AsBytes(kGet);
  s.length = static_cast<uint32_t>(kGet.size());
  s.time_ns = 5;
  tracker.OnSegment(s);
  EXPECT_EQ(tracker.Facts(1).role, flow::Role::kServer);
  EXPECT_TRUE(tracker.Facts(1).role_inferred);
  s.direction = flow::Direction::kTx;
  s.payload = AsBytes(kOk);
  s.length = static_cast<uint32_t>(kOk.size());
  tracker.OnSegment(s);
  EXPECT_EQ(sink.Finished().size(), 1u);
}

TEST_F(TrackerTest, TimesOutOnceWhileItWaits) {
  wire.Send(kGet, kSecond);
  tracker.Sweep(10 * kSecond);
  EXPECT_EQ(sink.Count(SessionEvent::kRequestTimedOut), 0u);
  tracker.Sweep(11 * kSecond);
  tracker.Sweep(12 * kSecond);
  ASSERT_EQ(sink.Count(SessionEvent::kRequestTimedOut), 1u);
  EXPECT_EQ(sink.Of(SessionEvent::kRequestTimedOut)[0].status, ResponseStatus::kTimeout);
  EXPECT_EQ(tracker.Facts(1).in_flight, 1u);
  wire.Receive(kOk, 15 * kSecond);
  EXPECT_EQ(sink.Finished().size(), 0u);
  const auto late = sink.Of(SessionEvent::kLateResponse);
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].rrt_us(), 14'000'000u);
  EXPECT_EQ(late[0].status, ResponseStatus::kOk);
  EXPECT_EQ(tracker.Facts(1).in_flight, 0u);
}

TEST_F(TrackerTest, ABegunResponseDoesNotTimeOut) {
  wire.Send(kGet, kSecond);
  wire.Receive("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", 2 * kSecond);
  tracker.Sweep(30 * kSecond);
  EXPECT_EQ(sink.Count(SessionEvent::kRequestTimedOut), 0u);
  EXPECT_EQ(tracker.Facts(1).in_flight, 1u);
}

TEST_F(TrackerTest, AConnectionThatEndsAbortsWhatWaits) {
  wire.Send(std::string(kGet) + std::string(kGet), kSecond);
  wire.Receive(kOk);
  wire.Close();
  EXPECT_EQ(sink.Finished().size(), 1u);
  const auto aborted = sink.Of(SessionEvent::kRequestAborted);
  ASSERT_EQ(aborted.size(), 1u);
  EXPECT_EQ(aborted[0].status, ResponseStatus::kServerError);
  EXPECT_EQ(tracker.connections(), 0u);
}

TEST_F(TrackerTest, WhoLeftFirstIsAtFault) {
  const auto end = [this](Ending ending) {
    sink.seen.clear();
    wire.Send(kGet);
    wire.Close(0, ending);
    return sink.Of(SessionEvent::kRequestAborted);
  };
  auto aborted = end(Ending::kServerLeft);
  ASSERT_EQ(aborted.size(), 1u);
  EXPECT_EQ(aborted[0].status, ResponseStatus::kServerError);
  aborted = end(Ending::kClientLeft);
  ASSERT_EQ(aborted.size(), 1u);
  EXPECT_EQ(aborted[0].status, ResponseStatus::kClientError);
  EXPECT_EQ(aborted[0].response_exception, "the client left before the response");
  EXPECT_TRUE(end(Ending::kClientExited).empty());
  EXPECT_EQ(sink.Count(SessionEvent::kRequestLost), 1u);
  EXPECT_EQ(Counter("l7_request_lost"), 0u) << "its end is known";
}

TEST_F(TrackerTest, WhatHasTimedOutFailsOnce) {
  wire.Send(kGet, kSecond);
  tracker.Sweep(30 * kSecond);
  EXPECT_EQ(sink.Count(SessionEvent::kRequestTimedOut), 1u);
  wire.Close(31 * kSecond, Ending::kServerLeft);
  EXPECT_EQ(sink.Count(SessionEvent::kRequestAborted), 0u);
  EXPECT_EQ(sink.Count(SessionEvent::kRequestLost), 1u);
}

TEST_F(TrackerTest, BodyBytesThatWereNotCapturedStillEndTheResponse) {
  wire.Send(kGet, kSecond);
  wire.Feed(false, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabc", 2 * kSecond, 60043);
  EXPECT_EQ(sink.Finished().size(), 0u);
  wire.Feed(false, "xyz", 3 * kSecond, 40000);
  ASSERT_EQ(sink.Finished().size(), 1u);
  EXPECT_EQ(sink.Finished()[0].rrt_us(), 2'000'000u);
  EXPECT_EQ(sink.Finished()[0].response_length, 100043u);
  EXPECT_EQ(Counter("l7_gap_in_headers"), 0u);
}

TEST_F(TrackerTest, AHoleInPipelinedRepliesLosesOnlyWhatWaited) {
  wire.Send("*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n");
  wire.Receive("+PONG\r\n");
  wire.Feed(false, "+PONG\r\n", 0, 0, 7);
  wire.Send("*2\r\n$3\r\nGET\r\n$1\r\na\r\n");
  wire.Receive("$1\r\nx\r\n");
  EXPECT_EQ(sink.Count(SessionEvent::kRequestStarted), 4u);
  EXPECT_EQ(sink.Count(SessionEvent::kRequestLost), 2u);
  const auto done = sink.Finished();
  ASSERT_EQ(done.size(), 2u);
  EXPECT_EQ(done[1].request_type, "GET");
}

TEST_F(TrackerTest, ALostResponseEndIsDatedByItsLastBytes) {
  wire.Send(kGet, kSecond);
  wire.Receive("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 2 * kSecond);
  wire.Feed(false, "5\r\nhel", 3 * kSecond, 4000);
  wire.Send(kGet, 5 * kSecond);
  wire.Receive(kOk, 6 * kSecond);
  const auto done = sink.Finished();
  ASSERT_EQ(done.size(), 2u);
  EXPECT_EQ(done[0].rrt_us(), 2'000'000u);
  EXPECT_EQ(done[1].rrt_us(), 1'000'000u);
  EXPECT_EQ(Counter("l7_gap_in_headers"), 1u);
}

TEST_F(TrackerTest, UnknownProtocolsAreLeftAlone) {
  const std::string noise(300, '\xee');
  for (int i = 0; i < 20; ++i) wire.Send(noise);
  EXPECT_TRUE(tracker.Facts(1).settled);
  EXPECT_EQ(tracker.Facts(1).capture_bytes, 0u);
  EXPECT_EQ(Counter("l7_unknown_protocol"), 1u);
  wire.Send(kGet);  // never again once settled
  EXPECT_EQ(sink.seen.size(), 0u);
}

TEST_F(TrackerTest, BoundsRequestsInFlight) {
  std::string gets;
  for (int i = 0; i < 5000; ++i) gets += "*1\r\n$4\r\nPING\r\n";
  wire.Send(gets);
  EXPECT_LE(tracker.Facts(1).in_flight, limits.max_in_flight);
  EXPECT_GT(Counter("l7_in_flight_overflow"), 0u);
}

TEST_F(TrackerTest, BoundsConnections) {
  limits.max_connections = 4;
  Tracker small(limits, sink);
  for (uint64_t id = 0; id < 10; ++id) {
    Feeder f(small, id + 1);
    f.Send(kGet);
  }
  EXPECT_EQ(small.connections(), 4u);
}

}  // namespace
}  // namespace pano::session
