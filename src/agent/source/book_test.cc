// SPDX-License-Identifier: Apache-2.0
// What user space adds to the kernel's records: roles of old connections, ends of datagram sockets,
// senders of datagrams.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "agent/source/datagram_book.h"
#include "agent/source/peer_resolver.h"
#include "agent/source/role_book.h"

namespace pano::source {
namespace {

using ::testing::ElementsAre;

pano_tuple Tuple(uint16_t local_port, uint16_t remote_port, uint8_t protocol = 6,
                 uint32_t netns = 1) {
  pano_tuple tuple{};
  tuple.local_port = local_port;
  tuple.remote_port = remote_port;
  tuple.netns = netns;
  tuple.l4_protocol = protocol;
  return tuple;
}

TEST(RoleBook, AListenedPortMakesAServerInItsNamespaceOnly) {
  RoleBook book;
  book.Listens(1, Tuple(80, 0));
  EXPECT_EQ(book.RoleOf(Tuple(80, 5000)), PANO_ROLE_SERVER);
  EXPECT_EQ(book.RoleOf(Tuple(5000, 80)), PANO_ROLE_CLIENT);
  EXPECT_EQ(book.RoleOf(Tuple(80, 5000, 6, 2)), PANO_ROLE_CLIENT);
}

TEST(RoleBook, SharedPortsAreForgottenWithTheLastListener) {
  RoleBook book;
  book.Listens(1, Tuple(80, 0));
  book.Listens(2, Tuple(80, 0));
  book.Listens(2, Tuple(80, 0));
  book.Closed(1);
  EXPECT_EQ(book.RoleOf(Tuple(80, 5000)), PANO_ROLE_SERVER);
  book.Closed(2);
  book.Closed(2);
  EXPECT_EQ(book.RoleOf(Tuple(80, 5000)), PANO_ROLE_CLIENT);
  EXPECT_EQ(book.size(), 0u);
}

TEST(RoleBook, WhatTheKernelKnewStands) {
  RoleBook book;
  book.Listens(1, Tuple(80, 0));
  pano_tuple known = Tuple(80, 5000);
  known.role = PANO_ROLE_CLIENT;
  EXPECT_EQ(book.RoleOf(known), PANO_ROLE_CLIENT);
  EXPECT_EQ(book.RoleOf(Tuple(80, 5000, 17)), PANO_ROLE_UNKNOWN);
}

TEST(DatagramBook, ASocketTwiceAbsentIsClosedWithItsLastCounters) {
  DatagramBook book;
  book.Opened(7);
  pano_closed met{};
  met.header.socket = 7;
  met.stats.packet_tx = 3;
  EXPECT_TRUE(book.Met(met));
  EXPECT_TRUE(book.EndWalk(1).empty());
  EXPECT_FALSE(book.Met(met));
  EXPECT_TRUE(book.EndWalk(2).empty());
  EXPECT_TRUE(book.EndWalk(3).empty());
  const auto gone = book.EndWalk(4);
  ASSERT_EQ(gone.size(), 1u);
  EXPECT_EQ(gone[0].header.socket, 7u);
  EXPECT_EQ(gone[0].header.type, PANO_CLOSED);
  EXPECT_EQ(gone[0].stats.packet_tx, 3u);
  EXPECT_EQ(book.size(), 0u);
}

class PeerResolverTest : public ::testing::Test {
 protected:
  void Feed(uint16_t type, uint64_t socket, uint32_t order, const std::string& payload,
            uint8_t direction, uint16_t remote_port, uint32_t tid = 1, uint64_t time_ns = 100) {
    pano_data_addressed head{};
    head.data.header.type = type;
    head.data.header.socket = socket;
    head.data.header.order = order;
    head.data.header.tid = tid;
    head.data.header.time_ns = time_ns;
    if (type == PANO_DATA && direction == PANO_RX) head.data.header.flags = PANO_FLAG_PEER_LATER;
    head.data.direction = direction;
    head.data.captured = static_cast<uint32_t>(payload.size());
    head.data.length = head.data.captured;
    head.tuple = Tuple(53, remote_port, 17);
    const size_t size = type == PANO_DATA ? sizeof(head.data) : sizeof(head);
    std::vector<std::byte> record(size + payload.size());
    std::memcpy(record.data(), &head, size);
    std::memcpy(record.data() + size, payload.data(), payload.size());
    Pass(record);
  }
  void FeedPeer(uint64_t socket, uint32_t order, uint16_t remote_port) {
    pano_peer peer{};
    peer.header.type = PANO_PEER;
    peer.header.socket = socket;
    peer.header.order = order;
    peer.tuple = Tuple(53, remote_port, 17);
    Pass(Bytes(reinterpret_cast<const std::byte*>(&peer), sizeof(peer)));
  }
  void FeedServer(uint64_t socket) {
    pano_open open{};
    open.header.type = PANO_OPEN;
    open.header.socket = socket;
    open.tuple = Tuple(53, 0, 17);
    open.tuple.role = PANO_ROLE_SERVER;
    Pass(Bytes(reinterpret_cast<const std::byte*>(&open), sizeof(open)));
  }
  void Pass(Bytes bytes) {
    pano_header header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    const RecordSink sink = [this](const RawRecord& r) { Note(r.bytes); };
    if (!resolver_.Take(RawRecord{bytes}, header, sink)) Note(bytes);
  }
  void Note(Bytes bytes) {
    pano_data_addressed head{};
    std::memcpy(&head, bytes.data(), std::min(bytes.size(), sizeof(head)));
    const uint16_t type = head.data.header.type;
    if (type != PANO_DATA && type != PANO_DATA_ADDRESSED) return;
    const size_t size = type == PANO_DATA ? sizeof(head.data) : sizeof(head);
    seen_.push_back(fmt::format("{}:{}", AsText(bytes.subspan(size)),
                                type == PANO_DATA ? 0 : head.tuple.remote_port));
  }
  void Expire(uint64_t now_ns) {
    resolver_.Expire(now_ns, [this](const RawRecord& r) { Note(r.bytes); });
  }

