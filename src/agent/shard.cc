// SPDX-License-Identifier: Apache-2.0
#include "agent/shard.h"

#include <algorithm>
#include <utility>

namespace pano::agent {
namespace {

constexpr uint64_t kSweepEvery = 100'000'000;
constexpr uint32_t kShortCapture = 512;

session::TrackerLimits SessionLimits(const ShardOptions& options) {
  session::TrackerLimits limits;
  limits.timeout_ns = options.timeout_ns;
  limits.max_connections = options.max_connections;
  return limits;
}

}  // namespace

Shard::Shard(const ShardOptions& options, flow::PeerIndex& peers, Host& host, WantCapture want)
    : host_(host),
      want_(std::move(want)),
      sessions_(SessionLimits(options), *this),
      metrics_(options.metric, host),
      flows_(options.max_connections, peers, host, *this) {}

void Shard::OnEvent(const decode::Event& event) {
  ++events_;
  clock_ns_ = std::max(clock_ns_, event.time_ns);
  flows_.OnEvent(event);
}

void Shard::Housekeep(uint64_t now_ns) {
  clock_ns_ = std::max(clock_ns_, now_ns);
  flows_.Release(now_ns);
  if (now_ns < next_sweep_ns_) return;
  next_sweep_ns_ = now_ns + kSweepEvery;
  sessions_.Sweep(now_ns);
}

wire::Batch Shard::CloseSecond(uint64_t second, uint64_t now_ns) {
  clock_ns_ = std::max(clock_ns_, now_ns);
  sessions_.Sweep(now_ns);
  flows_.Tick(now_ns);
  flows_.ForEach([&](flow::Connection& c) {
    const bool open = c.established && !c.closed && c.has_tuple && c.tuple.remote_port != 0;
    if (!open || c.role == flow::Role::kUnknown) return;
    const session::ConnectionFacts facts = sessions_.Facts(c.id);
    const uint64_t oldest_ns = facts.oldest_request_ns;
    const uint64_t age = oldest_ns != 0 && now_ns > oldest_ns ? now_ns - oldest_ns : 0;
    metrics_.Levels(c, {facts.in_flight, age / 1000, facts.consumer_lag}, second);
  });
  wire::Batch out;
  out.second = second;
  metrics_.Flush(second, [this](uint64_t id) { return flows_.Find(id); }, out);
  CollectLosses(out);
  out.health.events = std::exchange(events_, 0);
  out.health.connections = flows_.size();
  return out;
}

void Shard::SetStage(Stage stage) {
  if (stage == stage_) return;
  stage_ = stage;
  metrics_.SetKeepRequests(stage < Stage::kSampledRequests, stage < Stage::kEdgesOnly);
  metrics_.SetFoldEndpoints(stage >= Stage::kFoldedEndpoints);
  // The limit holds for what is open already, too.
  flows_.ForEach([&](flow::Connection& c) {
    if (!c.closed) OnFacts(c.id, sessions_.Facts(c.id));
  });
}

void Shard::OnSegment(const flow::Segment& segment) {
  if (stage_ < Stage::kEdgesOnly) sessions_.OnSegment(segment);
}

void Shard::OnCount(flow::Connection& c, schema::EdgeMetric metric, uint64_t amount,
                    uint64_t time_ns) {
  metrics_.Count(c, metric, amount, Wall(time_ns));
}

void Shard::OnConnectLatency(flow::Connection& c, uint64_t rtt_us, uint64_t time_ns) {
  metrics_.ConnectLatency(c, rtt_us, Wall(time_ns));
}

void Shard::OnClosed(flow::Connection& c, uint64_t time_ns) {
  clock_ns_ = std::max(clock_ns_, time_ns);
  sessions_.OnClosed(c.id, time_ns, EndingOf(c));
}

session::Ending Shard::EndingOf(const flow::Connection& c) const {
  switch (c.ended_by) {
    case flow::Role::kClient:
      return host_.HasExited(c.client_tgid()) ? session::Ending::kClientExited
                                              : session::Ending::kClientLeft;
    case flow::Role::kServer:
      return session::Ending::kServerLeft;
    case flow::Role::kUnknown:
      break;
  }
  return session::Ending::kUnknown;
}

void Shard::OnQueueOverflow(const decode::SocketTuple& local, uint32_t tgid, uint64_t amount,
                            uint64_t time_ns) {
  if (tgid == 0) tgid = host_.ListenerTgid(local.netns, local.local_port);
  metrics_.QueueOverflow(local, tgid, amount, Wall(time_ns));
}

void Shard::OnSession(session::SessionEvent event, const session::Request& request) {
  const flow::Connection* c = flows_.Find(request.connection);
  if (c == nullptr) return;
  if (request.l7_protocol != schema::L7Protocol::kUnknown &&
      (!c->l7_settled || c->l7_protocol != request.l7_protocol)) {
    flows_.SetProtocol(c->id, request.l7_protocol, true);
  }
  // Timeouts and ends of connections happen now; a response when its last byte moved.
  const bool answered =
      request.response_time_ns != 0 && (event == session::SessionEvent::kRequestFinished ||
                                        event == session::SessionEvent::kLateResponse);
  const uint64_t at = answered ? request.response_time_ns : clock_ns_;
  metrics_.Session(*c, event, request, Wall(request.request_time_ns), Wall(at));
}

void Shard::OnFacts(uint64_t connection, const session::ConnectionFacts& facts) {
  const flow::Connection* c = flows_.Find(connection);
  if (c == nullptr) return;
  if (facts.role_inferred) flows_.SetRole(connection, facts.role, clock_ns_);
  if (facts.protocol != schema::L7Protocol::kUnknown) {
    flows_.SetProtocol(connection, facts.protocol, facts.protocol != schema::L7Protocol::kHttp2);
  }
  uint32_t wanted = facts.capture_bytes;
  if (stage_ >= Stage::kShortPayload) wanted = std::min(wanted, kShortCapture);
  if (stage_ >= Stage::kEdgesOnly) wanted = 0;
  want_(c->socket, wanted);
}

void Shard::CollectLosses(wire::Batch& out) {
  const auto tell = [&](std::string_view cause, uint64_t total) {
    const auto known = reported_.find(cause);
    const uint64_t before = known == reported_.end() ? 0 : known->second;
    if (total <= before) return;
    out.losses.push_back({std::string(cause), total - before});
    if (known == reported_.end()) {
      reported_.emplace(cause, total);
    } else {
      known->second = total;
    }
  };
  const flow::TrackerCounts flows = flows_.counts();
  tell("connection_table_full", flows.evicted);
  tell("open_missed", flows.open_missed);
  tell("stream_gap", flows.order.gaps);
  tell("stream_duplicate", flows.order.duplicates);
  tell("role_guessed", flows.roles_guessed);
  const metric::AggregatorCounts metrics = metrics_.counts();
  tell("endpoint_limit", metrics.endpoint_limit);
  tell("request_record_limit", metrics.kept_limit);
  tell("late_event", metrics.late);
  tell("unknown_socket", metrics.unknown_socket);
  for (const session::CauseCount& c : sessions_.Counters()) tell(c.cause, c.count);
}

}  // namespace pano::agent
