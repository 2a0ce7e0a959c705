// SPDX-License-Identifier: Apache-2.0
// Every system call that moves bytes through a socket, over every family, in every tier: seen once
// at each end, with the same sequence number, the right length and the right bytes.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <numeric>

#include "observer.h"
#include "traffic.h"

namespace pano::test {
namespace {

using decode::Direction;
using decode::Event;
using decode::EventType;
using source::Tier;

const std::string kMessage = "GET /cart HTTP/1.1\r\nHost: shop\r\n\r\n and some body behind";

// Three pieces, one of them empty, as servers write header and body.
std::array<iovec, 4> Pieces(char* base, size_t length) {
  const size_t third = length / 3;
  return {iovec{base, third}, iovec{base + third, 0}, iovec{base + third, third},
          iovec{base + 2 * third, length - 2 * third}};
}

struct SendCall {
  const char* name;
  ssize_t (*send)(int fd, char* base, size_t length);
};

msghdr Message(std::array<iovec, 4>* pieces) {
  msghdr message{};
  message.msg_iov = pieces->data();
  message.msg_iovlen = pieces->size();
  return message;
}

const SendCall kSends[] = {
    {"write", [](int fd, char* b, size_t n) { return write(fd, b, n); }},
    {"send", [](int fd, char* b, size_t n) { return send(fd, b, n, 0); }},
    {"sendto",
     [](int fd, char* b, size_t n) { return sendto(fd, b, n, MSG_NOSIGNAL, nullptr, 0); }},
    {"writev",
     [](int fd, char* b, size_t n) {
       auto pieces = Pieces(b, n);
       return writev(fd, pieces.data(), pieces.size());
     }},
    {"pwritev2",
     [](int fd, char* b, size_t n) {
       auto pieces = Pieces(b, n);
       return pwritev2(fd, pieces.data(), pieces.size(), -1, 0);
     }},
    {"sendmsg",
     [](int fd, char* b, size_t n) {
       auto pieces = Pieces(b, n);
       const msghdr message = Message(&pieces);
       return sendmsg(fd, &message, 0);
     }},
    {"sendmmsg",
     [](int fd, char* b, size_t n) {
       auto pieces = Pieces(b, n);
       mmsghdr message{Message(&pieces), 0};
       return sendmmsg(fd, &message, 1, 0) == 1 ? static_cast<ssize_t>(message.msg_len) : -1;
     }},
};

const SendCall kReceives[] = {
    {"read", [](int fd, char* b, size_t n) { return read(fd, b, n); }},
    {"recv", [](int fd, char* b, size_t n) { return recv(fd, b, n, MSG_WAITALL); }},
    {"recvfrom", [](int fd, char* b, size_t n) { return recvfrom(fd, b, n, 0, nullptr, nullptr); }},
    {"readv",
     [](int fd, char* b, size_t n) {
       auto pieces = Pieces(b, n);
       return readv(fd, pieces.data(), pieces.size());
     }},
    {"preadv2",
     [](int fd, char* b, size_t n) {
       auto pieces = Pieces(b, n);
       return preadv2(fd, pieces.data(), pieces.size(), -1, 0);
     }},
    {"recvmsg",
     [](int fd, char* b, size_t n) {
       auto pieces = Pieces(b, n);
       msghdr message = Message(&pieces);
       return recvmsg(fd, &message, 0);
     }},
    {"recvmmsg",
     [](int fd, char* b, size_t n) {
       auto pieces = Pieces(b, n);
       mmsghdr message{Message(&pieces), 0};
       return recvmmsg(fd, &message, 1, 0, nullptr) == 1 ? static_cast<ssize_t>(message.msg_len)
                                                         : -1;
     }},
};

class IoMatrixTest : public ::testing::TestWithParam<Tier> {
 protected:
  void SetUp() override {
    ASSERT_EQ(observer().failure(), "") << "these tests need the rights to load eBPF (root)";
    observer().Clear();
  }
  static Observer& observer() { return Observer::Of(GetParam()); }

