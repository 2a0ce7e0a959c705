// SPDX-License-Identifier: Apache-2.0
// Real traffic from real processes: the tests' own process is the agent, which does not observe
// itself.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace pano::test {

using Facts = std::vector<uint64_t>;

struct ChildRun {
  pid_t pid = 0;
  int status = -1;  // as for wait(2)
  Facts facts;      // what the child reported
};

// Runs `body` in a process of its own and waits for it. Must() inside ends it with a message.
ChildRun RunChild(const std::function<Facts()>& body);

// A child that reports facts, then stays until told to go on or the object ends.
class PausedChild {
 public:
  // `body` calls its argument to pause.
  explicit PausedChild(const std::function<void(const std::function<void(Facts)>&)>& body);
  ~PausedChild();
  PausedChild(const PausedChild&) = delete;
  PausedChild& operator=(const PausedChild&) = delete;

  pid_t pid() const { return pid_; }
  const Facts& facts() const { return facts_; }
  void Resume();

 private:
  pid_t pid_ = 0;
  int to_child_ = -1;
  int from_child_ = -1;
  Facts facts_;
};

// Inside children: end the process unless `ok`.
void Must(bool ok, const char* what);

enum class Family { kV4, kV6, kMapped };  // kMapped: IPv4 over IPv6 sockets

struct TcpPair {
  int listener = -1;
  int client = -1;
  int server = -1;
  uint16_t client_port = 0;
};
TcpPair MakeTcpPair(Family family);

struct Listener {
  int fd = -1;
  uint16_t port = 0;
};
Listener Listen(Family family, int backlog);
int ConnectTo(Family family, uint16_t port, int flags);  // flags as for socket(2); -1: failed
uint16_t PortOf(int fd);
// An ACK over IPv4 loopback that belongs to no connection, from a raw socket.
void SendStrayAck(uint16_t from_port, uint16_t to_port);
int BoundDatagramSocket(Family family, uint16_t* port);

// A network namespace of the calling process alone, with lo up.
void EnterOwnNetns();
void Shell(const std::string& command);  // must succeed
// A counter of this namespace from /proc/net/snmp or /proc/net/netstat, such as "Tcp",
// "RetransSegs".
uint64_t NetCounter(const std::string& group, const std::string& name);

}  // namespace pano::test
