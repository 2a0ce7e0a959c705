// SPDX-License-Identifier: Apache-2.0
// The life of connections, in network namespaces of their own, against the kernel's own counters.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "observer.h"
#include "traffic.h"

namespace pano::test {
namespace {

using decode::Event;
using decode::EventType;
using decode::Role;
using source::Tier;

class TcpLifeTest : public ::testing::TestWithParam<Tier> {
 protected:
  void SetUp() override {
    ASSERT_EQ(observer().failure(), "") << "these tests need the rights to load eBPF (root)";
    observer().Clear();
  }
  static Observer& observer() { return Observer::Of(GetParam()); }
};

void Sleep(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

void SetInt(int fd, int level, int name, int value) {
  Must(setsockopt(fd, level, name, &value, sizeof(value)) == 0, "setsockopt");
}

TEST_P(TcpLifeTest, ConnectAndAccept) {
  const ChildRun run = RunChild([]() -> Facts { return {MakeTcpPair(Family::kV4).client_port}; });
  ASSERT_EQ(run.status, 0);
  const auto port = static_cast<uint16_t>(run.facts[0]);
  const SeenList connected = observer().OfType(port, EventType::kConnected, 1);
  ASSERT_EQ(connected.size(), 1u);
  EXPECT_EQ(connected[0].event.error, 0);
  EXPECT_GT(connected[0].event.latency_ns, 1000u);
  EXPECT_EQ(connected[0].event.role, Role::kClient);
  EXPECT_EQ(connected[0].event.tgid, static_cast<uint32_t>(run.pid));
  const SeenList accepted = observer().OfType(port, EventType::kAccepted, 1);
  ASSERT_EQ(accepted.size(), 1u);
  EXPECT_EQ(accepted[0].event.role, Role::kServer);
  EXPECT_EQ(accepted[0].event.tuple.remote_port, port);
}

TEST_P(TcpLifeTest, RefusedConnect) {
  const ChildRun run = RunChild([]() -> Facts {
    const Listener listener = Listen(Family::kV4, 1);
    close(listener.fd);
    Must(ConnectTo(Family::kV4, listener.port, 0) < 0 && errno == ECONNREFUSED, "refused");
    return {listener.port};
  });
  ASSERT_EQ(run.status, 0);
  const auto port = static_cast<uint16_t>(run.facts[0]);
  const SeenList failed = observer().OfType(port, EventType::kConnected, 1);
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].event.error, ECONNREFUSED);
  EXPECT_TRUE(failed[0].event.reset);
  EXPECT_EQ(failed[0].event.tuple.remote_port, port);
  EXPECT_NE(failed[0].event.tuple.local_port, 0);
  // Two resets: the one the closed port sent (no socket there), the same one received.
  const SeenList resets = observer().OfType(port, EventType::kReset, 2);
  ASSERT_EQ(resets.size(), 2u);
  const Event& sent = resets[0].event.reset ? resets[1].event : resets[0].event;
  EXPECT_FALSE(sent.reset);
  EXPECT_EQ(sent.socket, 0u);
  EXPECT_EQ(sent.tuple.local_port, port);
  EXPECT_EQ(sent.tuple.remote_port, failed[0].event.tuple.local_port);
  EXPECT_EQ(sent.tuple.netns, failed[0].event.tuple.netns);
}

TEST_P(TcpLifeTest, ConnectThatIsNeverAnswered) {
  const ChildRun run = RunChild([]() -> Facts {
    EnterOwnNetns();
    const Listener listener = Listen(Family::kV4, 1);
    Shell("iptables -A INPUT -p tcp --syn -j DROP");
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    SetInt(fd, IPPROTO_TCP, TCP_SYNCNT, 1);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(listener.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    Must(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) < 0 && errno == ETIMEDOUT,
         "times out");
    return {listener.port, NetCounter("Tcp", "RetransSegs")};
  });
  ASSERT_EQ(run.status, 0);
  const auto port = static_cast<uint16_t>(run.facts[0]);
  const SeenList failed = observer().OfType(port, EventType::kConnected, 1);
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].event.error, ETIMEDOUT);
  EXPECT_FALSE(failed[0].event.reset);
  EXPECT_EQ(failed[0].event.syn_retrans, run.facts[1]);
  const SeenList again = observer().OfType(port, EventType::kRetransmit, run.facts[1]);
  uint64_t segments = 0;
  for (const Seen& seen : again) segments += seen.event.segments;
  EXPECT_EQ(segments, run.facts[1])
      << again.size() << " records; lost to a full ring " << observer().Losses("ring_full")
      << ", to recursion " << observer().Losses("recursion");
  EXPECT_GE(again.size(), 1u);
  for (const Seen& seen : again) EXPECT_EQ(seen.event.tcp_state, 2) << "SYN_SENT";
}

