// SPDX-License-Identifier: Apache-2.0
// Prints what capture sees, one line per event, for as many seconds as asked: a look at the live
// source by itself. watch [SECONDS] [TIER] [PORT]; with a port only its events.
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <unordered_set>

#include "agent/decode/decode.h"
#include "agent/source/live_source.h"
#include "base/clock.h"

namespace {

using pano::decode::Event;
using pano::decode::EventType;

const char* TypeName(EventType type) {
  static constexpr const char* kNames[] = {"open",        "data",  "connected",  "accepted",
                                           "closed",      "stats", "retransmit", "reset",
                                           "acceptqueue", "exec",  "exit"};
  return kNames[static_cast<size_t>(type)];
}

std::string Printable(pano::Bytes bytes) {
  std::string out;
  for (const std::byte b : bytes.first(std::min<size_t>(bytes.size(), 60))) {
    const char c = static_cast<char>(b);
    out += c >= 32 && c < 127 ? c : '.';
  }
  return out;
}

void Print(const Event& e) {
  fmt::print("{} {} socket={} tgid={} tid={}", e.time_ns, TypeName(e.type), e.socket, e.tgid,
             e.tid);
  if (e.has_tuple)
    fmt::print(" {}:{}->{}:{} netns={} role={}{}", e.tuple.local.ToString(), e.tuple.local_port,
               e.tuple.remote.ToString(), e.tuple.remote_port, e.tuple.netns,
               static_cast<int>(e.role), e.existing ? " existing" : "");
  if (e.type == EventType::kData)
    fmt::print(" {} seq={} length={} captured={} waited_us={}{} [{}]",
               e.direction == pano::decode::Direction::kTx ? "tx" : "rx", e.tcp_seq, e.length,
               e.payload.size(), e.waited_us, e.spliced ? " spliced" : "", Printable(e.payload));
  if (e.type == EventType::kConnected)
    fmt::print(" error={} latency_ns={} syn_retrans={} reset={}", e.error, e.latency_ns,
               e.syn_retrans, e.reset);
  if (e.type == EventType::kStats || e.type == EventType::kClosed)
    fmt::print(" tx={} rx={} ptx={} prx={} retrans={} srtt={}", e.stats.byte_tx, e.stats.byte_rx,
               e.stats.packet_tx, e.stats.packet_rx, e.stats.retrans, e.stats.srtt_us);
  if (e.type == EventType::kAcceptQueue)
    fmt::print(" {}/{} overflow={}", e.accept_queue, e.accept_queue_limit, e.accept_overflow);
  if (e.type == EventType::kReset) fmt::print(" received={} state={}", e.reset, e.tcp_state);
  fmt::print("\n");
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 5;
  pano::source::LiveOptions options;
  if (argc > 2) options.tier = pano::source::TierByName(argv[2]).value_or(options.tier);
  const int port = argc > 3 ? std::atoi(argv[3]) : 0;
  std::vector<pano::source::Capability> report;
  auto source = pano::source::OpenLive(options, &report);
  for (const auto& one : report)
    if (!one.available) fmt::print("missing: {}: {}\n", one.name, one.reason);
  if (!source) {
    fmt::print(stderr, "{}\n", source.error().ToString());
    return 1;
  }
  fmt::print("tier {}\n", (*source)->tier());
  std::unordered_set<uint64_t> shown;
  const auto sink = [&](const pano::source::RawRecord& record) {
    Event event;
    if (pano::decode::Decode(record, &event) != pano::decode::Verdict::kEvent) {
      fmt::print("undecodable record of {} bytes\n", record.bytes.size());
      return;
    }
    const bool about =
        event.has_tuple && (event.tuple.local_port == port || event.tuple.remote_port == port);
    if (about) shown.insert(event.socket);
    if (port == 0 || about || shown.contains(event.socket)) Print(event);
  };
  const uint64_t end = pano::MonotonicNs() + static_cast<uint64_t>(seconds * 1e9);
  while (pano::MonotonicNs() < end)
    if (!(*source)->Poll(sink, 100)) break;
  for (const auto& loss : (*source)->Losses())
    if (loss.count != 0) fmt::print("lost {}: {}\n", loss.cause, loss.count);
  return 0;
}
