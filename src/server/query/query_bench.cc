// SPDX-License-Identifier: Apache-2.0
// The store under the load of a large map: 5 tables written once a second, bytes per stored row,
// the map over an hour of 1 s rows. Run with libchdb.so present; see third_party/chdb/fetch.sh.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <random>

#include "base/clock.h"
#include "server/query/query.h"
#include "server/store/block_builder.h"
#include "server/store/migrate.h"
#include "server/store/store_fixture.h"

namespace pano::query {
namespace {

using schema::EdgeMetric;

constexpr uint32_t kHour = 3'600;

// An edge-second of a load test: some 20 requests of log-normal latency, few connects, no trouble.
tag::EdgeRow MakeEdge(std::mt19937_64& random, uint32_t edge, schema::ObservationPoint point) {
  tag::EdgeRow row;
  row.edge = {.client_service = edge % 50 + 1,
              .server_service = edge % 97 + 1,
              .server_port = static_cast<uint16_t>(3'000 + edge % 7),
              .l7_protocol = schema::L7Protocol::kGrpc};
  row.client_instance = edge % 200 + 1;
  row.server_instance = edge % 300 + 1;
  row.point = point;
  const auto set = [&row](EdgeMetric metric, uint64_t value) {
    row.values[static_cast<size_t>(metric)] = value;
  };
  const uint64_t requests = 15 + random() % 10;
  std::lognormal_distribution<double> latency(std::log(2'000.0 + edge * 10), 0.3);
  uint64_t sum = 0;
  uint64_t most = 0;
  for (uint64_t i = 0; i < requests; ++i) {
    const auto us = static_cast<uint64_t>(latency(random));
    row.rrt.Add(us);
    sum += us;
    most = std::max(most, us);
  }
  set(EdgeMetric::kRequest, requests);
  set(EdgeMetric::kResponse, requests);
  set(EdgeMetric::kRrtSum, sum);
  set(EdgeMetric::kRrtCount, requests);
  set(EdgeMetric::kRrtMax, most);
  set(EdgeMetric::kByteTx, requests * 300 + random() % 500);
  set(EdgeMetric::kByteRx, requests * 2'000 + random() % 5'000);
  set(EdgeMetric::kPacketTx, requests * 2 + random() % 5);
  set(EdgeMetric::kPacketRx, requests * 3 + random() % 5);
  set(EdgeMetric::kFlowLoad, 5);
  set(EdgeMetric::kInFlight, random() % 3);
  if (random() % 10 == 0) {
    set(EdgeMetric::kNewFlow, 1);
    set(EdgeMetric::kSynCount, 1);
    row.rtt.Add(100 + random() % 100);
  }
  return row;
}

tag::TaggedBatch MakeSecond(std::mt19937_64& random, uint64_t second, uint32_t rows) {
  tag::TaggedBatch batch;
  batch.second = second;
  batch.agent = "host";
  for (uint32_t i = 0; i < rows; ++i) {
    batch.edges.push_back(MakeEdge(random, i / 2,
                                   i % 2 == 0 ? schema::ObservationPoint::kClientProcess
                                              : schema::ObservationPoint::kServerProcess));
  }
  for (uint32_t i = 0; i < rows; ++i) {
    tag::EndpointRow row{.edge = batch.edges[i].edge, .endpoint = i % 40 + 1, .sample = {}};
    row.sample.request = 10;
    row.sample.rrt_sum = random() % 10'000;
    row.sample.rrt.Add(1'000 + random() % 1'000, 10);
    batch.endpoints.push_back(std::move(row));
  }
  for (uint32_t i = 0; i < rows / 2; ++i) {
    tag::InstanceRow row{.service = i % 97 + 1, .instance = i + 1, .values = {}};
    row.values[0] = random() % 1'000'000;
    row.values[6] = (100 << 20) + random() % 4'096 * 4'096;
    batch.saturation.push_back(row);
  }
  batch.events.push_back({.time_ns = second * 1'000'000'000, .text = "mark"});
  batch.losses.push_back({"ring_full", 1});
  return batch;
}

struct Bench {
  store::Folder folder;
  std::unique_ptr<store::Store> store;

  explicit Bench(benchmark::State& state) {
    auto opened = store::OpenEmbedded(store::TestOptions(folder.path(), PANO_STORE_PROBE));
    if (!opened) {
      state.SkipWithError(opened.error().ToString().c_str());
      return;
    }
    store = std::move(*opened);
    const Status migrated = store::Migrate(*store, {});
    if (!migrated) state.SkipWithError(migrated.error().ToString().c_str());
  }
  double Number(const std::string& sql) const {
    return std::strtod(store::Ask(*store, sql).c_str(), nullptr);
  }
};

uint64_t BeginOfHour() { return (WallNs() / 1'000'000'000 - 2 * kHour) / kHour * kHour; }

// One second of five tables, as the writer sends it.
void BM_InsertSecond(benchmark::State& state) {
  Bench bench(state);
  if (!bench.store) return;
  std::mt19937_64 random(1);
  store::BlockBuilder builder(store::Dialect::kModern);
  uint64_t second = BeginOfHour();
  uint64_t rows = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const auto batch = MakeSecond(random, second++, static_cast<uint32_t>(state.range(0)));
    state.ResumeTiming();
    builder.Add(batch);
    for (const store::Block& block : builder.Take()) {
      rows += block.rows;
      if (!bench.store->InsertNative(block.table, block.data)) state.SkipWithError("insert failed");
    }
  }
  state.counters["rows/s"] =
      benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kIsRate);
}
BENCHMARK(BM_InsertSecond)->Arg(100)->Arg(1'000)->Unit(benchmark::kMillisecond)->Iterations(20);

void BM_Encode(benchmark::State& state) {
  std::mt19937_64 random(1);
  const auto batch = MakeSecond(random, BeginOfHour(), 1'000);
  store::BlockBuilder builder(store::Dialect::kModern);
  for (auto _ : state) {
    builder.Add(batch);
    benchmark::DoNotOptimize(builder.Take());
  }
  state.counters["ns/row"] = benchmark::Counter(
      static_cast<double>(store::RowsOf(batch)) * 1e-9,
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_Encode)->Unit(benchmark::kMicrosecond);

// An hour of `range(0)` edge rows a second: stored bytes per row, then the map over it.
void BM_MapOverAnHour(benchmark::State& state) {
  Bench bench(state);
  if (!bench.store) return;
  std::mt19937_64 random(1);
  const uint64_t begin = BeginOfHour();
  store::BlockBuilder builder(store::Dialect::kModern);
  for (uint64_t second = 0; second < kHour; ++second) {
    builder.Add(MakeSecond(random, begin + second, static_cast<uint32_t>(state.range(0))));
    if (second % 60 != 59) continue;
    for (const store::Block& block : builder.Take()) {
      if (!bench.store->InsertNative(block.table, block.data)) state.SkipWithError("insert failed");
    }
  }
  (void)bench.store->Execute("OPTIMIZE TABLE edge FINAL");
  const Reader reader(*bench.store);
  for (auto _ : state) {
    const auto map = reader.MapOver({begin, begin + kHour});
    if (!map || map->edges.empty()) state.SkipWithError("no map");
  }
  const std::string parts = " FROM system.parts WHERE active AND table = ";
  state.counters["edge_rows"] = bench.Number("SELECT sum(rows)" + parts + "'edge'");
  state.counters["B/edge_row"] =
      bench.Number("SELECT sum(bytes_on_disk) / sum(rows)" + parts + "'edge'");
  state.counters["hist_B/row"] = bench.Number(
      "SELECT sum(column_data_compressed_bytes) / (SELECT sum(rows) FROM system.parts WHERE active "
      "AND table = 'edge') FROM system.parts_columns WHERE active AND table = 'edge' AND (column "
      "LIKE 'rrt.%' OR column LIKE 'rtt.%')");
  state.counters["B/edge_1m_row"] =
      bench.Number("SELECT sum(bytes_on_disk) / sum(rows)" + parts + "'edge_1m'");
  state.counters["B/endpoint_row"] =
      bench.Number("SELECT sum(bytes_on_disk) / sum(rows)" + parts + "'endpoint'");
}
BENCHMARK(BM_MapOverAnHour)->Arg(100)->Unit(benchmark::kMillisecond)->Iterations(3);

}  // namespace
}  // namespace pano::query
