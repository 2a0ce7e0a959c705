// SPDX-License-Identifier: Apache-2.0
// A live state fed second by second, for tests of runs: a generator, a frontend, a cart.
#pragma once

#include <unistd.h>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/clock.h"
#include "server/live/live_state.h"

namespace pano::run {

class TestLoad {
 public:
  static constexpr uint32_t kGenerator = 1;
  static constexpr uint32_t kFrontend = 2;
  static constexpr uint32_t kCart = 3;

  explicit TestLoad(live::LiveState& live, uint64_t first) : live_(live), second_(first - 1) {}

  uint64_t second() const { return second_; }
  std::string generator_name = "loadgenerator";
  uint64_t errors = 0;

  // One more second: `rate` requests over `connections` connections.
  void Tick(uint64_t rate, uint64_t latency_us = 2000, uint64_t connections = 10) {
    tag::TaggedBatch batch;
    batch.second = ++second_;
    batch.agent = "test";
    batch.health.tier = "sock_length";
    batch.health.stage = "full";
    batch.new_services = {{kGenerator, generator_name, "", schema::NodeKind::kService},
                          {kFrontend, "frontend", "shop", schema::NodeKind::kService},
                          {kCart, "cart", "shop", schema::NodeKind::kService}};
    batch.edges.push_back(Row(kGenerator, kFrontend, 8080, rate, latency_us, connections));
    batch.edges.push_back(Row(kFrontend, kCart, 7070, rate, latency_us / 2, 4));
    tag::InstanceRow node;
    node.service = kCart;
    node.instance = 30;
    node.values[static_cast<size_t>(schema::InstanceMetric::kCpuUsage)] = 50'000 + rate;
    batch.saturation.push_back(node);
    batch.losses = {{"ring_full", 1}};
    live_.Apply(batch);
    live_.Advance(batch.second);
  }

 private:
  tag::EdgeRow Row(uint32_t client, uint32_t server, uint16_t port, uint64_t rate,
                   uint64_t latency_us, uint64_t connections) const {
    using schema::EdgeMetric;
    tag::EdgeRow row;
    row.edge = {client, server, port, schema::L7Protocol::kHttp1, schema::L4Protocol::kTcp};
    const auto set = [&row](EdgeMetric m, uint64_t v) { row.values[static_cast<size_t>(m)] = v; };
    set(EdgeMetric::kRequest, rate);
    set(EdgeMetric::kResponse, rate);
    set(EdgeMetric::kServerError, std::min(rate, errors));
    set(EdgeMetric::kByteTx, rate * 100);
    set(EdgeMetric::kFlowLoad, connections);
    set(EdgeMetric::kRrtSum, rate * latency_us);
    set(EdgeMetric::kRrtCount, rate);
    set(EdgeMetric::kRrtMax, latency_us);
    if (rate > 0) row.rrt.Add(latency_us, static_cast<uint32_t>(rate));
    return row;
  }

  live::LiveState& live_;
  uint64_t second_;
};

// A folder of the test's own, gone with it.
class TestFolder {
 public:
  TestFolder()
      : path_(std::filesystem::temp_directory_path() /
              ("pano-run-" + std::to_string(getpid()) + "-" + std::to_string(MonotonicNs()))) {
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace pano::run
