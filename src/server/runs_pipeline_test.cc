// SPDX-License-Identifier: Apache-2.0
// A run through the whole server, over HTTP: batches in, a run started and stopped, the server
// ended and started again, the same numbers out.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio.hpp>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.h"
#include "server/pipeline.h"
#include "server/run/run_for_test.h"
#include "server/store/engine.h"

namespace pano::server {
namespace {

using nlohmann::json;
using schema::EdgeMetric;

constexpr uint64_t kNs = 1'000'000'000;
constexpr uint64_t kRate = 40;

class RunsPipelineTest : public testing::Test {
 protected:
  void Start(bool store = false) {
    ServerOptions options;
    options.http.port = 0;
    options.data_dir = folder_.path();
    options.store = store;
    options.store_command = {PANO_STORE_PROBE, store::kEngineCommand};
    options.recognise_runs = false;
    auto started = ServerPipeline::Start(options);
    ASSERT_TRUE(started) << started.error().text;
    server_ = std::move(*started);
  }

  json Ask(const std::string& line, const std::string& body = "") {
    namespace asio = boost::asio;
    asio::io_context io;
    asio::ip::tcp::socket socket(io);
    socket.connect({asio::ip::make_address("127.0.0.1"), server_->port()});
    std::string text = line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    asio::write(socket, asio::buffer(text));
    std::string answer;
    boost::system::error_code error;
    asio::read(socket, asio::dynamic_buffer(answer), error);
    const size_t end = answer.find("\r\n\r\n");
    return end == std::string::npos ? json() : json::parse(answer.substr(end + 4), nullptr, false);
  }

  // One second of the agent, once it is over.
  void Deliver(uint64_t second) {
    while (WallNs() < (second + 1) * kNs) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    wire::Batch batch;
    batch.agent = "a";
    batch.second = second;
    for (const auto& [id, name] : {std::pair{1u, "wrk"}, std::pair{2u, "web"}}) {
      wire::InstanceInfo info;
      info.id = id;
      info.service = name;
      info.instance = name;
      batch.instances.push_back(info);
    }
    wire::EdgeSample sample;
    sample.key.client_instance = 1;
    sample.key.server_instance = 2;
    sample.key.server_port = 80;
    sample.key.l7_protocol = schema::L7Protocol::kHttp1;
    for (const auto& [metric, value] :
         {std::pair{EdgeMetric::kRequest, kRate}, std::pair{EdgeMetric::kResponse, kRate},
          std::pair{EdgeMetric::kRrtSum, kRate * 500}, std::pair{EdgeMetric::kRrtCount, kRate}}) {
      sample.values[static_cast<size_t>(metric)] = value;
    }
    sample.rrt.Add(500, kRate);
    batch.edges.push_back(sample);
    batch.health.tier = "sock_length";
    ASSERT_TRUE(server_->Submit(std::move(batch)));
  }

