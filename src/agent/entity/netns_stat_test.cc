// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/netns_stat.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/entity/accept_queue.h"

namespace pano::entity {
namespace {

constexpr std::string_view kNetstat =
    "TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPSynRetrans\n"
    "TcpExt: 0 17 23 1484\n"
    "IpExt: InNoRoutes ListenDrops\n"
    "IpExt: 5 99\n";

TEST(NetnsStat, FindsValuesUnderTheirOwnHeader) {
  EXPECT_EQ(NetstatValue(kNetstat, "TcpExt:", "ListenOverflows"), 17u);
  EXPECT_EQ(NetstatValue(kNetstat, "TcpExt:", "TCPSynRetrans"), 1484u);
  EXPECT_EQ(NetstatValue(kNetstat, "IpExt:", "ListenDrops"), 99u);
  EXPECT_EQ(NetstatValue(kNetstat, "TcpExt:", "NoSuchCounter"), 0u);
  EXPECT_EQ(NetstatValue("", "TcpExt:", "ListenDrops"), 0u);
  EXPECT_EQ(NetstatValue("TcpExt: A B\n", "TcpExt:", "A"), 0u);
}

// A listener of our own, with two connections that nobody accepts.
class Backlog : public testing::Test {
 protected:
  void SetUp() override {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener_, 7), 0);
    socklen_t length = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    for (int& fd : clients_) {
      fd = ::socket(AF_INET, SOCK_STREAM, 0);
      ASSERT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
  }
  void TearDown() override {
    for (const int fd : clients_) ::close(fd);
    ::close(listener_);
  }
  int listener_ = -1;
  int clients_[2] = {-1, -1};
  uint16_t port_ = 0;
};

TEST_F(Backlog, ProcAndSockDiagAgreeOnTheQueue) {
  const auto self = static_cast<uint32_t>(::getpid());
  uint32_t by_proc = 0;
  for (const Listener& listener : ReadListeners(self)) {
    if (listener.port == port_) by_proc = listener.queue;
  }
  EXPECT_EQ(by_proc, 2u);
  AcceptQueue by_diag;
  for (const AcceptQueue& queue : ReadAcceptQueues(self)) {
    if (queue.port == port_) by_diag = queue;
  }
  EXPECT_EQ(by_diag.length, 2u);
  EXPECT_EQ(by_diag.limit, 7u);
}

}  // namespace
}  // namespace pano::entity
