// SPDX-License-Identifier: Apache-2.0
// The agent against the real kernel: two pods, a ClusterIP made by iptables DNAT, Python server and
// client that run before the agent starts. Needs root: without it the test fails, it does not skip.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <functional>
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

constexpr const char* kServer = R"py(
import http.server, socketserver, threading
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        body = b'x' * 100
        self.send_response(200); self.send_header('Content-Length', str(len(body)))
        self.end_headers(); self.wfile.write(body)
    def log_message(self, *a): pass
class S(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
for port in (8080, 8081):
    threading.Thread(target=S(('0.0.0.0', port), H).serve_forever).start()
)py";

// One connection that stays, a new one each time, and one that is refused.
constexpr const char* kClient = R"py(
import http.client, time
kept = http.client.HTTPConnection('10.96.77.10', 80)
while True:
    try:
        kept.request('GET', '/kept/1'); kept.getresponse().read()
        new = http.client.HTTPConnection('10.96.77.10', 81)
        new.request('GET', '/new/2'); new.getresponse().read(); new.close()
        try: http.client.HTTPConnection('10.96.77.10', 99).connect()
        except ConnectionRefusedError: pass
    except OSError: kept.close()
    time.sleep(0.05)
)py";

// A node namespace that routes and translates between two pod namespaces. Nothing outside them is
// touched; everything goes at the end.
class Cluster {
 public:
  Cluster() : prefix_(fmt::format("pano{}", getpid())) {
    Must(
        "ip netns add {0}-node && ip netns exec {0}-node sh -c 'ip link set lo up; "
        "echo 1 > /proc/sys/net/ipv4/ip_forward'");
    AddPod("client", "10.244.77.2", "10.244.77.1");
    AddPod("server", "10.244.77.6", "10.244.77.5");
    const auto map = [this](int from, int to) {
      Must(
          fmt::format("ip netns exec {}-node iptables -w -t nat -A PREROUTING -d 10.96.77.10 "
                      "-p tcp --dport {} -j DNAT --to-destination 10.244.77.6:{}",
                      prefix_, from, to));
    };
    map(80, 8080);
    map(81, 8081);
    map(99, 9999);
  }
  ~Cluster() {
    for (const pid_t pid : processes_) {
      kill(-pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
    for (const char* ns : {"client", "server", "node"}) {
      const std::string command = fmt::format("ip netns del {}-{}", prefix_, ns);
      if (std::system(command.c_str()) != 0) ADD_FAILURE() << command;
    }
  }

  void Run(const std::string& pod, const std::string& hostname, const char* script) {
    const std::string ns = fmt::format("{}-{}", prefix_, pod);
    const std::string shell =
        fmt::format("hostname {} && exec python3 -c \"$PANO_TEST_SCRIPT\"", hostname);
    const pid_t pid = fork();
    if (pid == 0) {
      setpgid(0, 0);
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      setenv("PANO_TEST_SCRIPT", script, 1);
      execlp("ip", "ip", "netns", "exec", ns.c_str(), "unshare", "--uts", "sh", "-c", shell.c_str(),
             nullptr);
      _exit(127);
    }
    processes_.push_back(pid);
  }
  bool Answers(int port) const {
    return std::system(fmt::format("ip netns exec {}-client curl -s -m 1 -o /dev/null "
                                   "http://10.96.77.10:{}/probe",
                                   prefix_, port)
                           .c_str()) == 0;
  }

 private:
  void Must(const std::string& format) const {
    const std::string command =
        format.contains("{0}") ? fmt::format(fmt::runtime(format), prefix_) : format;
    if (std::system(command.c_str()) != 0) {
      ADD_FAILURE() << "failed: " << command;
      throw std::runtime_error(command);
    }
  }
  void AddPod(const std::string& name, const std::string& ip, const std::string& gateway) const {
    const std::string link = fmt::format("pv{}{}", getpid(), name[0]);
    Must(fmt::format(
        "ip netns add {0}-{1} && ip link add {2} netns {0}-node type veth peer name eth0 netns "
        "{0}-{1} && ip -n {0}-node addr add {4}/30 dev {2} && ip -n {0}-node link set {2} up && "
        "ip -n {0}-{1} link set lo up && ip -n {0}-{1} addr add {3}/30 dev eth0 && "
        "ip -n {0}-{1} link set eth0 up && ip -n {0}-{1} route add default via {4}",
        prefix_, name, link, ip, gateway));
  }

  std::string prefix_;
  std::vector<pid_t> processes_;
};

// Everything the agent told so far.
class Story {
 public:
  void Add(wire::Batch batch) {
    const std::lock_guard lock(mutex_);
    for (const wire::InstanceInfo& i : batch.instances) instances_[i.id] = i;
    batches_.push_back(std::move(batch));
    changed_.notify_all();
  }
  // Waits until `done` holds for what was told, at most 30 s.
  bool Until(const std::function<bool(Story&)>& done) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return done(*this); });
  }
  const wire::InstanceInfo* Named(const std::string& service) const {
    for (const auto& [id, info] : instances_) {
      if (info.service == service) return &info;
    }
    return nullptr;
  }
  uint64_t Sum(ObservationPoint point, uint16_t port, EdgeMetric metric, uint64_t from = 0) const {
    const auto* client = Named("caller");
    const auto* server = Named("callee");
    uint64_t sum = 0;
    if (client == nullptr || server == nullptr) return 0;
    for (const wire::Batch& b : batches_) {
      if (b.second < from) continue;
      for (const wire::EdgeSample& e : b.edges) {
        if (e.key.point == point && e.key.server_port == port &&
            e.key.client_instance == client->id && e.key.server_instance == server->id) {
          sum += e.values[static_cast<size_t>(metric)];
        }
      }
    }
    return sum;
  }
  // The latest second that holds an edge to the translated address itself; 0 if there is none.
  uint64_t LastUntranslated() const {
    uint64_t last = 0;
    for (const wire::Batch& b : batches_) {
      for (const wire::EdgeSample& e : b.edges) {
        if (e.key.server_ip == *IpAddress::Parse("10.96.77.10")) last = b.second;
      }
    }
    return last;
  }
  uint64_t FirstSecond() const { return batches_.empty() ? 0 : batches_.front().second; }
  std::string Describe() const {
    std::string out;
    for (const auto& [id, i] : instances_) {
      out += fmt::format("instance {} {} {} ({}) netns {}\n", id, i.service, i.instance,
                         i.name_source, i.netns);
    }
    const auto* client = Named("caller");
    const auto* server = Named("callee");
    for (size_t n = 0; n < batches_.size(); ++n) {
      for (const wire::EdgeSample& e : batches_[n].edges) {
        const bool ours = (client != nullptr && e.key.client_instance == client->id) ||
                          (server != nullptr && e.key.server_instance == server->id);
        if (!ours) continue;
        out += fmt::format("{} edge {}/{} -> {}/{}:{} {} {} requests {} fails {}\n",
                           batches_[n].second, e.key.client_instance, e.key.client_ip.ToString(),
                           e.key.server_instance, e.key.server_ip.ToString(), e.key.server_port,
                           schema::Name(e.key.l7_protocol), schema::Name(e.key.point),
                           e.values[static_cast<size_t>(EdgeMetric::kRequest)],
                           e.values[static_cast<size_t>(EdgeMetric::kTcpEstablishFail)]);
      }
      for (const wire::LossCount& l : batches_[n].losses) {
        out += fmt::format("loss {} {}\n", l.cause, l.count);
      }
    }
    return out;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<wire::Batch> batches_;
  std::map<uint32_t, wire::InstanceInfo> instances_;
};

