// SPDX-License-Identifier: Apache-2.0
// in: decode::Event  out: one wire::Batch a second (edges, endpoints, requests)
// One shard of the agent: flow, session and metric for the connections it was given. Everything in
// it runs on one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "agent/decode/event.h"
#include "agent/flow/tracker.h"
#include "agent/host.h"
#include "agent/metric/aggregator.h"
#include "agent/session/tracker.h"
#include "agent/stage.h"
#include "wire/batch.h"

namespace pano::agent {

struct ShardOptions {
  size_t max_connections = 131'072;
  uint64_t timeout_ns = 10'000'000'000;
  metric::AggregatorOptions metric;
};

class Shard final : private flow::FlowSink, private session::RequestSink {
 public:
  // Asks the source for so many payload bytes per call of a socket.
  using WantCapture = std::function<void(uint64_t socket, uint32_t bytes)>;

  Shard(const ShardOptions& options, flow::PeerIndex& peers, Host& host, WantCapture want);

  // Driving. `wall_offset_ns` is wall minus monotonic.
  void OnEvent(const decode::Event& event);
  void Housekeep(uint64_t now_ns);
  // Ends a wall second: levels, then everything counted up to it.
  wire::Batch CloseSecond(uint64_t second, uint64_t now_ns);
  void SetWallOffset(int64_t offset_ns) { wall_offset_ns_ = offset_ns; }
  void SetStage(Stage stage);
  void SetTimeout(uint64_t timeout_ns) { sessions_.SetTimeout(timeout_ns); }

  size_t connections() const { return flows_.size(); }

 private:
  void OnSegment(const flow::Segment& segment) override;
  void OnCount(flow::Connection& c, schema::EdgeMetric metric, uint64_t amount,
               uint64_t time_ns) override;
  void OnConnectLatency(flow::Connection& c, uint64_t rtt_us, uint64_t time_ns) override;
  void OnClosed(flow::Connection& c, uint64_t time_ns) override;
  session::Ending EndingOf(const flow::Connection& c) const;
  void OnQueueOverflow(const decode::SocketTuple& local, uint32_t tgid, uint64_t amount,
                       uint64_t time_ns) override;
  void OnSession(session::SessionEvent event, const session::Request& request) override;
  void OnFacts(uint64_t connection, const session::ConnectionFacts& facts) override;

  void CollectLosses(wire::Batch& out);
  uint64_t Wall(uint64_t monotonic_ns) const {
    return monotonic_ns + static_cast<uint64_t>(wall_offset_ns_);
  }

  Host& host_;
  WantCapture want_;
  session::Tracker sessions_;
  metric::Aggregator metrics_;
  flow::Tracker flows_;
  int64_t wall_offset_ns_ = 0;
  uint64_t clock_ns_ = 0;  // latest time told by an event or a sweep
  uint64_t next_sweep_ns_ = 0;
  uint64_t events_ = 0;
  Stage stage_ = Stage::kFull;
  std::map<std::string, uint64_t, std::less<>> reported_;  // losses told so far, by cause
};

}  // namespace pano::agent