  PeerResolver resolver_;
  std::vector<std::string> seen_;
};

TEST_F(PeerResolverTest, AServersDatagramWaitsForItsSender) {
  FeedServer(1);
  Feed(PANO_DATA, 1, 5, "aaquery", PANO_RX, 0);
  EXPECT_TRUE(seen_.empty());
  FeedPeer(1, 5, 4000);
  EXPECT_THAT(seen_, ElementsAre("aaquery:4000"));
}

TEST_F(PeerResolverTest, AnswersNameSendersByWhatTheyBeginWith) {
  FeedServer(1);
  Feed(PANO_DATA, 1, 1, "aaquery", PANO_RX, 0);
  Feed(PANO_DATA, 1, 2, "bbquery", PANO_RX, 0);
  Feed(PANO_DATA_ADDRESSED, 1, 3, "bbanswer", PANO_TX, 4002);
  EXPECT_TRUE(seen_.empty());  // order is kept: the first still waits
  Feed(PANO_DATA_ADDRESSED, 1, 4, "aaanswer", PANO_TX, 4001);
  EXPECT_THAT(seen_, ElementsAre("aaquery:4001", "bbquery:4002", "bbanswer:4002", "aaanswer:4001"));
}

TEST_F(PeerResolverTest, AClientHearsFromWhomItAsked) {
  Feed(PANO_DATA_ADDRESSED, 1, 1, "aaquery", PANO_TX, 53);
  Feed(PANO_DATA_ADDRESSED, 1, 2, "bbquery", PANO_TX, 54);
  Feed(PANO_DATA, 1, 3, "aaanswer", PANO_RX, 0);
  Feed(PANO_DATA, 1, 4, "bbanswer", PANO_RX, 0);
  EXPECT_THAT(seen_, ElementsAre("aaquery:53", "bbquery:54", "aaanswer:53", "bbanswer:54"));
}

TEST_F(PeerResolverTest, WhoNeverAnswersStaysUnknownAndIsCounted) {
  FeedServer(1);
  Feed(PANO_DATA, 1, 1, "aaquery", PANO_RX, 0);
  Expire(100 + PeerResolver::kPatienceNs);
  EXPECT_THAT(seen_, ElementsAre("aaquery:0"));
  EXPECT_EQ(resolver_.unresolved(), 1u);
  EXPECT_EQ(resolver_.waiting(), 0u);
}

TEST_F(PeerResolverTest, AFloodIsBounded) {
  FeedServer(1);
  for (uint32_t i = 0; i < 3 * PeerResolver::kMaxWaiting; ++i)
    Feed(PANO_DATA, 1, i, "flood", PANO_RX, 0);
  EXPECT_LE(resolver_.waiting(), PeerResolver::kMaxWaiting);
  EXPECT_EQ(seen_.size() + resolver_.waiting(), 3 * PeerResolver::kMaxWaiting);
}

}  // namespace
}  // namespace pano::source
