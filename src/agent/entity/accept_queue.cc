// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/accept_queue.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <thread>

namespace pano::entity {
namespace {

constexpr uint32_t kListenState = 1u << 10;  // TCP_LISTEN, include/net/tcp_states.h

struct DiagRequest {
  nlmsghdr header;
  inet_diag_req_v2 body;
};

bool Ask(int fd, uint8_t family) {
  DiagRequest request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.sdiag_family = family;
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_states = kListenState;
  return ::send(fd, &request, sizeof request, 0) == static_cast<ssize_t>(sizeof request);
}

// One datagram of answers; false when the dump has ended.
bool ReadAnswers(int fd, std::vector<AcceptQueue>& out) {
  alignas(nlmsghdr) std::array<char, size_t{32} * 1024> buffer{};
  const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  size_t left = static_cast<size_t>(got);
  const char* at = buffer.data();
  while (left >= sizeof(nlmsghdr)) {
    nlmsghdr header{};
    std::memcpy(&header, at, sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > left) return false;
    if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) return false;
    if (header.nlmsg_len >= NLMSG_HDRLEN + sizeof(inet_diag_msg)) {
      inet_diag_msg message{};
      std::memcpy(&message, at + NLMSG_HDRLEN, sizeof message);
      out.push_back({ntohs(message.id.idiag_sport), message.idiag_rqueue, message.idiag_wqueue,
                     message.idiag_inode});
    }
    const size_t step = NLMSG_ALIGN(header.nlmsg_len);
    if (step >= left) break;
    at += step;
    left -= step;
  }
  return true;
}

void ReadHere(std::vector<AcceptQueue>& out) {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (fd < 0) return;
  const timeval patience{0, 200'000};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  for (const uint8_t family : {uint8_t{AF_INET}, uint8_t{AF_INET6}}) {
    if (!Ask(fd, family)) continue;
    while (ReadAnswers(fd, out)) {
    }
  }
  ::close(fd);
}

}  // namespace

std::vector<AcceptQueue> ReadAcceptQueues(uint32_t pid) {
  std::vector<AcceptQueue> queues;
  const int fd = ::open(fmt::format("/proc/{}/ns/net", pid).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return queues;
  // Entering a namespace changes the calling thread, so a thread of its own does it.
  std::thread([fd, &queues] {
    if (::setns(fd, CLONE_NEWNET) == 0) ReadHere(queues);
  }).join();
  ::close(fd);
  return queues;
}

}  // namespace pano::entity
