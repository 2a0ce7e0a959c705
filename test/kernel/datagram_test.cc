// SPDX-License-Identifier: Apache-2.0
// Datagrams: both ends of a query and its answer carry the tuple of the peer, connected or not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "observer.h"
#include "traffic.h"

namespace pano::test {
namespace {

using decode::Direction;
using decode::Event;
using decode::EventType;
using source::Tier;

// A name query and its answer, as far as tests need: they share the id they begin with.
const std::string kQuery("\x12\x34\x01\x00 query", 10);
const std::string kAnswer("\x12\x34\x81\x80 the answer", 15);

class DatagramTest : public ::testing::TestWithParam<Tier> {
 protected:
  void SetUp() override {
    ASSERT_EQ(observer().failure(), "") << "these tests need the rights to load eBPF (root)";
    observer().Clear();
  }
  static Observer& observer() { return Observer::Of(GetParam()); }

  // Data records that hold `payload`.
  static SeenList Holding(const std::string& payload, size_t count) {
    SeenList out;
    observer().Of(0, [&](const SeenList&) {
      out.clear();
      for (const Seen& seen : observer().All())
        if (seen.event.type == EventType::kData && seen.payload == payload) out.push_back(seen);
      return out.size() >= count;
    });
    return out;
  }
};

struct Ends {
  uint16_t server = 0;
  uint16_t client = 0;
};

// One exchange; the ports it used.
Facts Exchange(Family family, bool connected, const std::string& query, const std::string& answer) {
  Ends ends;
  const int server = BoundDatagramSocket(family, &ends.server);
  const int client = BoundDatagramSocket(family, &ends.client);
  sockaddr_storage to{};
  socklen_t length = sizeof(to);
  char room[512];
  Must(getsockname(server, reinterpret_cast<sockaddr*>(&to), &length) == 0, "getsockname");
  const auto size = static_cast<ssize_t>(query.size());
  if (connected) {
    Must(connect(client, reinterpret_cast<sockaddr*>(&to), length) == 0, "connect");
    Must(send(client, query.data(), query.size(), 0) == size, "send");
  } else {
    Must(sendto(client, query.data(), query.size(), 0, reinterpret_cast<sockaddr*>(&to), length) ==
             size,
         "sendto");
  }
  sockaddr_storage from{};
  length = sizeof(from);
  Must(recvfrom(server, room, sizeof(room), 0, reinterpret_cast<sockaddr*>(&from), &length) == size,
       "recvfrom");
  Must(sendto(server, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from),
              length) == static_cast<ssize_t>(answer.size()),
       "answer");
  sockaddr_storage whom{};
  length = sizeof(whom);
  Must(recvfrom(client, room, sizeof(room), 0,
                connected ? nullptr : reinterpret_cast<sockaddr*>(&whom),
                connected ? nullptr : &length) > 0,
       "receive the answer");
  return {ends.server, ends.client};
}

TEST_P(DatagramTest, BothEndsKnowEachOther) {
  int round = 0;
  for (const Family family : {Family::kV4, Family::kV6, Family::kMapped}) {
    for (const bool connected : {false, true}) {
      const std::string query = kQuery + std::to_string(round);
      const std::string answer = kAnswer + std::to_string(round++);
      const ChildRun run =
          RunChild([&]() -> Facts { return Exchange(family, connected, query, answer); });
      ASSERT_EQ(run.status, 0);
      const auto server = static_cast<uint16_t>(run.facts[0]);
      const auto client = static_cast<uint16_t>(run.facts[1]);
      const std::string what =
          fmt::format("family {}, connected {}", static_cast<int>(family), connected);
      for (const std::string& text : {query, answer}) {
        const SeenList data = Holding(text, 2);
        ASSERT_EQ(data.size(), 2u) << what;
        for (const Seen& seen : data) {
          const bool at_client = (seen.event.direction == Direction::kTx) == (text == query);
          EXPECT_EQ(seen.event.tuple.local_port, at_client ? client : server) << what;
          EXPECT_EQ(seen.event.tuple.remote_port, at_client ? server : client) << what;
          EXPECT_EQ(seen.event.tuple.l4_protocol, schema::L4Protocol::kUdp) << what;
          EXPECT_EQ(seen.event.tuple.remote.ToString(), family == Family::kV6 ? "::1" : "127.0.0.1")
              << what;
          EXPECT_EQ(seen.event.tgid, static_cast<uint32_t>(run.pid)) << what;
        }
      }
    }
  }
}

// Several messages in one system call, as resolvers send their A and AAAA queries.
TEST_P(DatagramTest, ManyMessagesInOneCall) {
  const ChildRun run = RunChild([]() -> Facts {
    uint16_t port = 0;
    const int server = BoundDatagramSocket(Family::kV4, &port);
    uint16_t from = 0;
    const int client = BoundDatagramSocket(Family::kV4, &from);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    Must(connect(client, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0, "connect");
    char texts[3][16] = {"first of many", "", "third of many"};
    iovec vectors[3];
    mmsghdr messages[3]{};
    for (int i = 0; i < 3; ++i) {
      vectors[i] = {texts[i], std::strlen(texts[i])};
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    Must(sendmmsg(client, messages, 3, 0) == 3, "sendmmsg");
    char rooms[4][100];
    iovec room_vectors[4];
    mmsghdr received[4]{};
    for (int i = 0; i < 4; ++i) {
      room_vectors[i] = {rooms[i], sizeof(rooms[i])};
      received[i].msg_hdr.msg_iov = &room_vectors[i];
      received[i].msg_hdr.msg_iovlen = 1;
    }
    Must(recvmmsg(server, received, 4, MSG_DONTWAIT, nullptr) == 3, "recvmmsg");
    Must(sendmmsg(client, messages, 1, 0) == 1, "sendmmsg again");
    return {port};
  });
  ASSERT_EQ(run.status, 0);
  EXPECT_EQ(Holding("first of many", 3).size(), 3u);  // sent twice, received once
  EXPECT_EQ(Holding("third of many", 2).size(), 2u);
}

TEST_P(DatagramTest, AClosedSocketIsReportedClosed) {
  const ChildRun run =
      RunChild([]() -> Facts { return Exchange(Family::kV4, true, "bye now", "bye you"); });
  ASSERT_EQ(run.status, 0);
  const SeenList closed =
      observer().OfType(static_cast<uint16_t>(run.facts[1]), EventType::kClosed, 1);
  EXPECT_EQ(closed.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Tiers, DatagramTest, ::testing::Values(Tier::kSockLength, Tier::kSysExit),
                         [](const auto& one) { return std::string(source::Name(one.param)); });

}  // namespace
}  // namespace pano::test
