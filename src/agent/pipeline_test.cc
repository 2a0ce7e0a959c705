// SPDX-License-Identifier: Apache-2.0
// The whole agent from a recording: the number of shards must not show in what it says.
#include "agent/pipeline.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/source/recording.h"
#include "bpf/abi/record.h"

namespace pano::agent {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kSecond = 1000 * kMs;
constexpr uint64_t kStart = 5000 * kSecond;
constexpr uint64_t kConnections = 8;  // two sockets each
constexpr uint64_t kSeconds = 12;     // more than a shard catches up with by itself

// Writes what the kernel would of HTTP between two sockets of this host. Nobody owns them: which of
// two shards learns first of the other's process is a matter of luck, addresses are not.
class Script {
 public:
  explicit Script(const std::string& path) : recorder_(*source::Recorder::Create(path)) {}

  void Open(uint64_t time_ns, uint64_t connection) {
    for (const bool server : {false, true}) {
      pano_open open{Header(time_ns, connection, server, PANO_OPEN), Tuple(connection, server)};
      Put(open);
      if (server) {
        Put(Header(time_ns, connection, server, PANO_ACCEPTED));
      } else {
        pano_connected connected{};
        connected.header = Header(time_ns, connection, server, PANO_CONNECTED);
        connected.latency_ns = 300'000;
        Put(connected);
      }
    }
  }

  // One message, sent by one socket and read by the other half a millisecond later.
  void Say(uint64_t time_ns, uint64_t connection, bool from_server, const std::string& text) {
    uint32_t& seq = seq_[{connection, from_server}];
    for (const bool received : {false, true}) {
      pano_data data{};
      const uint64_t at = time_ns + (received ? kMs / 2 : 0);
      data.header = Header(at, connection, from_server != received, PANO_DATA);
      data.length = static_cast<uint32_t>(text.size());
      data.captured = data.length;
      data.tcp_seq = 1000 + seq;
      data.direction = received ? PANO_RX : PANO_TX;
      Put(data, text);
    }
    seq += static_cast<uint32_t>(text.size());
  }

  void Finish() { ASSERT_TRUE(recorder_->Finish()); }

