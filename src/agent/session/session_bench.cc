// SPDX-License-Identifier: Apache-2.0
// Requests per second of one core through parsing and matching: bytes in, finished requests out.
#include <benchmark/benchmark.h>

#include <filesystem>

#include "agent/session/exchange_file.h"

namespace pano::session {
namespace {

class CountingSink final : public RequestSink {
 public:
  void OnSession(SessionEvent event, const Request& request) override {
    finished += event == SessionEvent::kRequestFinished;
    benchmark::DoNotOptimize(request.status);
  }
  void OnFacts(uint64_t, const ConnectionFacts&) override {}
  uint64_t finished = 0;
};

struct Pair {
  std::string request;
  std::string response;
};

void Run(benchmark::State& state, const Pair& pair, int depth) {
  CountingSink sink;
  Tracker tracker({}, sink);
  Feeder wire(tracker);
  std::string requests;
  std::string responses;
  for (int i = 0; i < depth; ++i) {
    requests += pair.request;
    responses += pair.response;
  }
  for (auto _ : state) {
    wire.Send(requests);
    wire.Receive(responses);
  }
  if (sink.finished != static_cast<uint64_t>(state.iterations()) * static_cast<uint64_t>(depth)) {
    state.SkipWithError("requests were lost");
  }
  state.SetItemsProcessed(static_cast<int64_t>(sink.finished));
}

void BM_Http1(benchmark::State& state) {
  Run(state,
      {"GET /api/products/66VCHSJNUP?currencyCode=EUR HTTP/1.1\r\nHost: frontend:8080\r\n"
       "User-Agent: wrk/4.1.0\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n",
       "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
       "Content-Type: application/json\r\nContent-Length: 11\r\nConnection: keep-alive\r\n\r\n"
       "{\"ok\":true}"},
      static_cast<int>(state.range(0)));
}
BENCHMARK(BM_Http1)->Arg(1)->Arg(16);

void BM_Redis(benchmark::State& state) {
  Run(state, {"*2\r\n$3\r\nGET\r\n$10\r\nproduct:42\r\n", "$5\r\nhello\r\n"},
      static_cast<int>(state.range(0)));
}
BENCHMARK(BM_Redis)->Arg(1)->Arg(16);

// A recorded gRPC conversation (grpcio), again and again on new connections.
void BM_Grpc(benchmark::State& state) {
  const std::vector<Turn> turns = LoadExchange(std::filesystem::path(PANO_SOURCE_DIR) /
                                               "testdata/exchange/http2/grpc_python.txt");
  CountingSink sink;
  Tracker tracker({}, sink);
  uint64_t connection = 0;
  for (auto _ : state) {
    Feeder wire(tracker, ++connection);
    for (const Turn& t : turns) wire.Feed(t.to_server, t.bytes, t.time_ns);
    wire.Close();
  }
  state.SetItemsProcessed(static_cast<int64_t>(sink.finished));
}
BENCHMARK(BM_Grpc);

// Steady state of one HTTP/2 connection: headers from the tables, one small message each way.
void BM_Http2(benchmark::State& state) {
  CountingSink sink;
  Tracker tracker({}, sink);
  Feeder wire(tracker);
  const auto frame = [](uint8_t type, uint8_t flags, uint32_t stream, std::string_view body) {
    std::string out;
    for (const int shift : {16, 8, 0}) out += static_cast<char>(body.size() >> shift & 0xff);
    out += static_cast<char>(type);
    out += static_cast<char>(flags);
    for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(stream >> shift & 0xff);
    return out.append(body);
  };
  wire.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  wire.Send(frame(1, 5, 1, std::string("\x83\x86\x44\x09/shop/Get\x41\x04shop", 19)));
  wire.Receive(frame(1, 5, 1, "\x88"));
  const std::string data(64, 'x');
  uint32_t stream = 3;
  for (auto _ : state) {
    wire.Send(frame(1, 4, stream, "\x83\x86\xbf\xbe") + frame(0, 1, stream, data));
    wire.Receive(frame(1, 4, stream, "\x88") + frame(0, 1, stream, data));
    stream += 2;
  }
  state.SetItemsProcessed(static_cast<int64_t>(sink.finished));
}
BENCHMARK(BM_Http2);

}  // namespace
}  // namespace pano::session