TEST_P(TcpLifeTest, ConnectThatIsGivenUpAndConnectWithoutPort) {
  const ChildRun run = RunChild([]() -> Facts {
    EnterOwnNetns();
    const Listener silent = Listen(Family::kV4, 1);
    const Listener open = Listen(Family::kV4, 4);
    Shell(fmt::format("iptables -A INPUT -p tcp --syn --dport {} -j DROP", silent.port));
    const int fd = ConnectTo(Family::kV4, silent.port, SOCK_NONBLOCK);
    Must(fd >= 0, "begin to connect");
    Sleep(50);
    close(fd);
    Shell("echo '61000 61000' > /proc/sys/net/ipv4/ip_local_port_range");
    Must(ConnectTo(Family::kV4, open.port, 0) >= 0, "the last port");
    Must(ConnectTo(Family::kV4, open.port, 0) < 0 && errno == EADDRNOTAVAIL, "no port");
    return {silent.port, open.port};
  });
  ASSERT_EQ(run.status, 0);
  const SeenList given_up =
      observer().OfType(static_cast<uint16_t>(run.facts[0]), EventType::kConnected, 1);
  ASSERT_EQ(given_up.size(), 1u);
  EXPECT_EQ(given_up[0].event.error, ECANCELED);
  const SeenList without =
      observer().OfType(static_cast<uint16_t>(run.facts[1]), EventType::kConnected, 2);
  ASSERT_EQ(without.size(), 2u);
  EXPECT_EQ(without[0].event.error, 0);
  EXPECT_EQ(without[1].event.error, EADDRNOTAVAIL);
}

TEST_P(TcpLifeTest, OverflowOfTheAcceptQueueEqualsTheKernelsCount) {
  const ChildRun run = RunChild([]() -> Facts {
    EnterOwnNetns();
    const Listener listener = Listen(Family::kV4, 1);
    Sleep(1500);  // the listener is older than one walk
    for (int i = 0; i < 6; ++i) ConnectTo(Family::kV4, listener.port, SOCK_NONBLOCK);
    Sleep(2500);
    const uint64_t drops = NetCounter("TcpExt", "ListenDrops");
    const uint64_t overflows = NetCounter("TcpExt", "ListenOverflows");
    Sleep(1200);  // one more walk sees it; later drops are of later times
    return {listener.port, drops, overflows, NetCounter("TcpExt", "ListenDrops")};
  });
  ASSERT_EQ(run.status, 0);
  EXPECT_GT(run.facts[2], 0u);
  uint64_t overflow = 0;
  uint32_t deepest = 0;
  const auto port = static_cast<uint16_t>(run.facts[0]);
  for (const Seen& seen : observer().OfType(port, EventType::kAcceptQueue, 2)) {
    overflow += seen.event.accept_overflow;
    deepest = std::max(deepest, seen.event.accept_queue);
    EXPECT_EQ(seen.event.accept_queue_limit, 1u);
    EXPECT_EQ(seen.event.tuple.local_port, port);
  }
  EXPECT_EQ(deepest, 2u) << "a queue of limit 1 holds 2";
  EXPECT_GE(overflow, run.facts[1]);
  EXPECT_LE(overflow, run.facts[3]);
}

TEST_P(TcpLifeTest, RetransmitsEqualTheKernelsCount) {
  const ChildRun run = RunChild([]() -> Facts {
    EnterOwnNetns();
    const TcpPair pair = MakeTcpPair(Family::kV4);
    Shell(fmt::format("iptables -A INPUT -p tcp --sport {} -j DROP", pair.client_port));
    Must(write(pair.client, "lost", 4) == 4, "write");
    while (NetCounter("Tcp", "RetransSegs") < 3) Sleep(20);
    Shell("iptables -F");
    char room[10];
    Must(read(pair.server, room, sizeof(room)) == 4, "arrives at last");
    close(pair.client);
    close(pair.server);
    return {pair.client_port, NetCounter("Tcp", "RetransSegs")};
  });
  ASSERT_EQ(run.status, 0);
  const auto port = static_cast<uint16_t>(run.facts[0]);
  const SeenList closed = observer().OfType(port, EventType::kClosed, 2);
  uint64_t segments = 0;
  for (const Seen& seen : observer().OfType(port, EventType::kRetransmit, 3)) {
    segments += seen.event.segments;
    EXPECT_EQ(seen.event.tuple.local_port, port);
    EXPECT_EQ(seen.event.tcp_state, 1) << "ESTABLISHED";
  }
  EXPECT_EQ(segments, run.facts[1]);
  uint64_t counted = 0;
  for (const Seen& seen : closed) counted += seen.event.stats.retrans;
  EXPECT_EQ(counted, run.facts[1]);
}

