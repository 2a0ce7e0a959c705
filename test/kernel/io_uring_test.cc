// SPDX-License-Identifier: Apache-2.0
// Bytes moved by io_uring, from the submitting thread, from its workers, from its polling thread.
#include <gtest/gtest.h>
#include <liburing.h>
#include <unistd.h>

#include <cstring>

#include "observer.h"
#include "traffic.h"

namespace pano::test {
namespace {

using decode::Direction;
using decode::EventType;
using source::Tier;

class IoUringTest : public ::testing::TestWithParam<Tier> {
 protected:
  void SetUp() override {
    ASSERT_EQ(observer().failure(), "") << "these tests need the rights to load eBPF (root)";
    observer().Clear();
  }
  static Observer& observer() { return Observer::Of(GetParam()); }
};

// Submits one operation and waits for it; its result.
int Complete(io_uring* ring, unsigned sqe_flags,
             const std::function<void(io_uring_sqe*)>& prepare) {
  io_uring_sqe* sqe = io_uring_get_sqe(ring);
  Must(sqe != nullptr, "room in the ring");
  prepare(sqe);
  sqe->flags |= static_cast<uint8_t>(sqe_flags);
  Must(io_uring_submit(ring) >= 0, "submit");
  io_uring_cqe* cqe = nullptr;
  Must(io_uring_wait_cqe(ring, &cqe) == 0, "completion");
  const int result = cqe->res;
  io_uring_cqe_seen(ring, cqe);
  return result;
}

uint16_t MoveAll(unsigned setup_flags, unsigned sqe_flags) {
  io_uring ring;
  Must(io_uring_queue_init(16, &ring, setup_flags) == 0, "io_uring");
  const TcpPair pair = MakeTcpPair(Family::kV4);
  char room[64];
  iovec into{room, sizeof(room)};
  msghdr receive{};
  receive.msg_iov = &into;
  receive.msg_iovlen = 1;
  char text[] = "io_uring one";
  iovec halves[2] = {{text, 4}, {text + 4, 8}};
  msghdr message{};
  message.msg_iov = halves;
  message.msg_iovlen = 2;
  const auto run = [&](const std::function<void(io_uring_sqe*)>& prepare) {
    Must(Complete(&ring, sqe_flags, prepare) == 12, "moves 12 bytes");
  };
  run([&](io_uring_sqe* s) { io_uring_prep_send(s, pair.client, text, 12, 0); });
  run([&](io_uring_sqe* s) { io_uring_prep_recv(s, pair.server, room, sizeof(room), 0); });
  std::memcpy(text, "io_uring two", 12);
  run([&](io_uring_sqe* s) { io_uring_prep_sendmsg(s, pair.client, &message, 0); });
  run([&](io_uring_sqe* s) { io_uring_prep_recvmsg(s, pair.server, &receive, 0); });
  std::memcpy(text, "io_uring 333", 12);
  run([&](io_uring_sqe* s) { io_uring_prep_writev(s, pair.client, halves, 2, 0); });
  run([&](io_uring_sqe* s) { io_uring_prep_readv(s, pair.server, &into, 1, 0); });
  std::memcpy(text, "io_uring 444", 12);
  run([&](io_uring_sqe* s) { io_uring_prep_write(s, pair.client, text, 12, 0); });
  run([&](io_uring_sqe* s) { io_uring_prep_read(s, pair.server, room, sizeof(room), 0); });
  io_uring_queue_exit(&ring);
  return pair.client_port;
}

TEST_P(IoUringTest, EveryOperationInEveryContext) {
  struct Context {
    const char* name;
    unsigned setup_flags;
    unsigned sqe_flags;
  };
  for (const Context& context : {Context{"submitter", 0, 0}, Context{"worker", 0, IOSQE_ASYNC},
                                 Context{"poller", IORING_SETUP_SQPOLL, 0}}) {
    const ChildRun run = RunChild(
        [&context]() -> Facts { return {MoveAll(context.setup_flags, context.sqe_flags)}; });
    ASSERT_EQ(run.status, 0) << context.name;
    const auto port = static_cast<uint16_t>(run.facts[0]);
    const SeenList data = observer().OfType(port, EventType::kData, 8);
    ASSERT_EQ(data.size(), 8u) << context.name;
    for (const Direction direction : {Direction::kTx, Direction::kRx}) {
      std::vector<std::string> texts;
      uint32_t expected = 0;
      for (const Seen& seen : data) {
        if (seen.event.direction != direction) continue;
        if (expected != 0) {
          EXPECT_EQ(seen.event.tcp_seq, expected) << context.name;
        }
        expected = seen.event.tcp_seq + seen.event.length;
        texts.push_back(seen.payload);
        EXPECT_EQ(seen.event.tgid, static_cast<uint32_t>(run.pid)) << context.name;
      }
      EXPECT_EQ(texts, (std::vector<std::string>{"io_uring one", "io_uring two", "io_uring 333",
                                                 "io_uring 444"}))
          << context.name << (direction == Direction::kTx ? " sends" : " receives");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tiers, IoUringTest, ::testing::Values(Tier::kSockLength, Tier::kSysExit),
                         [](const auto& one) { return std::string(source::Name(one.param)); });

}  // namespace
}  // namespace pano::test
