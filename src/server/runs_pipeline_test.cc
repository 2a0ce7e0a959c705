// SPDX-License-Identifier: Apache-2.0
// A run through the whole server, over HTTP: batches in, a run started and stopped, the server
// ended and started again, the same numbers out.
#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.h"
#include "server/pipeline.h"
#include "server/run/run_for_test.h"

namespace pano::server {
namespace {

using nlohmann::json;
using schema::EdgeMetric;

constexpr uint64_t kNs = 1'000'000'000;
constexpr uint64_t kRate = 40;

class RunsPipelineTest : public testing::Test {
 protected:
  void Start() {
    ServerOptions options;
    options.http.port = 0;
    options.data_dir = folder_.path();
    options.store = false;
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

  static uint64_t RequestsOf(const json& map) {
    uint64_t sum = 0;
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

}  // namespace
}  // namespace pano::server
