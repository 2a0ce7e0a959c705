// SPDX-License-Identifier: Apache-2.0
// Test program. `store-engine ...`: the engine, as `panoscope store-engine` is. `write FOLDER`: a
// server's writing half that prints the number of each second once it is acknowledged, to be
// killed.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "server/store/embedded.h"
#include "server/store/engine.h"
#include "server/store/writer.h"

namespace pano::store {
namespace {

constexpr uint64_t kEpoch = 1'900'000'000;  // far from any TTL
constexpr uint32_t kEdges = 20;

// Second `n` of a made-up run: kEdges edges, each with n % 7 + 1 requests.
std::shared_ptr<const tag::TaggedBatch> MakeBatch(uint64_t n) {
  auto batch = std::make_shared<tag::TaggedBatch>();
  batch->second = kEpoch + n;
  for (uint32_t i = 0; i < kEdges; ++i) {
    tag::EdgeRow row;
    row.edge = {.client_service = 1, .server_service = i + 2, .server_port = 80};
    const uint64_t requests = n % 7 + 1;
    row.values[static_cast<size_t>(schema::EdgeMetric::kRequest)] = requests;
    for (uint64_t r = 0; r < requests; ++r) row.rrt.Add(100 * (r + 1) + i);
    batch->edges.push_back(std::move(row));
  }
  return batch;
}

int Write(const char* folder) {
  EmbeddedOptions options;
  options.data_dir = folder;
  auto store = OpenEmbedded(options);
  if (!store) {
    fmt::print(stderr, "{}\n", store.error().ToString());
    return 1;
  }
  Writer writer(**store, {.flush_interval = std::chrono::milliseconds(1), .retention = {}});
  const auto first = (*store)->Query("SELECT 1", {}, "TSV", {});
  if (!first) return 1;
  // Goes on after the last second stored, so that every life of the program adds to it.
  const auto last = (*store)->Query(
      "SELECT if(count() = 0, 0, max(toUnixTimestamp(time)) + 1) FROM edge", {}, "TSV", {});
  uint64_t n = last ? std::strtoull(last->c_str(), nullptr, 10) : 0;
  n = n == 0 ? 0 : n - kEpoch;
  for (;; ++n) {
    if (!writer.Add(MakeBatch(n))) return 1;
    if (!writer.Flush(std::chrono::seconds(30))) return 1;
    fmt::print("{}\n", n);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace pano::store

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == pano::store::kEngineCommand) return pano::store::RunStoreEngine(argc, argv);
  if (command == "write" && argc == 3) return pano::store::Write(argv[2]);
  fmt::print(stderr, "usage: {} write FOLDER\n", argv[0]);
  return 2;
}