  // What the killed server leaves behind: a run of `seconds` seconds whose file is as it was when
  // it began, and a store that has them.
  struct Left {
    char id[64] = {};
    uint64_t begin = 0;
    uint64_t seconds = 0;
  };
  // Never returns.
  void RunUntilKilled(uint64_t seconds, int told) {
    Start(true);
    const uint64_t first = WallNs() / kNs;
    Deliver(first);
    const json run = Ask("POST /api/v1/runs", R"({"name":"killed"})");
    if (!run.contains("id")) _exit(1);
    const std::string id = run["id"];
    const std::string file = folder_.path() + "/runs/" + id + ".run";
    std::filesystem::copy_file(file, file + ".begun");
    Left left;
    id.copy(left.id, sizeof left.id - 1);
    left.begin = run["begin"];
    left.seconds = seconds;
    for (uint64_t s = first + 1; s < left.begin + seconds; ++s) Deliver(s);
    const std::string stored = "SELECT toUInt32(max(time)) AS t FROM edge WHERE request > 0";
    for (uint64_t last = 0; last + 1 < left.begin + seconds;) {
      const json answer = Ask("POST /api/v1/query", json{{"sql", stored}}.dump());
      if (answer.contains("rows") && !answer["rows"].empty()) {
        last = std::stoull(answer["rows"][0][0].dump());
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    std::filesystem::rename(file + ".begun", file);
    if (write(told, &left, sizeof left) != sizeof left) _exit(2);
    while (true) pause();
  }

  static uint64_t RequestsOf(const json& map) {
    uint64_t sum = 0;
    if (!map.contains("edges")) {
      ADD_FAILURE() << map;
      return 0;
    }
    for (const json& e : map["edges"]) sum += e["counts"]["request"].get<uint64_t>();
    return sum;
  }

  run::TestFolder folder_;
  std::unique_ptr<ServerPipeline> server_;
};

TEST_F(RunsPipelineTest, FromTheFirstBatchToTheNextStart) {
  Start();
  const uint64_t first = WallNs() / kNs;
  Deliver(first);
  const json run = Ask("POST /api/v1/runs", R"({"name":"whole"})");
  ASSERT_TRUE(run.contains("id")) << run;
  const std::string id = run["id"];
  const uint64_t begin = run["begin"];
  for (uint64_t s = first + 1; s < begin + 4; ++s) Deliver(s);
  const json stopped = Ask("POST /api/v1/runs/current/stop", json{{"end", begin + 4}}.dump());
  EXPECT_EQ(stopped["state"], "done");
  json map;
  for (int i = 0; i < 1000 && RequestsOf(map = Ask("GET /api/v1/runs/" + id + "/map")) < 4 * kRate;
       ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(RequestsOf(map), 4 * kRate);
  EXPECT_EQ(map["run"], id);
  server_.reset();

  Start();
  EXPECT_EQ(RequestsOf(Ask("GET /api/v1/runs/" + id + "/map")), 4 * kRate);
  const json detail = Ask("GET /api/v1/runs/" + id);
  EXPECT_EQ(detail["state"], "done");
  EXPECT_EQ(detail["generator"], "wrk");
  EXPECT_EQ(detail["load"]["requests"], 4 * kRate);
  EXPECT_EQ(detail["duration_s"], 4);
}

// kill -9 in the middle of a run: what its file had not yet comes back from the real store.
TEST_F(RunsPipelineTest, ARunGoesOnAfterAKillWithWhatTheStoreKept) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    close(ends[0]);
    RunUntilKilled(5, ends[1]);
  }
  close(ends[1]);
  Left left;
  const bool told = read(ends[0], &left, sizeof left) == sizeof left;
  kill(child, SIGKILL);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  close(ends[0]);
  ASSERT_TRUE(told);

  Start(true);
  ASSERT_TRUE(server_->warnings().empty()) << server_->warnings()[0];
  const json before = Ask("GET /api/v1/runs/current");
  ASSERT_TRUE(before.contains("id")) << before;
  EXPECT_EQ(before["id"], left.id);
  EXPECT_LT(before["load"]["requests"], left.seconds * kRate)
      << "the file has all: nothing is tested";
  uint64_t after = 0;
  for (uint64_t s = WallNs() / kNs; after < 40; ++s) {
    Deliver(s);
    ++after;
    const json map = Ask("GET /api/v1/runs/current/map");  // none while the run is empty
    if (map.contains("edges") && RequestsOf(map) > (after + 1) * kRate) break;
  }
  json map;
  const uint64_t all = (left.seconds + after) * kRate;
  for (int i = 0; i < 500 && RequestsOf(map = Ask("GET /api/v1/runs/current/map")) < all; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(RequestsOf(map), all);
  const json detail = Ask("GET /api/v1/runs/current");
  EXPECT_EQ(detail["begin"], left.begin);
  EXPECT_FALSE(detail["doubts"].empty());
}

}  // namespace
}  // namespace pano::server
