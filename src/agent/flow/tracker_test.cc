// SPDX-License-Identifier: Apache-2.0
#include "agent/flow/tracker.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <string>

namespace pano::flow {
namespace {

using decode::Event;
using decode::EventType;
using schema::EdgeMetric;

constexpr uint64_t kMs = 1'000'000;

class Recorder : public FlowSink {
 public:
  void OnSegment(const Segment& s) override {
    if (s.gap_before > 0) text += "[" + std::to_string(s.gap_before) + "]";
    text += AsText(s.payload);
    last_role = s.role;
  }
  void OnCount(Connection& c, EdgeMetric m, uint64_t amount, uint64_t) override {
    counts[{c.id, m}] += amount;
  }
  void OnConnectLatency(Connection&, uint64_t us, uint64_t) override { latency_us = us; }
  void OnClosed(Connection&, uint64_t) override { ++closed; }
  void OnQueueOverflow(const decode::SocketTuple&, uint32_t, uint64_t n, uint64_t) override {
    overflow += n;
  }
  uint64_t Of(uint64_t id, EdgeMetric m) { return counts[{id, m}]; }

  std::string text;
  std::map<std::pair<uint64_t, EdgeMetric>, uint64_t> counts;
  uint64_t latency_us = 0;
  uint64_t overflow = 0;
  int closed = 0;
  Role last_role = Role::kUnknown;
};

class Facts : public HostFacts {
 public:
  bool Translate(const decode::SocketTuple& v, Translation& out) const override {
    if (!translates || v.remote != *IpAddress::Parse("10.96.0.1")) return false;
    out.client = {v.local, v.local_port};
    out.server = {*IpAddress::Parse("10.244.0.9"), 8080};
    return true;
  }
  bool IsListening(uint32_t, uint16_t port) const override { return port == listening; }
  uint32_t ListenerTgid(uint32_t, uint16_t port) const override {
    return port == listening ? listener : 0;
  }
  bool translates = true;
  uint16_t listening = 0;
  uint32_t listener = 77;
};

class TrackerTest : public ::testing::Test {
 protected:
  Event Open(uint64_t socket, const char* local, uint16_t lport, const char* remote, uint16_t rport,
             Role role, uint32_t netns = 1) {
    Event e;
    e.type = EventType::kOpen;
    e.time_ns = now;
    e.socket = socket;
    e.tgid = static_cast<uint32_t>(socket * 10);
    e.has_tuple = true;
    e.tuple = {*IpAddress::Parse(local), *IpAddress::Parse(remote), lport, rport, netns,
               schema::L4Protocol::kTcp};
    e.role = role;
    return e;
  }
  Event Data(uint64_t socket, decode::Direction d, uint32_t seq, std::string_view bytes) {
    Event e;
    e.type = EventType::kData;
    e.time_ns = now;
    e.socket = socket;
    e.tgid = static_cast<uint32_t>(socket * 10);
    e.direction = d;
    e.tcp_seq = seq;
    e.length = static_cast<uint32_t>(bytes.size());
    e.payload = AsBytes(bytes);
    return e;
  }
  Event Plain(EventType type, uint64_t socket) {
    Event e;
    e.type = type;
    e.time_ns = now;
    e.socket = socket;
    return e;
  }