TEST(ClusterIpTest, JoinsBothEndsOfConnectionsOlderAndYoungerThanTheAgent) {
  ASSERT_EQ(geteuid(), 0u) << "this test needs root: network namespaces and eBPF";
  Cluster cluster;
  cluster.Run("server", "callee-6c9f7d8b9-x2k4p", kServer);
  bool up = false;
  for (int i = 0; i < 100 && !up; ++i) {
    up = cluster.Answers(80) && cluster.Answers(81);
    if (!up) usleep(100'000);
  }
  ASSERT_TRUE(up) << "the server behind the ClusterIP does not answer";
  cluster.Run("client", "caller-7d4b9c6f5-b7kq9", kClient);
  sleep(2);  // its first connection is now older than the agent

  auto source = source::OpenLive({});
  ASSERT_TRUE(source) << source.error().ToString();
  Story story;
  AgentPipeline agent({}, std::move(*source), [&](wire::Batch b) { story.Add(std::move(b)); });
  agent.Start();
  const auto enough = [](Story& s, uint16_t port, EdgeMetric metric) {
    return s.Sum(ObservationPoint::kClientProcess, port, metric) >= 20;
  };
  EXPECT_TRUE(story.Until([&](Story& s) { return enough(s, 8080, EdgeMetric::kResponse); }))
      << "the connection older than the agent";
  EXPECT_TRUE(story.Until([&](Story& s) { return enough(s, 8081, EdgeMetric::kResponse); }))
      << "new connections";
  EXPECT_TRUE(story.Until([&](Story& s) { return enough(s, 9999, EdgeMetric::kServerReset); }))
      << "refused connections";
  EXPECT_TRUE(story.Until([&](Story& s) {
    return s.Sum(ObservationPoint::kServerProcess, 8081, EdgeMetric::kResponse) >= 20;
  })) << "the server's side";
  agent.Stop();

  // On a busy machine translations may take some seconds to be known; no more than five.
  const uint64_t untranslated = story.LastUntranslated();
  EXPECT_LT(untranslated, story.FirstSecond() + 6);
  const auto sum = [&](ObservationPoint point, uint16_t port, EdgeMetric m) {
    return story.Sum(point, port, m, untranslated + 1);
  };
  using enum ObservationPoint;
  // Both ends count the same requests; one may be on its way when the agent starts and stops.
  EXPECT_NEAR(sum(kClientProcess, 8081, EdgeMetric::kRequest),
              sum(kServerProcess, 8081, EdgeMetric::kRequest), 2);
  EXPECT_NEAR(sum(kClientProcess, 8080, EdgeMetric::kRequest),
              sum(kServerProcess, 8080, EdgeMetric::kRequest), 2);
  EXPECT_NEAR(sum(kClientProcess, 8081, EdgeMetric::kNewFlow),
              sum(kServerProcess, 8081, EdgeMetric::kNewFlow), 2);
  EXPECT_NEAR(sum(kClientProcess, 8081, EdgeMetric::kByteTx),
              sum(kServerProcess, 8081, EdgeMetric::kByteTx), 1000);
  EXPECT_EQ(sum(kClientProcess, 9999, EdgeMetric::kServerReset),
            sum(kClientProcess, 9999, EdgeMetric::kTcpEstablishFail));
  EXPECT_EQ(sum(kClientProcess, 8080, EdgeMetric::kNewFlow), 0u);
  const auto* callee = story.Named("callee");
  ASSERT_NE(callee, nullptr);
  EXPECT_EQ(callee->instance, "callee-6c9f7d8b9-x2k4p");
  EXPECT_EQ(callee->name_source, "pod_name");
  EXPECT_EQ(callee->addresses, std::vector<IpAddress>{*IpAddress::Parse("10.244.77.6")});
  if (HasFailure() || std::getenv("PANO_TEST_VERBOSE") != nullptr) {
    fmt::print("{}", story.Describe());
  }
}

}  // namespace
}  // namespace pano::agent