  static SeenList Data(uint16_t port, size_t count) {
    return observer().OfType(port, EventType::kData, count);
  }
};

void ExpectBothEnds(const SeenList& data, const std::string& what) {
  ASSERT_EQ(data.size(), 2u) << what;
  const Seen& sent = data[0].event.direction == Direction::kTx ? data[0] : data[1];
  const Seen& received = data[0].event.direction == Direction::kTx ? data[1] : data[0];
  EXPECT_EQ(sent.event.direction, Direction::kTx) << what;
  EXPECT_EQ(received.event.direction, Direction::kRx) << what;
  EXPECT_EQ(sent.payload, kMessage) << what;
  EXPECT_EQ(received.payload, kMessage) << what;
  EXPECT_EQ(sent.event.length, kMessage.size()) << what;
  EXPECT_EQ(received.event.length, kMessage.size()) << what;
  EXPECT_EQ(sent.event.tcp_seq, received.event.tcp_seq) << what;
  EXPECT_NE(sent.event.socket, received.event.socket) << what;
  EXPECT_EQ(sent.event.tuple.local_port, received.event.tuple.remote_port) << what;
  EXPECT_EQ(sent.event.tuple.remote_port, received.event.tuple.local_port) << what;
  EXPECT_EQ(sent.event.tuple.local, received.event.tuple.remote) << what;
  EXPECT_EQ(sent.event.role, decode::Role::kClient) << what;
  EXPECT_EQ(received.event.role, decode::Role::kServer) << what;
}

TEST_P(IoMatrixTest, EveryCallOverEveryFamily) {
  for (const Family family : {Family::kV4, Family::kV6, Family::kMapped}) {
    for (size_t i = 0; i < std::size(kSends); ++i) {
      const ChildRun run = RunChild([family, i]() -> Facts {
        const TcpPair pair = MakeTcpPair(family);
        std::string out = kMessage;
        std::string in(kMessage.size(), '\0');
        const auto size = static_cast<ssize_t>(out.size());
        Must(kSends[i].send(pair.client, out.data(), out.size()) == size, kSends[i].name);
        Must(kReceives[i].send(pair.server, in.data(), in.size()) == size, kReceives[i].name);
        Must(in == out, "same bytes");
        return {pair.client_port};
      });
      ASSERT_EQ(run.status, 0) << kSends[i].name;
      const std::string what = fmt::format("{} to {}, family {}", kSends[i].name, kReceives[i].name,
                                           static_cast<int>(family));
      const SeenList data = Data(static_cast<uint16_t>(run.facts[0]), 2);
      ExpectBothEnds(data, what);
      for (const Seen& seen : data)
        EXPECT_EQ(seen.event.tgid, static_cast<uint32_t>(run.pid)) << what;
      const bool v4 = family != Family::kV6;
      EXPECT_EQ(data[0].event.tuple.local.ToString(), v4 ? "127.0.0.1" : "::1") << what;
    }
  }
}

TEST_P(IoMatrixTest, EveryByteIsCountedOnce) {
  constexpr size_t kTotal = 3'000'000;
  const ChildRun run = RunChild([]() -> Facts {
    const TcpPair pair = MakeTcpPair(Family::kV4);
    std::string block(20'000, 'x');
    size_t sent = 0;
    size_t received = 0;
    size_t turn = 0;
    while (received < kTotal) {
      const size_t want = std::min(kTotal - sent, 1 + turn++ * 7919 % block.size());
      if (want > 0) {
        const ssize_t n = send(pair.client, block.data(), want, MSG_DONTWAIT);
        if (n > 0) sent += static_cast<size_t>(n);
      }
      const ssize_t n =
          recv(pair.server, block.data(), 1 + turn * 104729 % block.size(), MSG_DONTWAIT);
      if (n > 0) received += static_cast<size_t>(n);
    }
    close(pair.client);
    Must(read(pair.server, block.data(), 1) == 0, "end of stream");
    close(pair.server);
    return {pair.client_port};
  });
  ASSERT_EQ(run.status, 0);
  const auto port = static_cast<uint16_t>(run.facts[0]);
  const SeenList closed = observer().OfType(port, EventType::kClosed, 2);
  ASSERT_EQ(closed.size(), 2u);
  for (const Seen& seen : closed) {
    const bool client = seen.event.tuple.local_port == port;
    EXPECT_EQ(client ? seen.event.stats.byte_tx : seen.event.stats.byte_rx, kTotal);
    EXPECT_EQ(client ? seen.event.stats.byte_rx : seen.event.stats.byte_tx, 0u);
    EXPECT_GT(seen.event.stats.packet_tx, 0u);
  }
  // The calls of each end follow each other without gap or overlap.
  for (const Direction direction : {Direction::kTx, Direction::kRx}) {
    const SeenList data =
        Where(Data(port, 2), [direction](const Event& e) { return e.direction == direction; });
    ASSERT_FALSE(data.empty());
    uint64_t total = 0;
    uint32_t expected = data[0].event.tcp_seq;
    for (const Seen& seen : data) {
      EXPECT_EQ(seen.event.tcp_seq, expected);
      EXPECT_LE(seen.payload.size(), seen.event.length);
      expected = seen.event.tcp_seq + seen.event.length;
      total += seen.event.length;
    }
    EXPECT_EQ(total, kTotal);
  }
}

TEST_P(IoMatrixTest, SendfileAndSpliceAreCountedWithoutPayload) {
  const ChildRun run = RunChild([]() -> Facts {
    const TcpPair pair = MakeTcpPair(Family::kV4);
    const int file = open("/proc/self/exe", O_RDONLY);
    char room[5000];
    Must(sendfile(pair.client, file, nullptr, 1000) == 1000, "sendfile");
    Must(recv(pair.server, room, 1000, MSG_WAITALL) == 1000, "recv");
    int ends[2];
    Must(pipe(ends) == 0 && write(ends[1], room, 500) == 500, "pipe");
    Must(splice(ends[0], nullptr, pair.client, nullptr, 500, 0) == 500, "splice into a socket");
    Must(splice(pair.server, nullptr, ends[1], nullptr, 500, 0) == 500, "splice from a socket");
    Must(write(pair.client, "after", 5) == 5 && read(pair.server, room, 5) == 5, "after");
    close(pair.client);
    close(pair.server);
    return {pair.client_port};
  });
  ASSERT_EQ(run.status, 0);
  const auto port = static_cast<uint16_t>(run.facts[0]);
  const SeenList closed = observer().OfType(port, EventType::kClosed, 2);
  ASSERT_EQ(closed.size(), 2u);
  EXPECT_EQ(std::max(closed[0].event.stats.byte_rx, closed[1].event.stats.byte_rx), 1505u);
  const SeenList sent =
      Where(Data(port, 3), [](const Event& e) { return e.direction == Direction::kTx; });
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_TRUE(sent[0].event.spliced);
  EXPECT_EQ(sent[0].event.length, 1000u);
  EXPECT_EQ(sent[0].payload, "");
  EXPECT_TRUE(sent[1].event.spliced);
  EXPECT_EQ(sent[1].event.length, 500u);
  EXPECT_EQ(sent[2].payload, "after");
  const SeenList received =
      Where(Data(port, 5), [](const Event& e) { return e.direction == Direction::kRx; });
  // What was spliced from a socket is seen by sys_exit, and as a gap in the sequence by
  // sock_length.
  const Seen& last = received.back();
  EXPECT_EQ(last.payload, "after");
  EXPECT_EQ(last.event.tcp_seq, sent[2].event.tcp_seq);
  EXPECT_EQ(received.size(), GetParam() == Tier::kSysExit ? 3u : 2u);
}

TEST_P(IoMatrixTest, PeekedAndFailedCallsAreNotData) {
  const ChildRun run = RunChild([]() -> Facts {
    const TcpPair pair = MakeTcpPair(Family::kV4);
    char room[100];
    Must(recv(pair.server, room, sizeof(room), MSG_DONTWAIT) < 0, "nothing there yet");
    Must(write(pair.client, "once", 4) == 4, "write");
    Must(recv(pair.server, room, sizeof(room), MSG_PEEK) == 4, "peek");
    Must(recv(pair.server, room, sizeof(room), MSG_PEEK) == 4, "peek");
    Must(recv(pair.server, room, sizeof(room), 0) == 4, "recv");
    close(pair.client);
    close(pair.server);
    return {pair.client_port};
  });
  ASSERT_EQ(run.status, 0);
  const auto port = static_cast<uint16_t>(run.facts[0]);
  observer().OfType(port, EventType::kClosed, 2);
  const SeenList data = Data(port, 2);
  EXPECT_EQ(data.size(), 2u);
  for (const Seen& seen : data) EXPECT_EQ(seen.payload, "once");
}

TEST_P(IoMatrixTest, CaptureFollowsWhatWasAsked) {
  PausedChild child([](const std::function<void(Facts)>& pause) {
    const TcpPair pair = MakeTcpPair(Family::kV4);
    const std::string big(30'000, 'b');
    std::string room(30'000, '\0');
    const auto size = static_cast<ssize_t>(big.size());
    for (int i = 0; i < 4; ++i) {
      Must(write(pair.client, big.data(), big.size()) == size, "write");
      Must(recv(pair.server, room.data(), room.size(), MSG_WAITALL) == size, "recv");
      pause({pair.client_port});
    }
  });
  ASSERT_EQ(child.facts().size(), 1u);
  const auto port = static_cast<uint16_t>(child.facts()[0]);
  const auto sent = [&](size_t count) {
    const auto is_sent = [port](const Event& e) {
      return e.type == EventType::kData && e.tuple.local_port == port;
    };
    return Where(
        observer().Of(port, [&](const SeenList& l) { return Where(l, is_sent).size() >= count; }),
        is_sent);
  };
  ASSERT_EQ(sent(1).size(), 1u);
  EXPECT_EQ(sent(1)[0].payload.size(), source::LiveOptions().default_capture);
  observer().SetCapture(sent(1)[0].event.socket, 1024);
  child.Resume();
  ASSERT_EQ(sent(2).size(), 2u);
  EXPECT_EQ(sent(2)[1].payload, std::string(1024, 'b'));
  observer().SetCapture(sent(1)[0].event.socket, 0);
  child.Resume();
  observer().SetCapture(sent(1)[0].event.socket, 64);
  child.Resume();
  const SeenList all = sent(3);
  ASSERT_EQ(all.size(), 3u) << "while nothing was asked for, nothing is sent";
  EXPECT_EQ(all[2].payload.size(), 64u);
  EXPECT_EQ(all[2].event.tcp_seq, all[0].event.tcp_seq + 90'000);
}

TEST_P(IoMatrixTest, ThePythonWay) {
  static constexpr const char* kScript = R"(python3 - <<'END'
import socket, os
s = socket.create_server(("127.0.0.1", 0))
c = socket.create_connection(s.getsockname())
a, _ = s.accept()
c.sendall(b"one"); a.recv_into(bytearray(10))
c.sendmsg([b"tw", b"o"]); a.recvmsg(10)
os.write(c.fileno(), b"three"); os.read(a.fileno(), 10)
f = c.makefile("wb"); f.write(b"four"); f.flush(); a.makefile("rb").read(4)
open(os.environ["PANO_PORT_FILE"], "w").write(str(c.getsockname()[1]))
END)";
  const std::string file = fmt::format("/tmp/pano_python_port_{}", getpid());
  const ChildRun run = RunChild([&file]() -> Facts {
    setenv("PANO_PORT_FILE", file.c_str(), 1);
    Shell(kScript);
    unsigned port = 0;
    std::FILE* in = std::fopen(file.c_str(), "r");
    Must(in && std::fscanf(in, "%u", &port) == 1, "port of the script");
    unlink(file.c_str());
    return {port};
  });
  ASSERT_EQ(run.status, 0);
  std::vector<std::string> sent;
  std::vector<std::string> received;
  for (const Seen& seen : Data(static_cast<uint16_t>(run.facts[0]), 8))
    (seen.event.direction == Direction::kTx ? sent : received).push_back(seen.payload);
  EXPECT_THAT(sent, ::testing::ElementsAre("one", "two", "three", "four"));
  EXPECT_THAT(received, ::testing::ElementsAre("one", "two", "three", "four"));
}

INSTANTIATE_TEST_SUITE_P(Tiers, IoMatrixTest, ::testing::Values(Tier::kSockLength, Tier::kSysExit),
                         [](const auto& one) { return std::string(source::Name(one.param)); });

}  // namespace
}  // namespace pano::test
