// SPDX-License-Identifier: Apache-2.0
#include "traffic.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace pano::test {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Address Loopback(Family family, uint16_t port) {
  Address out;
  if (family == Family::kV4) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    out.length = sizeof(*v4);
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    inet_pton(AF_INET6, family == Family::kV6 ? "::1" : "::ffff:127.0.0.1", &v6->sin6_addr);
    out.length = sizeof(*v6);
  }
  return out;
}

int Domain(Family family) { return family == Family::kV4 ? AF_INET : AF_INET6; }

void WriteFacts(int fd, const Facts& facts) {
  const uint64_t count = facts.size();
  Must(write(fd, &count, sizeof(count)) == sizeof(count), "report");
  const auto bytes = static_cast<ssize_t>(count * sizeof(uint64_t));
  Must(write(fd, facts.data(), static_cast<size_t>(bytes)) == bytes, "report");
}

Facts ReadFacts(int fd) {
  uint64_t count = 0;
  if (read(fd, &count, sizeof(count)) != sizeof(count) || count > 1000) return {};
  Facts facts(count);
  const auto bytes = static_cast<ssize_t>(count * sizeof(uint64_t));
  if (read(fd, facts.data(), static_cast<size_t>(bytes)) != bytes) return {};
  return facts;
}

}  // namespace

void Must(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "child %d: %s: %s\n", getpid(), what, std::strerror(errno));
  _exit(99);
}

ChildRun RunChild(const std::function<Facts()>& body) {
  int ends[2];
  ChildRun run;
  if (pipe(ends) != 0) return run;
  run.pid = fork();
  if (run.pid == 0) {
    close(ends[0]);
    WriteFacts(ends[1], body());
    _exit(0);
  }
  close(ends[1]);
  run.facts = ReadFacts(ends[0]);
  close(ends[0]);
  waitpid(run.pid, &run.status, 0);
  return run;
}

PausedChild::PausedChild(const std::function<void(const std::function<void(Facts)>&)>& body) {
  int down[2];
  int up[2];
  if (pipe(down) != 0 || pipe(up) != 0) return;
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(down[1]);
    close(up[0]);
    body([&](const Facts& facts) {
      WriteFacts(up[1], facts);
      char go = 0;
      if (read(down[0], &go, 1) != 1) _exit(0);
    });
    _exit(0);
  }
  close(down[0]);
  close(up[1]);
  to_child_ = down[1];
  from_child_ = up[0];
  facts_ = ReadFacts(from_child_);
}

PausedChild::~PausedChild() {
  close(to_child_);
  close(from_child_);
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
}

void PausedChild::Resume() {
  const char go = 1;
  if (write(to_child_, &go, 1) == 1) facts_ = ReadFacts(from_child_);
}

uint16_t PortOf(int fd) {
  Address address;
  address.length = sizeof(address.storage);
  Must(getsockname(fd, address.get(), &address.length) == 0, "getsockname");
  // Both families keep the port at the same place.
  return ntohs(reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port);
}

Listener Listen(Family family, int backlog) {
  Listener out;
  out.fd = socket(Domain(family), SOCK_STREAM, 0);
  Must(out.fd >= 0, "socket");
  Address address = Loopback(family, 0);
  Must(bind(out.fd, address.get(), address.length) == 0, "bind");
  Must(listen(out.fd, backlog) == 0, "listen");
  out.port = PortOf(out.fd);
  return out;
}

int ConnectTo(Family family, uint16_t port, int flags) {
  const int fd = socket(Domain(family), SOCK_STREAM | flags, 0);
  Must(fd >= 0, "socket");
  Address address = Loopback(family, port);
  if (connect(fd, address.get(), address.length) == 0 || errno == EINPROGRESS) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

TcpPair MakeTcpPair(Family family) {
  TcpPair pair;
  const Listener listener = Listen(family, 8);
  pair.listener = listener.fd;
  pair.client = ConnectTo(family, listener.port, 0);
  Must(pair.client >= 0, "connect");
  pair.server = accept(pair.listener, nullptr, nullptr);
  Must(pair.server >= 0, "accept");
  pair.client_port = PortOf(pair.client);
  return pair;
}

void SendStrayAck(uint16_t from_port, uint16_t to_port) {
  tcphdr tcp{};
  tcp.source = htons(from_port);
  tcp.dest = htons(to_port);
  tcp.seq = htonl(1000);
  tcp.ack_seq = htonl(2000);
  tcp.doff = sizeof(tcp) / 4;
  tcp.ack = 1;
  tcp.window = htons(1000);
  // RFC 9293 3.1: the sum goes over both addresses, the protocol and the length as well.
  uint32_t sum = 2 * (0x7f00 + 0x0001) + IPPROTO_TCP + sizeof(tcp);
  std::array<uint16_t, sizeof(tcp) / 2> words{};
  std::memcpy(words.data(), &tcp, sizeof(tcp));
  for (const uint16_t word : words) sum += ntohs(word);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  tcp.check = htons(static_cast<uint16_t>(~sum));
  const int fd = socket(AF_INET, SOCK_RAW, IPPROTO_TCP);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto sent =
      sendto(fd, &tcp, sizeof(tcp), 0, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
  Must(sent == sizeof(tcp), "send a segment");
  close(fd);
}

int BoundDatagramSocket(Family family, uint16_t* port) {
  const int fd = socket(Domain(family), SOCK_DGRAM, 0);
  Address address = Loopback(family, *port);
  Must(fd >= 0 && bind(fd, address.get(), address.length) == 0, "bind datagram socket");
  *port = PortOf(fd);
  return fd;
}

void EnterOwnNetns() {
  Must(unshare(CLONE_NEWNET) == 0, "unshare (needs root)");
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  Must(ioctl(fd, SIOCSIFFLAGS, &request) == 0, "bring lo up");
  close(fd);
}

void Shell(const std::string& command) { Must(std::system(command.c_str()) == 0, command.c_str()); }

uint64_t NetCounter(const std::string& group, const std::string& name) {
  for (const char* path : {"/proc/self/net/snmp", "/proc/self/net/netstat"}) {
    std::ifstream in(path);
    std::string names;
    std::string values;
    while (std::getline(in, names) && std::getline(in, values)) {
      if (!names.starts_with(group + ":")) continue;
      std::istringstream name_words(names);
      std::istringstream value_words(values);
      std::string one;
      std::string value;
      while (name_words >> one && value_words >> value)
        if (one == name) return std::stoull(value);
    }
  }
  Must(false, "no such counter");
  return 0;
}

}  // namespace pano::test