 private:
  pano_header Header(uint64_t time_ns, uint64_t connection, bool server, uint16_t type) {
    pano_header header{};
    header.time_ns = time_ns;
    header.socket = Socket(connection, server);
    header.type = type;
    header.order = ++order_[header.socket];
    return header;
  }
  static uint64_t Socket(uint64_t connection, bool server) {
    return 100 + connection * 2 + (server ? 1 : 0);
  }
  static pano_tuple Tuple(uint64_t connection, bool server) {
    pano_tuple tuple{};
    const uint8_t client_ip[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1};
    const uint8_t server_ip[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 2};
    const auto client_port = static_cast<uint16_t>(40'000 + connection);
    std::memcpy(tuple.local, server ? server_ip : client_ip, 16);
    std::memcpy(tuple.remote, server ? client_ip : server_ip, 16);
    tuple.local_port = server ? 8080 : client_port;
    tuple.remote_port = server ? client_port : 8080;
    tuple.netns = 4026531840;
    tuple.l4_protocol = 6;
    tuple.role = server ? PANO_ROLE_SERVER : PANO_ROLE_CLIENT;
    tuple.tcp_state = 1;
    return tuple;
  }
  template <typename T>
  void Put(const T& record, const std::string& payload = {}) {
    std::vector<std::byte> bytes(sizeof(record) + payload.size());
    std::memcpy(bytes.data(), &record, sizeof(record));
    std::memcpy(bytes.data() + sizeof(record), payload.data(), payload.size());
    ASSERT_TRUE(recorder_->Write(source::RawRecord{bytes}));
  }

  std::unique_ptr<source::Recorder> recorder_;
  std::map<std::pair<uint64_t, bool>, uint32_t> seq_;
  std::map<uint64_t, uint32_t> order_;
};

// All connections ask twice a second; every third answer is an error.
void Record(const std::string& path) {
  Script script(path);
  for (uint64_t c = 0; c < kConnections; ++c) script.Open(kStart + 200 * kMs + c * kMs, c);
  for (uint64_t second = 0; second < kSeconds; ++second) {
    for (uint64_t turn = 0; turn < 2; ++turn) {
      for (uint64_t c = 0; c < kConnections; ++c) {
        const uint64_t at = kStart + second * kSecond + (300 + turn * 300 + c * 20) * kMs;
        script.Say(at, c, false, fmt::format("GET /items/{} HTTP/1.1\r\nHost: shop\r\n\r\n", c));
        script.Say(at + (c + 2) * kMs, c, true,
                   fmt::format("HTTP/1.1 {} X\r\nContent-Length: 2\r\n\r\nok",
                               (second + turn + c) % 3 == 0 ? 503 : 200));
      }
    }
  }
  script.Finish();
}

std::string Line(const wire::EdgeKey& k) {
  return fmt::format("{} {}->{} {}:{} l7={} point={}", k.client_ip.ToString(), k.client_instance,
                     k.server_instance, k.server_ip.ToString(), k.server_port,
                     static_cast<int>(k.l7_protocol), static_cast<int>(k.point));
}

std::string Line(const ExpHistogram& h) {
  std::string out;
  for (const HistogramEntry& e : h.entries()) out += fmt::format(" {}x{}", e.bucket, e.count);
  return out;
}

struct Story {
  std::map<std::string, std::string> lines;  // what was said of which edge or endpoint and second
  std::map<std::string, uint64_t> losses;
  uint64_t requests = 0;
  uint64_t responses = 0;
  uint64_t errors = 0;
  uint64_t events = 0;
  size_t kept = 0;
};

// The shards' parts of one edge are folded together, as the server does.
void Tell(const wire::Batch& batch, Story& story) {
  std::map<std::string, wire::EdgeSample> edges;
  for (const wire::EdgeSample& e : batch.edges) {
    wire::EdgeSample& into = edges[Line(e.key)];
    schema::FoldAcross(into.values, e.values);
    into.rrt.Merge(e.rrt);
    into.rtt.Merge(e.rtt);
    const auto value = [&](schema::EdgeMetric m) { return e.values[static_cast<size_t>(m)]; };
    story.requests += value(schema::EdgeMetric::kRequest);
    story.responses += value(schema::EdgeMetric::kResponse);
    story.errors += value(schema::EdgeMetric::kServerError);
  }
  for (const auto& [key, e] : edges) {
    story.lines[fmt::format("{} {}", batch.second, key)] =
        fmt::format("{} rrt{} rtt{}", fmt::join(e.values, " "), Line(e.rrt), Line(e.rtt));
  }
  std::map<std::string, wire::EndpointSample> endpoints;
  for (const wire::EndpointSample& e : batch.endpoints) {
    wire::EndpointSample& into = endpoints[Line(e.key) + " " + e.endpoint];
    into.request += e.request;
    into.response += e.response;
    into.server_error += e.server_error;
    into.rrt_sum += e.rrt_sum;
    into.rrt.Merge(e.rrt);
  }
  for (const auto& [key, e] : endpoints) {
    story.lines[fmt::format("{} {}", batch.second, key)] =
        fmt::format("{} {} {} {}{}", e.request, e.response, e.server_error, e.rrt_sum, Line(e.rrt));
  }
  for (const wire::LossCount& l : batch.losses) story.losses[l.cause] += l.count;
  story.events += batch.health.events;
  story.kept += batch.requests.size();
}

Story Replay(const std::string& path, unsigned shards) {
  Story story;
  AgentOptions options;
  options.shards = shards;
  options.watch_host = false;
  options.event_time = true;
  std::vector<uint64_t> seconds;
  AgentPipeline agent(options, *source::RecordingSource::Open(path), [&](const wire::Batch& batch) {
    seconds.push_back(batch.second);
    Tell(batch, story);
  });
  agent.Start();
  while (!agent.finished()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  agent.Stop();
  EXPECT_TRUE(std::is_sorted(seconds.begin(), seconds.end()));
  EXPECT_EQ(seconds.size(), kSeconds) << "every second is told once";
  return story;
}

TEST(AgentPipeline, ShardsDoNotShowInWhatItSays) {
  const std::string path =
      std::filesystem::temp_directory_path() / fmt::format("pano_pipeline_{}.rec", getpid());
  Record(path);
  const Story one = Replay(path, 1);
  // Both ends count every exchange.
  constexpr uint64_t kExchanges = kConnections * kSeconds * 2;
  EXPECT_EQ(one.requests, 2 * kExchanges);
  EXPECT_EQ(one.responses, 2 * kExchanges);
  EXPECT_EQ(one.errors, 2 * kExchanges / 3);
  EXPECT_EQ(one.losses, (std::map<std::string, uint64_t>{}));
  for (int round = 0; round < 5; ++round) {
    const Story three = Replay(path, 3);
    EXPECT_EQ(three.lines, one.lines);
    EXPECT_EQ(three.losses, one.losses);
    EXPECT_EQ(three.events, one.events);
    EXPECT_EQ(three.kept, one.kept);
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace pano::agent
