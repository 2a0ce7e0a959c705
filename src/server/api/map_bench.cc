// SPDX-License-Identifier: Apache-2.0
// Goal: the live map at 500 edges is answered in 10 ms, over a real connection, from memory. Fresh:
// the first to ask after a new second, who pays for rendering and packing. Again: everybody else.
#include <benchmark/benchmark.h>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <random>

#include "base/clock.h"
#include "server/api/gzip.h"
#include "server/api/http_server.h"
#include "server/api/map_json.h"

namespace pano::api {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using schema::EdgeMetric;
using schema::ObservationPoint;

constexpr uint64_t kNs = 1'000'000'000;

tag::EdgeRow MakeRow(std::mt19937_64& random, uint32_t client, uint32_t server,
                     ObservationPoint point) {
  tag::EdgeRow row;
  row.edge = {.client_service = client,
              .server_service = server,
              .server_port = 8080,
              .l7_protocol = schema::L7Protocol::kGrpc};
  row.client_instance = client;
  row.server_instance = server;
  row.point = point;
  const auto set = [&row](EdgeMetric metric, uint64_t value) {
    row.values[static_cast<size_t>(metric)] = value;
  };
  const uint64_t requests = 20 + random() % 20;
  uint64_t sum = 0;
  for (uint64_t i = 0; i < requests; ++i) {
    const uint64_t us = 500 + random() % 20'000;
    row.rrt.Add(us);
    sum += us;
  }
  set(EdgeMetric::kRequest, requests);
  set(EdgeMetric::kResponse, requests);
  set(EdgeMetric::kRrtSum, sum);
  set(EdgeMetric::kRrtCount, requests);
  set(EdgeMetric::kByteTx, requests * 300);
  set(EdgeMetric::kByteRx, requests * 2'000);
  set(EdgeMetric::kFlowLoad, 5);
  return row;
}

// `edges` edges among a quarter as many services, both ends of each watched by one agent.
class Map {
 public:
  explicit Map(uint32_t edges) : edges_(edges), services_(edges / 4 + 1), files_("") {
    second_ = WallNs() / kNs - 1'000;
    tag::TaggedBatch names = Batch();
    for (uint32_t i = 1; i <= services_; ++i) {
      names.new_services.push_back({i, "service" + std::to_string(i), "shop", {}});
      tag::Instance instance;
      instance.id = i;
      instance.service = i;
      instance.info.instance = "service" + std::to_string(i) + "-6c9f7d-x2k4p";
      instance.info.pid = i;
      names.new_instances.push_back(std::move(instance));
    }
    live_.Apply(names);
    context_.live = &live_;
    context_.files = &files_;
    context_.started_ns = MonotonicNs();
    for (int i = 0; i < 20; ++i) Second();
  }

  void Second() {
    tag::TaggedBatch batch = Batch();
    for (uint32_t i = 0; i < edges_; ++i) {
      const uint32_t client = i % services_ + 1;
      const uint32_t server = (client + i / services_) % services_ + 1;
      for (const auto point : {ObservationPoint::kClientProcess, ObservationPoint::kServerProcess})
        batch.edges.push_back(MakeRow(random_, client, server, point));
    }
    for (uint32_t i = 1; i <= services_; ++i) {
      batch.saturation.push_back({.service = i, .instance = i, .values = {}});
    }
    live_.Apply(batch);
    live_.Advance(second_++);
  }
  Context& context() { return context_; }
  uint64_t second() const { return second_; }
  size_t edges() const { return live_.Latest()->edges.size(); }

 private:
  tag::TaggedBatch Batch() const {
    tag::TaggedBatch batch;
    batch.second = second_;
    batch.agent = "host";
    batch.health.tier = "sock_length";
    batch.health.stage = "full";
    return batch;
  }

  std::mt19937_64 random_{1};
  const uint32_t edges_;
  const uint32_t services_;
  uint64_t second_ = 0;
  live::LiveState live_;
  StaticFiles files_;
  Context context_;
};

class Client {
 public:
  explicit Client(uint16_t port) : socket_(io_) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    socket_.set_option(asio::ip::tcp::no_delay(true));
  }
  // Bytes of the body; 0 when it is not a good answer.
  size_t Get(const std::string& target, bool gzip) {
    http::request<http::empty_body> request(http::verb::get, target, 11);
    request.set(http::field::host, "127.0.0.1");
    if (gzip) request.set(http::field::accept_encoding, "gzip");
    http::write(socket_, request);
    http::response_parser<http::string_body> parser;
    parser.body_limit(uint64_t{64} << 20);
    http::read(socket_, buffer_, parser);
    const bool packed = parser.get()[http::field::content_encoding] == "gzip";
    return parser.get().result_int() == 200 && packed == gzip ? parser.get().body().size() : 0;
  }

 private:
  asio::io_context io_;
  asio::ip::tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

enum class When { kFresh, kAgain, kPast };

void BM_Map(benchmark::State& state, bool gzip, When when) {
  Map map(static_cast<uint32_t>(state.range(0)));
  HttpOptions options;
  options.port = 0;
  auto server = HttpServer::Start(options, map.context());
  if (!server) {
    state.SkipWithError(server.error().ToString().c_str());
    return;
  }
  Client client((*server)->port());
  size_t bytes = 0;
  for (auto _ : state) {
    if (when == When::kFresh) {
      state.PauseTiming();
      map.Second();
      state.ResumeTiming();
    }
    const bool past = when == When::kPast;
    bytes = client.Get(past ? "/api/v1/map?at=" + std::to_string(map.second() - 3) : "/api/v1/map",
                       gzip);
    if (bytes == 0) state.SkipWithError("no map");
  }
  state.counters["edges"] = static_cast<double>(map.edges());
  state.counters["KB"] = static_cast<double>(bytes) / 1e3;
}
// Wall time: the server works in threads of its own.
BENCHMARK_CAPTURE(BM_Map, fresh_plain, false, When::kFresh)
    ->Arg(60)
    ->Arg(500)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Map, fresh_gzip, true, When::kFresh)
    ->Arg(60)
    ->Arg(500)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Map, again_gzip, true, When::kAgain)
    ->Arg(60)
    ->Arg(500)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Map, past_plain, false, When::kPast)
    ->Arg(60)
    ->Arg(500)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// What the first to ask pays for, in CPU time: the text, its packing, the stream's tick.
void BM_Render(benchmark::State& state, std::string (*render)(const live::MapView&)) {
  Map map(static_cast<uint32_t>(state.range(0)));
  const auto view = map.context().live->Latest();
  for (auto _ : state) benchmark::DoNotOptimize(render(*view));
}
std::string Text(const live::MapView& view) { return MapJson(view, false); }
std::string Packed(const live::MapView& view) { return Gzip(MapJson(view, false)); }
BENCHMARK_CAPTURE(BM_Render, text, Text)->Arg(60)->Arg(500)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Render, text_and_gzip, Packed)
    ->Arg(60)
    ->Arg(500)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Render, tick, TickJson)->Arg(60)->Arg(500)->Unit(benchmark::kMillisecond);

// A second of batches into the live state, up to the published map and its verdict.
void BM_Second(benchmark::State& state) {
  Map map(static_cast<uint32_t>(state.range(0)));
  for (auto _ : state) map.Second();
  state.counters["edges"] = static_cast<double>(map.edges());
}
BENCHMARK(BM_Second)->Arg(60)->Arg(500)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pano::api
