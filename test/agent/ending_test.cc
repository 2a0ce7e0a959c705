// SPDX-License-Identifier: Apache-2.0
// The agent against real connections that end while a request waits: whose fault it is depends on
// who left first, and nobody's is it when the client's process has ended. Needs root.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "agent/pipeline.h"
#include "agent/source/live_source.h"

namespace pano::agent {
namespace {

using schema::EdgeMetric;
using schema::ObservationPoint;

// /hangup is not answered but closed; anything else takes a while.
constexpr const char* kServer = R"py(
import http.server, sys, threading, time
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        if self.path == '/hangup':
            self.close_connection = True
            return
        time.sleep(0.1 if self.path == '/slow' else 1.5)
        self.send_response(200); self.send_header('Content-Length', '2')
        self.end_headers(); self.wfile.write(b'ok')
    def log_message(self, *a): pass
class S(http.server.ThreadingHTTPServer):
    def handle_error(self, *a): pass
for port in sys.argv[1:]:
    threading.Thread(target=S(('127.0.0.1', int(port)), H).serve_forever).start()
)py";

constexpr const char* kClient = R"py(
import http.client, os, signal, sys, time
way, port = sys.argv[1], int(sys.argv[2])
c = http.client.HTTPConnection('127.0.0.1', port)
c.request('GET', '/hangup' if way == 'hangup' else '/wait')
if way == 'hangup':
    try: c.getresponse()
    except http.client.RemoteDisconnected: sys.exit(0)
    sys.exit(1)
time.sleep(0.3)
if way == 'exit': os._exit(0)
if way == 'kill': os.kill(os.getpid(), signal.SIGKILL)
c.close()
time.sleep(0.5)
)py";

enum Way : uint8_t { kLeave, kExit, kKill, kHangup, kWrk, kWays };

uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  const bool ok = bind(fd, any, size) == 0 && getsockname(fd, any, &size) == 0;
  close(fd);
  return ok ? ntohs(address.sin_port) : 0;
}

pid_t Spawn(std::vector<std::string> words) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  return posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ) == 0 ? pid : -1;
}

// As for wait(2).
int RunProgram(const std::vector<std::string>& words) {
  int status = -1;
  const pid_t pid = Spawn(words);
  return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

class Server {
 public:
  Server() {
    std::vector<std::string> words{"python3", "-c", kServer};
    for (uint16_t& port : ports) words.push_back(std::to_string(port = FreePort()));
    pid_ = Spawn(words);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  bool WaitReady() const {
    for (const uint16_t port : ports) {
      const std::string url = fmt::format("http://127.0.0.1:{}/slow", port);
      if (RunProgram({"curl", "-s", "--noproxy", "*", "--retry", "50", "--retry-connrefused",
                      "--retry-delay", "0", "--retry-max-time", "20", "-o", "/dev/null", url}) != 0)
        return false;
    }
    return true;
  }

  std::array<uint16_t, kWays> ports{};

 private:
  pid_t pid_ = -1;
};

// Sums of all that was told, by server port.
class Told {
 public:
  void Add(const wire::Batch& batch) {
    const std::lock_guard lock(mutex_);
    second_ = batch.second;
    for (const wire::EdgeSample& e : batch.edges) {
      for (size_t m = 0; m < e.values.size(); ++m)
        sums_[{e.key.point, e.key.server_port, m}] += e.values[m];
    }
    changed_.notify_all();
  }
  bool WaitSeconds(uint64_t seconds) {
    std::unique_lock lock(mutex_);
    const uint64_t until = second_ + seconds;
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return second_ >= until; });
  }
  uint64_t Of(uint16_t port, EdgeMetric metric,
              ObservationPoint point = ObservationPoint::kClientProcess) {
    const std::lock_guard lock(mutex_);
    return sums_[{point, port, static_cast<size_t>(metric)}];
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t second_ = 0;
  std::map<std::tuple<ObservationPoint, uint16_t, size_t>, uint64_t> sums_;
};

TEST(EndingTest, TheFaultIsTheirsWhoLeftFirst) {
  ASSERT_EQ(geteuid(), 0u) << "this test needs root: eBPF";
  const Server server;
  ASSERT_TRUE(server.WaitReady()) << "the server does not answer";
  auto source = source::OpenLive({});
  ASSERT_TRUE(source) << source.error().ToString();
  Told told;
  AgentPipeline agent({}, std::move(*source), [&](const wire::Batch& b) { told.Add(b); });
  agent.Start();
  ASSERT_TRUE(told.WaitSeconds(1));
  const auto& ports = server.ports;
  const auto client = [&](const char* how, Way way) {
    return RunProgram({"python3", "-c", kClient, how, std::to_string(ports[way])});
  };
  EXPECT_EQ(client("leave", kLeave), 0);
  EXPECT_EQ(client("exit", kExit), 0);
  EXPECT_EQ(client("kill", kKill), SIGKILL);
  EXPECT_EQ(client("hangup", kHangup), 0);
  EXPECT_EQ(
      RunProgram({"sh", "-c",
                  fmt::format("wrk -t1 -c8 -d1 http://127.0.0.1:{}/slow >/dev/null", ports[kWrk])}),
      0);
  ASSERT_TRUE(told.WaitSeconds(3));
  agent.Stop();

  for (const Way way : {kLeave, kExit, kKill, kHangup}) {
    EXPECT_EQ(told.Of(ports[way], EdgeMetric::kRequest), 1u) << "way " << way;
    EXPECT_EQ(told.Of(ports[way], EdgeMetric::kResponse), 0u) << "way " << way;
    EXPECT_EQ(told.Of(ports[way], EdgeMetric::kClientError), way == kLeave ? 1u : 0u)
        << "way " << way;
    EXPECT_EQ(told.Of(ports[way], EdgeMetric::kServerError), way == kHangup ? 1u : 0u)
        << "way " << way;
  }
  EXPECT_EQ(told.Of(ports[kHangup], EdgeMetric::kServerError, ObservationPoint::kServerProcess),
            1u);
  // A load generator that ends leaves requests behind: no errors.
  const uint64_t asked = told.Of(ports[kWrk], EdgeMetric::kRequest);
  const uint64_t answered = told.Of(ports[kWrk], EdgeMetric::kResponse);
  EXPECT_GT(answered, 20u);
  EXPECT_GT(asked, answered);
  EXPECT_LE(asked, answered + 8);
  EXPECT_EQ(told.Of(ports[kWrk], EdgeMetric::kClientError), 0u);
  EXPECT_EQ(told.Of(ports[kWrk], EdgeMetric::kServerError), 0u);
}

}  // namespace
}  // namespace pano::agent