// A peer that falls silent: TCP gives the established connection up, and says so when it closes.
TEST_P(TcpLifeTest, SilentPeerIsATimeout) {
  const ChildRun run = RunChild([]() -> Facts {
    EnterOwnNetns();
    const TcpPair pair = MakeTcpPair(Family::kV4);
    SetInt(pair.client, IPPROTO_TCP, TCP_USER_TIMEOUT, 400);
    Shell(fmt::format("iptables -A INPUT -p tcp --sport {} -j DROP", pair.client_port));
    Must(write(pair.client, "into the void", 13) == 13, "write");
    char room[10];
    Must(read(pair.client, room, sizeof(room)) < 0 && errno == ETIMEDOUT, "given up");
    const TcpPair fine = MakeTcpPair(Family::kV4);
    close(fine.client);
    close(fine.server);
    return {pair.client_port, fine.client_port, NetCounter("TcpExt", "TCPAbortOnTimeout")};
  });
  ASSERT_EQ(run.status, 0);
  EXPECT_EQ(run.facts[2], 1u);
  const auto port = static_cast<uint16_t>(run.facts[0]);
  const auto timed_out = [](const SeenList& list) {
    return Where(list, [](const Event& e) { return e.type == EventType::kClosed && e.error != 0; });
  };
  const SeenList closed = timed_out(
      observer().Of(port, [&](const SeenList& list) { return !timed_out(list).empty(); }));
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].event.error, ETIMEDOUT);
  EXPECT_EQ(closed[0].event.tuple.local_port, port) << "the end that gave up";
  const SeenList fine =
      observer().OfType(static_cast<uint16_t>(run.facts[1]), EventType::kClosed, 2);
  ASSERT_EQ(fine.size(), 2u);
  for (const Seen& seen : fine) EXPECT_EQ(seen.event.error, 0);
}

TEST_P(TcpLifeTest, ResetsAreSeenAtBothEnds) {
  const ChildRun run = RunChild([]() -> Facts {
    const TcpPair pair = MakeTcpPair(Family::kV6);
    const linger hard{1, 0};
    Must(setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)) == 0, "linger");
    close(pair.client);
    char room[10];
    Must(read(pair.server, room, sizeof(room)) < 0 && errno == ECONNRESET, "reset");
    return {pair.client_port};
  });
  ASSERT_EQ(run.status, 0);
  const auto port = static_cast<uint16_t>(run.facts[0]);
  const SeenList resets = observer().OfType(port, EventType::kReset, 2);
  ASSERT_EQ(resets.size(), 2u);
  for (const Seen& seen : resets) {
    EXPECT_EQ(seen.event.reset, seen.event.tuple.remote_port == port);
    EXPECT_NE(seen.event.socket, 0u);
  }
}

TEST_P(TcpLifeTest, TheEndThatLeavesFirstIsTold) {
  const ChildRun run = RunChild([]() -> Facts {
    char room[10];
    const auto leave = [&room](int first, int second) {
      Must(close(first) == 0, "close");
      Must(read(second, room, sizeof(room)) == 0, "end of stream");
      close(second);
    };
    const TcpPair by_client = MakeTcpPair(Family::kV4);
    leave(by_client.client, by_client.server);
    const TcpPair by_server = MakeTcpPair(Family::kV6);
    leave(by_server.server, by_server.client);
    const TcpPair shut = MakeTcpPair(Family::kV4);  // the client still waits, the server leaves
    shutdown(shut.client, SHUT_WR);
    leave(shut.server, shut.client);
    return {by_client.client_port, by_server.client_port, shut.client_port};
  });
  ASSERT_EQ(run.status, 0);
  const auto ends_of = [&](size_t which) {
    const auto port = static_cast<uint16_t>(run.facts[which]);
    const SeenList both = observer().OfType(port, EventType::kClosed, 2);
    EXPECT_EQ(both.size(), 2u);
    std::vector<decode::Ended> ended(2, decode::Ended::kUnknown);  // as client and server see it
    for (const Seen& s : both) ended[s.event.tuple.local_port == port ? 0 : 1] = s.event.ended;
    return ended;
  };
  using enum decode::Ended;
  EXPECT_THAT(ends_of(0), testing::ElementsAre(kByLocal, kByPeer));
  EXPECT_THAT(ends_of(1), testing::ElementsAre(kByPeer, kByLocal));
  EXPECT_EQ(ends_of(2)[0], kByPeer);
}

