// SPDX-License-Identifier: Apache-2.0
// Capture alone: opens the live source, decodes every record and drops it. The least an agent can
// do, to tell the price of capture from the price of what is built on it. pano_drain [TIER]
// [skip|full] [RING_BYTES]:
// prints "ready" once it sees; on SIGTERM one line of JSON with its counts. `skip` asks for
// counters only, of every socket.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "agent/decode/decode.h"
#include "agent/source/live_source.h"

namespace {

volatile std::sig_atomic_t g_stop = 0;
void Stop(int) { g_stop = 1; }

}  // namespace

int main(int argc, char** argv) {
  using pano::decode::Event;
  pano::source::LiveOptions options;
  if (argc > 1) options.tier = pano::source::TierByName(argv[1]).value_or(options.tier);
  if (argc > 2 && std::strcmp(argv[2], "skip") == 0) options.default_capture = 0;
  if (argc > 3) options.ring_bytes = std::strtoull(argv[3], nullptr, 10);
  auto source = pano::source::OpenLive(options);
  if (!source) {
    fmt::print(stderr, "{}\n", source.error().ToString());
    return 1;
  }
  std::signal(SIGTERM, Stop);
  std::signal(SIGINT, Stop);
  uint64_t events = 0;
  uint64_t data = 0;
  uint64_t bytes = 0;
  uint64_t bad = 0;
  const auto sink = [&](const pano::source::RawRecord& record) {
    Event event;
    ++events;
    if (pano::decode::Decode(record, &event) != pano::decode::Verdict::kEvent) {
      ++bad;
    } else if (event.type == pano::decode::EventType::kData) {
      ++data;
      bytes += event.payload.size();
    }
  };
  bool told = false;
  while (!g_stop && (*source)->Poll(sink, 100)) {
    if (told) continue;
    std::puts("ready");
    std::fflush(stdout);
    told = true;
  }
  fmt::print(
      "{{\"tier\": \"{}\", \"events\": {}, \"data\": {}, \"payload_bytes\": {}, \"bad\": {}, "
      "\"losses\": {{",
      (*source)->tier(), events, data, bytes, bad);
  const char* comma = "";
  for (const auto& loss : (*source)->Losses()) {
    fmt::print("{}\"{}\": {}", comma, loss.cause, loss.count);
    comma = ", ";
  }
  fmt::print("}}}}\n");
  return 0;
}