  uint64_t now = 1'000'000 * kMs;
  Recorder sink;
  Facts facts;
  PeerIndex peers{1000};
  Tracker tracker{100, peers, facts, sink};
};

TEST_F(TrackerTest, PutsCallsInOrderAndTellsGaps) {
  tracker.OnEvent(Open(1, "10.0.0.1", 40000, "10.0.0.2", 80, Role::kClient));
  const auto tx = decode::Direction::kTx;
  tracker.OnEvent(Data(1, tx, 100, "ab"));
  tracker.OnEvent(Data(1, tx, 104, "ef"));  // ahead
  tracker.OnEvent(Data(1, tx, 102, "cd"));
  EXPECT_EQ(sink.text, "abcdef");
  tracker.OnEvent(Data(1, tx, 100, "ab"));  // again
  EXPECT_EQ(tracker.counts().order.duplicates, 1u);
  tracker.OnEvent(Data(1, tx, 116, "gh"));  // 10 bytes never come
  EXPECT_EQ(sink.text, "abcdef");
  tracker.Release(now + kHoldNs);
  EXPECT_EQ(sink.text, "abcdef[10]gh");
  tracker.OnEvent(Data(1, tx, 117, "hi"));  // overlaps by one
  EXPECT_EQ(sink.text, "abcdef[10]ghi");
}

TEST_F(TrackerTest, SequenceNumbersMayWrap) {
  tracker.OnEvent(Open(1, "10.0.0.1", 40000, "10.0.0.2", 80, Role::kClient));
  tracker.OnEvent(Data(1, decode::Direction::kTx, 0xfffffffeu, "abcd"));
  tracker.OnEvent(Data(1, decode::Direction::kTx, 2, "ef"));
  EXPECT_EQ(sink.text, "abcdef");
}

TEST_F(TrackerTest, TranslatedClientMeetsItsServer) {
  tracker.OnEvent(Open(1, "10.244.0.5", 40000, "10.96.0.1", 80, Role::kClient, 5));
  now += 20 * kMs;
  tracker.OnEvent(Open(2, "10.244.0.9", 8080, "10.244.0.5", 40000, Role::kServer, 6));
  now += 20 * kMs;
  tracker.Tick(now);
  const Connection* client = tracker.Find(1);
  const Connection* server = tracker.Find(2);
  ASSERT_TRUE(client && server);
  EXPECT_EQ(client->peer_tgid, 20u);
  EXPECT_EQ(client->server.port, 8080);
  EXPECT_EQ(server->peer_tgid, 10u);
}

TEST_F(TrackerTest, RestartedServerReplacesItsOldProcess) {
  facts.listening = 8080;  // the old process, as long as nobody looked again
  tracker.OnEvent(Open(1, "10.244.0.5", 40000, "10.96.0.1", 80, Role::kClient, 5));
  Event waiting = Open(2, "10.244.0.9", 8080, "10.244.0.5", 40000, Role::kServer, 6);
  waiting.tgid = 0;  // not accepted yet
  tracker.OnEvent(waiting);
  now += 20 * kMs;
  tracker.Tick(now);
  EXPECT_EQ(tracker.Find(1)->peer_tgid, 77u);
  tracker.OnEvent(Data(2, decode::Direction::kRx, 1, "GET"));  // read by the new process, 20
  now += 2000 * kMs;
  tracker.Tick(now);
  EXPECT_EQ(tracker.Find(1)->peer_tgid, 20u);
}

TEST_F(TrackerTest, ReusedPortIsNotJoinedWithTheSocketBeforeIt) {
  facts.translates = false;
  tracker.OnEvent(Open(1, "10.0.0.1", 40000, "10.0.0.2", 80, Role::kClient, 5));
  tracker.OnEvent(Open(2, "10.0.0.2", 80, "10.0.0.1", 40000, Role::kServer, 6));
  now += 20 * kMs;
  tracker.OnEvent(Plain(EventType::kClosed, 1));
  tracker.OnEvent(Plain(EventType::kClosed, 2));
  now += 20 * kMs;
  tracker.OnEvent(Open(3, "10.0.0.1", 40000, "10.0.0.2", 80, Role::kClient, 5));
  now += 20 * kMs;
  tracker.Tick(now);
  EXPECT_FALSE(tracker.Find(3)->peer_known);
  tracker.OnEvent(Open(4, "10.0.0.2", 80, "10.0.0.1", 40000, Role::kServer, 6));
  now += 20 * kMs;
  tracker.Tick(now);
  EXPECT_EQ(tracker.Find(3)->peer_socket, 4u);
  EXPECT_EQ(tracker.Find(3)->peer_tgid, 40u);
}

TEST_F(TrackerTest, LoopbackIsJoinedInsideOneNamespaceOnly) {
  tracker.OnEvent(Open(1, "127.0.0.1", 40000, "127.0.0.1", 6379, Role::kClient, 5));
  tracker.OnEvent(Open(2, "127.0.0.1", 6379, "127.0.0.1", 40000, Role::kServer, 6));
  now += 20 * kMs;
  tracker.Tick(now);
  EXPECT_FALSE(tracker.Find(1)->peer_known);
  tracker.OnEvent(Open(3, "127.0.0.1", 6379, "127.0.0.1", 40000, Role::kServer, 5));
  now += 20 * kMs;
  tracker.Tick(now);
  EXPECT_EQ(tracker.Find(1)->peer_socket, 3u);
}

TEST_F(TrackerTest, ConnectOutcomesAreCountedOnce) {
  tracker.OnEvent(Open(1, "10.0.0.1", 40000, "10.0.0.2", 80, Role::kClient));
  Event again = Plain(EventType::kRetransmit, 1);
  again.tcp_state = 2;
  tracker.OnEvent(again);
  Event refused = Plain(EventType::kConnected, 1);
  refused.error = ECONNREFUSED;
  refused.reset = true;
  refused.syn_retrans = 1;
  tracker.OnEvent(refused);
  tracker.OnEvent(refused);
  EXPECT_EQ(sink.Of(1, EdgeMetric::kSynCount), 1u);
  EXPECT_EQ(sink.Of(1, EdgeMetric::kRetransSyn), 1u);
  EXPECT_EQ(sink.Of(1, EdgeMetric::kTcpEstablishFail), 1u);
  EXPECT_EQ(sink.Of(1, EdgeMetric::kServerReset), 1u);
  EXPECT_EQ(sink.Of(1, EdgeMetric::kNewFlow), 0u);

  tracker.OnEvent(Open(2, "10.0.0.1", 40001, "10.0.0.2", 80, Role::kClient));
  Event ok = Plain(EventType::kConnected, 2);
  ok.latency_ns = 3 * kMs;
  tracker.OnEvent(ok);
  EXPECT_EQ(sink.Of(2, EdgeMetric::kNewFlow), 1u);
  EXPECT_EQ(sink.latency_us, 3000u);
}

TEST_F(TrackerTest, BytesFollowTheRoleAndStatsFillWhatCallsDidNotShow) {
  tracker.OnEvent(Open(1, "10.0.0.2", 80, "10.0.0.1", 40000, Role::kServer));
  tracker.OnEvent(Data(1, decode::Direction::kTx, 100, "hello"));
  EXPECT_EQ(sink.Of(1, EdgeMetric::kByteRx), 5u) << "a server sends toward the client";
  Event stats = Plain(EventType::kStats, 1);
  stats.stats.byte_tx = 1005;  // 1000 bytes went by splice
  stats.stats.packet_tx = 3;
  tracker.OnEvent(stats);
  tracker.OnEvent(stats);
  EXPECT_EQ(sink.Of(1, EdgeMetric::kByteRx), 1005u);
  EXPECT_EQ(sink.Of(1, EdgeMetric::kPacketRx), 3u);
}

TEST_F(TrackerTest, TrafficBeforeTheAgentIsNotCounted) {
  Event open = Open(1, "10.0.0.1", 40000, "10.0.0.2", 80, Role::kClient);
  open.existing = true;
  tracker.OnEvent(open);
  Event stats = Plain(EventType::kStats, 1);
  stats.stats.byte_tx = 1'000'000;
  tracker.OnEvent(stats);
  EXPECT_EQ(sink.Of(1, EdgeMetric::kByteTx), 0u);
  stats.stats.byte_tx = 1'000'300;
  tracker.OnEvent(stats);
  EXPECT_EQ(sink.Of(1, EdgeMetric::kByteTx), 300u);
  EXPECT_EQ(sink.Of(1, EdgeMetric::kSynCount), 0u);
}

TEST_F(TrackerTest, RolesComeFromListenersBeforePorts) {
  facts.listening = 50000;
  tracker.OnEvent(Open(1, "10.0.0.1", 50000, "10.0.0.2", 80, Role::kUnknown));
  EXPECT_EQ(tracker.Find(1)->role, Role::kServer);
  tracker.OnEvent(Open(2, "10.0.0.1", 40000, "10.0.0.2", 80, Role::kUnknown));
  tracker.Tick(now);
  EXPECT_EQ(tracker.Find(2)->role, Role::kUnknown);
  now += 2000 * kMs;
  tracker.Tick(now);
  EXPECT_EQ(tracker.Find(2)->role, Role::kClient);
  EXPECT_EQ(tracker.counts().roles_guessed, 1u);
  tracker.SetRole(2, Role::kServer, now);  // inference knows better than ports
  EXPECT_EQ(tracker.Find(2)->role, Role::kServer);
}

TEST_F(TrackerTest, AFullTableDropsTheIdlestAndCounts) {
  for (uint64_t i = 1; i <= 150; ++i) {
    tracker.OnEvent(
        Open(i, "10.0.0.1", static_cast<uint16_t>(1000 + i), "10.0.0.2", 80, Role::kClient));
  }
  EXPECT_EQ(tracker.size(), 100u);
  EXPECT_EQ(tracker.counts().evicted, 50u);
  EXPECT_EQ(sink.closed, 50);
  EXPECT_EQ(tracker.Find(1), nullptr);
}

TEST_F(TrackerTest, UnconnectedDatagramsAreOneFlowPerPeer) {
  for (const uint16_t port : {5000, 5001}) {
    Event e = Data(9, decode::Direction::kRx, 0, "query");
    e.has_tuple = true;
    e.tuple = {*IpAddress::Parse("10.0.0.2"), *IpAddress::Parse("10.0.0.1"), 53, port, 1,
               schema::L4Protocol::kUdp};
    e.role = Role::kServer;
    tracker.OnEvent(e);
  }
  int flows = 0;
  tracker.ForEach([&](Connection& c) { flows += c.socket == 9 && c.id != 9 ? 1 : 0; });
  EXPECT_EQ(flows, 2);
}

TEST_F(TrackerTest, ClosingWithDataUnreadIsAReset) {
  Event accepted = Open(2, "10.0.0.2", 80, "10.0.0.1", 40001, Role::kServer);
  accepted.type = EventType::kAccepted;
  tracker.OnEvent(accepted);
  tracker.OnEvent(Plain(EventType::kClosed, 2));
  Event reset = Plain(EventType::kReset, 2);
  reset.tcp_state = 7;  // CLOSE: the kernel closes first, then tells the peer
  tracker.OnEvent(reset);
  EXPECT_EQ(sink.Of(2, EdgeMetric::kServerRstFlow), 1u);
  EXPECT_EQ(sink.Of(2, EdgeMetric::kTcpTransferFail), 1u);
}

TEST_F(TrackerTest, KnowsWhichEndLeftFirst) {
  using decode::Ended;
  struct Case {
    Role role;
    Ended ended;
    bool got_reset;
    int error;
    Role first;
  };
  const Case cases[] = {
      {Role::kClient, Ended::kByLocal, false, 0, Role::kClient},
      {Role::kServer, Ended::kByLocal, false, 0, Role::kServer},
      {Role::kClient, Ended::kByPeer, false, 0, Role::kServer},
      {Role::kServer, Ended::kByPeer, false, 0, Role::kClient},
      {Role::kClient, Ended::kOpen, false, 0, Role::kClient},  // closed by its own reset
      {Role::kClient, Ended::kOpen, true, 0, Role::kServer},
      {Role::kServer, Ended::kOpen, true, 0, Role::kClient},
      {Role::kClient, Ended::kOpen, false, ETIMEDOUT, Role::kServer},
      {Role::kClient, Ended::kUnknown, false, 0, Role::kUnknown},
  };
  uint64_t socket = 0;
  for (const Case& one : cases) {
    ++socket;
    const auto port = static_cast<uint16_t>(40000 + socket);
    tracker.OnEvent(Open(socket, "10.0.0.1", port, "10.0.0.2", 80, one.role));
    if (one.got_reset) {
      Event reset = Plain(EventType::kReset, socket);
      reset.reset = true;
      reset.tcp_state = 1;
      tracker.OnEvent(reset);
    }
    Event closed = Plain(EventType::kClosed, socket);
    closed.ended = one.ended;
    closed.error = one.error;
    tracker.OnEvent(closed);
    EXPECT_EQ(tracker.Find(socket)->ended_by, one.first) << "case " << socket;
    EXPECT_EQ(tracker.Find(socket)->client_tgid(), one.role == Role::kClient ? socket * 10 : 0u);
  }
}

// A listener answers with RST in two cases; only one of them is a connect that failed.
TEST_F(TrackerTest, TellsRefusedHandshakesFromLateData) {
  facts.listening = 80;
  facts.translates = false;
  Event reset = Open(0, "10.0.0.2", 80, "10.0.0.1", 40000, Role::kServer);
  reset.type = EventType::kReset;
  reset.reset = false;  // sent by this end
  tracker.OnEvent(reset);
  EXPECT_EQ(sink.Of(0, EdgeMetric::kTcpEstablishFail), 1u);
  EXPECT_EQ(sink.Of(0, EdgeMetric::kServerEstablishOtherRst), 1u);

  Event accepted = Open(2, "10.0.0.2", 80, "10.0.0.1", 40001, Role::kServer);
  accepted.type = EventType::kAccepted;
  tracker.OnEvent(accepted);
  tracker.OnEvent(Plain(EventType::kClosed, 2));
  reset.tuple.remote_port = 40001;
  tracker.OnEvent(reset);
  EXPECT_EQ(sink.Of(0, EdgeMetric::kTcpEstablishFail), 1u);
  EXPECT_EQ(sink.Of(0, EdgeMetric::kTcpTransferFail), 1u);
  EXPECT_EQ(sink.Of(0, EdgeMetric::kServerRstFlow), 1u);
}

}  // namespace
}  // namespace pano::flow