// The last part of a handshake that the listener has forgotten comes by its backlog, without a
// device: the answering reset still belongs to the listener's network namespace.
TEST_P(TcpLifeTest, AListenersOwnResetKnowsItsNamespace) {
  const ChildRun run = RunChild([]() -> Facts {
    EnterOwnNetns();
    const Listener listener = Listen(Family::kV4, 4);
    SendStrayAck(4321, listener.port);
    Sleep(50);
    struct stat netns{};
    Must(stat("/proc/self/ns/net", &netns) == 0, "stat");
    return {listener.port, netns.st_ino, NetCounter("Tcp", "OutRsts")};
  });
  ASSERT_EQ(run.status, 0);
  EXPECT_EQ(run.facts[2], 1u);
  const SeenList resets =
      observer().OfType(static_cast<uint16_t>(run.facts[0]), EventType::kReset, 1);
  ASSERT_EQ(resets.size(), 1u);
  const Event& sent = resets[0].event;
  EXPECT_FALSE(sent.reset);
  EXPECT_EQ(sent.socket, 0u);
  EXPECT_EQ(sent.tuple.local_port, run.facts[0]);
  EXPECT_EQ(sent.tuple.remote_port, 4321u);
  EXPECT_EQ(sent.tuple.netns, run.facts[1]);
}

TEST_P(TcpLifeTest, ListenersAreAnnouncedWithTheirLimit) {
  const ChildRun run = RunChild([]() -> Facts { return {Listen(Family::kV4, 77).port}; });
  ASSERT_EQ(run.status, 0);
  const SeenList seen =
      observer().OfType(static_cast<uint16_t>(run.facts[0]), EventType::kAcceptQueue, 1);
  ASSERT_GE(seen.size(), 1u);
  EXPECT_EQ(seen[0].event.accept_queue_limit, 77u);
  EXPECT_EQ(seen[0].event.tgid, static_cast<uint32_t>(run.pid));
}

TEST_P(TcpLifeTest, LiveConnectionsTellTheirCounters) {
  PausedChild child([](const std::function<void(Facts)>& pause) {
    const TcpPair pair = MakeTcpPair(Family::kV4);
    Must(write(pair.client, "hello", 5) == 5, "write");
    pause({pair.client_port});
  });
  ASSERT_EQ(child.facts().size(), 1u);
  const auto port = static_cast<uint16_t>(child.facts()[0]);
  const SeenList stats = observer().OfType(port, EventType::kStats, 2);
  ASSERT_GE(stats.size(), 2u);
  for (const Seen& seen : stats) {
    const bool client = seen.event.tuple.local_port == port;
    EXPECT_EQ(seen.event.stats.byte_tx, client ? 5u : 0u);
    EXPECT_EQ(seen.event.stats.byte_rx, client ? 0u : 5u);
  }
}

TEST_P(TcpLifeTest, ProcessesBeginAndEnd) {
  const ChildRun run = RunChild([]() -> Facts {
    const pid_t pid = fork();
    if (pid == 0) {
      execl("/bin/sh", "sh", "-c", "exit 3", nullptr);
      _exit(1);
    }
    waitpid(pid, nullptr, 0);
    return {static_cast<uint64_t>(pid)};
  });
  ASSERT_EQ(run.status, 0);
  const auto of = [&run](const SeenList& list, EventType type) {
    return Where(list,
                 [&run, type](const Event& e) { return e.type == type && e.tgid == run.facts[0]; });
  };
  SeenList all;
  observer().Of(0, [&](const SeenList&) {
    all = observer().All();
    return !of(all, EventType::kProcessExit).empty();
  });
  EXPECT_EQ(of(all, EventType::kProcessExec).size(), 1u);
  const SeenList exits = of(all, EventType::kProcessExit);
  ASSERT_EQ(exits.size(), 1u);
  EXPECT_EQ(exits[0].event.exit_code, 3 << 8);
}

INSTANTIATE_TEST_SUITE_P(Tiers, TcpLifeTest, ::testing::Values(Tier::kSockLength, Tier::kSysExit),
                         [](const auto& one) { return std::string(source::Name(one.param)); });

}  // namespace
}  // namespace pano::test
