// SPDX-License-Identifier: Apache-2.0
#include "agent/flow/tracker.h"

#include <algorithm>
#include <cerrno>

#include "base/log.h"

namespace pano::flow {
namespace {

using decode::Event;
using decode::EventType;
using schema::EdgeMetric;

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kLinger = 3 * kSecond;  // closed connections stay for late lookups
constexpr uint64_t kSettle = kSecond / 2;  // whose reset it was is known by then
constexpr uint64_t kUdpIdle = 60 * kSecond;
constexpr uint64_t kGuessAfter = kSecond;            // before ports decide the role
constexpr uint64_t kSubflowBit = uint64_t{1} << 63;  // kernel cookies stay far below

// include/net/tcp_states.h
constexpr uint8_t kTcpEstablished = 1;
constexpr uint8_t kTcpSynSent = 2;
constexpr uint8_t kTcpSynRecv = 3;
constexpr uint8_t kTcpFinWait1 = 4;
constexpr uint8_t kTcpFinWait2 = 5;
constexpr uint8_t kTcpCloseWait = 8;
constexpr uint8_t kTcpListen = 10;

Role Opposite(Role role) {
  if (role == Role::kUnknown) return role;
  return role == Role::kClient ? Role::kServer : Role::kClient;
}

// Who ends a connection at once, without a FIN, does so by a reset.
Role EndedBy(const Connection& c, const Event& event) {
  if (!c.is_tcp() || c.role == Role::kUnknown) return Role::kUnknown;
  if (event.error == ETIMEDOUT) return Opposite(c.role);
  switch (event.ended) {
    case decode::Ended::kByLocal:
      return c.role;
    case decode::Ended::kByPeer:
      return Opposite(c.role);
    case decode::Ended::kOpen:
      return c.got_reset ? Opposite(c.role) : c.role;
    case decode::Ended::kUnknown:
      break;
  }
  return Role::kUnknown;
}

bool InTransfer(uint8_t state) {
  return state == 0 || state == kTcpEstablished || state == kTcpFinWait1 || state == kTcpFinWait2 ||
         state == kTcpCloseWait;
}

}  // namespace

Tracker::Tracker(size_t capacity, PeerIndex& peers, const HostFacts& facts, FlowSink& sink)
    : peers_(peers), facts_(facts), sink_(sink), table_(capacity, [this](Connection& c) {
        ++counts_.evicted;
        Close(c, c.last_ns);
        DropFromIndex(c);
        holding_.erase(c.id);
      }) {}

void Tracker::OnEvent(const Event& event) {
  ++counts_.events;
  switch (event.type) {
    case EventType::kProcessExec:
    case EventType::kProcessExit:
      return;
    case EventType::kAcceptQueue:
      if (event.accept_overflow > 0 && event.has_tuple) {
        sink_.OnQueueOverflow(event.tuple, event.tgid, event.accept_overflow, event.time_ns);
      }
      return;
    default:
      break;
  }
  if (event.socket == 0) return OnSocketless(event);
  Connection& c = Ensure(event);
  table_.Touch(c, event.time_ns);
  switch (event.type) {
    case EventType::kOpen:
      return OnOpen(c, event);
    case EventType::kData:
      return OnData(c, event);
    case EventType::kConnected:
      return OnConnected(c, event);
    case EventType::kAccepted:
      return OnAccepted(c, event);
    case EventType::kClosed:
      return OnClosed(c, event);
    case EventType::kRetransmit:
      return OnRetransmit(c, event);
    case EventType::kReset:
      return OnReset(c, event);
    case EventType::kStats:
      TakeStats(c, event.stats);
      Report(c, event.time_ns);
      if (event.stats.srtt_us > 0 && c.role != Role::kUnknown) {
        sink_.OnCount(c, EdgeMetric::kSrttSum, event.stats.srtt_us, event.time_ns);
        sink_.OnCount(c, EdgeMetric::kSrttCount, 1, event.time_ns);
      }
      return;
    default:
      return;
  }
}

// The kernel has no full socket yet or any more: only what the client's end cannot tell is counted.
void Tracker::OnSocketless(const Event& event) {
  if (!event.has_tuple || !facts_.IsListening(event.tuple.netns, event.tuple.local_port)) return;
  Connection ghost;
  ghost.opened_ns = event.time_ns;
  ghost.has_tuple = true;
  ghost.tuple = event.tuple;
  ghost.role = Role::kServer;
  ghost.tgid = facts_.ListenerTgid(event.tuple.netns, event.tuple.local_port);
  SetEnds(ghost);
  Resolve(ghost, event.time_ns);
  if (event.type == EventType::kRetransmit && event.tcp_state == kTcpSynRecv) {
    sink_.OnCount(ghost, EdgeMetric::kRetransSynack, std::max(1u, event.segments), event.time_ns);
  } else if (event.type == EventType::kReset && !event.reset) {
    // Either a handshake that the listener refused, e.g. tcp_abort_on_overflow, or late data for a
    // connection that the server has closed (RFC 9293 3.10.7.1). The second had a socket here.
    const bool had_socket =
        peers_.FindPeer(ghost.client, ghost.server, ghost.tuple.l4_protocol, ghost.tuple.netns)
            .has_value();
    sink_.OnCount(ghost, had_socket ? EdgeMetric::kTcpTransferFail : EdgeMetric::kTcpEstablishFail,
                  1, event.time_ns);
    sink_.OnCount(ghost,
                  had_socket ? EdgeMetric::kServerRstFlow : EdgeMetric::kServerEstablishOtherRst, 1,
                  event.time_ns);
  }
}

Connection& Tracker::Ensure(const Event& event) {
  if (Connection* known = table_.Find(event.socket)) return *known;
  Connection& c = table_.Add(event.socket);
  c.opened_ns = event.time_ns;
  c.last_ns = event.time_ns;
  c.existing = event.type == EventType::kOpen ? event.existing : !event.has_tuple;
  if (event.type != EventType::kOpen && !event.has_tuple) ++counts_.open_missed;
  return c;
}

void Tracker::OnOpen(Connection& c, const Event& event) {
  if (event.tcp_state == kTcpListen) return;
  if (event.existing && !c.has_tuple) c.existing = true;
  if (event.has_tuple) SetTuple(c, event.tuple);
  if (event.tgid != 0) c.tgid = event.tgid;
  if (event.role != Role::kUnknown) TakeRole(c, event.role, RoleSource::kHandshake, event.time_ns);
  if (c.existing) c.established = true;
  if (c.has_tuple) PutInIndex(c);
  if (c.role == Role::kClient && !c.existing) CountAttempt(c, event.time_ns);
  Resolve(c, event.time_ns);
}

void Tracker::CountAttempt(Connection& c, uint64_t time_ns) {
  if (c.attempt_counted || !c.is_tcp()) return;
  c.attempt_counted = true;
  sink_.OnCount(c, EdgeMetric::kSynCount, 1, time_ns);
}

void Tracker::OnConnected(Connection& c, const Event& event) {
  if (event.has_tuple) SetTuple(c, event.tuple);
  if (event.tgid != 0) c.tgid = event.tgid;
  c.existing = false;
  TakeRole(c, Role::kClient, RoleSource::kHandshake, event.time_ns);
  if (c.has_tuple) PutInIndex(c);
  Resolve(c, event.time_ns);
  CountAttempt(c, event.time_ns);
  if (event.syn_retrans > c.syn_retrans) {
    sink_.OnCount(c, EdgeMetric::kRetransSyn, event.syn_retrans - c.syn_retrans, event.time_ns);
    c.syn_retrans = event.syn_retrans;
  }
  if (c.outcome_counted) return;
  c.outcome_counted = true;
  if (event.error != 0 || event.reset) return CountFailure(c, event);
  c.established = true;
  sink_.OnCount(c, EdgeMetric::kNewFlow, 1, event.time_ns);
  sink_.OnConnectLatency(c, event.latency_ns / 1000, event.time_ns);
}

void Tracker::CountFailure(Connection& c, const Event& event) {
  EdgeMetric cause = EdgeMetric::kServerSynMiss;
  switch (event.error) {
    case ECONNREFUSED:
    case ECONNRESET:
      cause = EdgeMetric::kServerReset;
      break;
    case EADDRINUSE:
    case EADDRNOTAVAIL:
      cause = EdgeMetric::kClientSourcePortReuse;
      break;
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
      break;
    default:
      // The client gave up: it had waited for an answer, or it went away at once.
      if (event.reset) {
        cause = EdgeMetric::kServerReset;
      } else if (c.syn_retrans == 0 && event.latency_ns < kSecond) {
        cause = EdgeMetric::kClientEstablishOtherRst;
      }
  }
  sink_.OnCount(c, EdgeMetric::kTcpEstablishFail, 1, event.time_ns);
  sink_.OnCount(c, cause, 1, event.time_ns);
}

void Tracker::OnAccepted(Connection& c, const Event& event) {
  if (event.has_tuple) SetTuple(c, event.tuple);
  if (event.tgid != 0) c.tgid = event.tgid;
  c.existing = false;
  c.established = true;
  TakeRole(c, Role::kServer, RoleSource::kHandshake, event.time_ns);
  if (c.has_tuple) PutInIndex(c);
  Resolve(c, event.time_ns);
  if (c.outcome_counted) return;
  c.outcome_counted = true;
  c.attempt_counted = true;
  sink_.OnCount(c, EdgeMetric::kSynCount, 1, event.time_ns);
  sink_.OnCount(c, EdgeMetric::kNewFlow, 1, event.time_ns);
}

Connection& Tracker::SubflowOf(Connection& socket, const Event& event) {
  const auto key = std::make_tuple(socket.id, event.tuple.remote, event.tuple.remote_port);
  const auto known = subflows_.find(key);
  if (known != subflows_.end()) {
    if (Connection* c = table_.Find(known->second)) return *c;
    subflows_.erase(known);
  }
  // Adding may evict the parent itself: copy what is needed before.
  const uint64_t parent = socket.id;
  const bool existing = socket.existing;
  Connection& c = table_.Add(kSubflowBit | ++next_subflow_);
  c.socket = parent;
  c.existing = existing;
  c.opened_ns = event.time_ns;
  subflows_[key] = c.id;
  if (Connection* alive = table_.Find(parent)) alive->subflows.push_back(c.id);
  return c;
}

void Tracker::OnData(Connection& owner, const Event& event) {
  const bool unconnected = event.has_tuple && event.tuple.l4_protocol == schema::L4Protocol::kUdp &&
                           (!owner.has_tuple || owner.tuple.remote_port == 0 ||
                            owner.tuple.remote != event.tuple.remote ||
                            owner.tuple.remote_port != event.tuple.remote_port);
  Connection& c = unconnected ? SubflowOf(owner, event) : owner;
  if (unconnected) table_.Touch(c, event.time_ns);
  if (event.has_tuple) SetTuple(c, event.tuple);
  if (event.role != Role::kUnknown) TakeRole(c, event.role, RoleSource::kHandshake, event.time_ns);
  if (event.tgid != 0 && c.tgid != event.tgid) {
    c.tgid = event.tgid;
    if (c.has_tuple) PutInIndex(c);
  } else if (unconnected && !c.established) {
    PutInIndex(c);
  }
  c.closed = false;
  if (!c.established && c.has_tuple && !c.is_tcp()) {
    // Who speaks first asks; seen from its start only.
    if (!c.existing) {
      TakeRole(c, event.direction == Direction::kTx ? Role::kClient : Role::kServer,
               RoleSource::kInferred, event.time_ns);
    }
    c.established = true;
    if (!c.existing) sink_.OnCount(c, EdgeMetric::kNewFlow, 1, event.time_ns);
  }
  c.established = true;
  (event.direction == Direction::kTx ? c.seen.byte_tx : c.seen.byte_rx) += event.length;
  if (!c.is_tcp()) (event.direction == Direction::kTx ? c.seen.packet_tx : c.seen.packet_rx) += 1;
  if (!c.peer_known || c.peer_guessed) Resolve(c, event.time_ns);
  Report(c, event.time_ns);
  if (!c.is_tcp()) return Emit(c, event, 0, 0);
  Stream& stream = event.direction == Direction::kTx ? c.tx : c.rx;
  PutInOrder(
      stream, event, [&](const Event& e, uint32_t skip, uint32_t gap) { Emit(c, e, skip, gap); },
      counts_.order);
  if (!stream.held.empty()) holding_.insert(c.id);
}

void Tracker::Emit(Connection& c, const Event& event, uint32_t skip, uint32_t gap) {
  if (gap > 0 && LogEnabled(LogLevel::kDebug)) {
    Log(LogLevel::kDebug, "flow", "{} bytes unseen before seq {} ({}): {}:{} - {}:{} pid {}", gap,
        event.tcp_seq, event.direction == Direction::kTx ? "tx" : "rx", c.tuple.local.ToString(),
        c.tuple.local_port, c.tuple.remote.ToString(), c.tuple.remote_port, c.tgid);
  }
  Segment s;
  s.connection = c.id;
  s.time_ns = event.time_ns;
  s.tgid = event.tgid != 0 ? event.tgid : c.tgid;
  s.tid = event.tid;
  s.role = c.role;
  s.direction = event.direction;
  s.l4_protocol = c.tuple.l4_protocol;
  if (c.role == Role::kClient) s.server_port = c.tuple.remote_port;
  if (c.role == Role::kServer) s.server_port = c.tuple.local_port;
  s.joined_late = c.existing;
  s.tcp_seq = event.tcp_seq == 0 ? 0 : event.tcp_seq + skip;
  s.gap_before = gap;
  s.length = event.length - skip;
  s.payload = skip < event.payload.size() ? event.payload.subspan(skip) : Bytes{};
  sink_.OnSegment(s);
}

void Tracker::OnRetransmit(Connection& c, const Event& event) {
  if (event.has_tuple && !c.has_tuple) SetTuple(c, event.tuple);
  if (event.tcp_state == kTcpSynSent) {
    TakeRole(c, Role::kClient, RoleSource::kHandshake, event.time_ns);
    CountAttempt(c, event.time_ns);
    const uint32_t again = std::max(1u, event.segments);
    c.syn_retrans += again;
    sink_.OnCount(c, EdgeMetric::kRetransSyn, again, event.time_ns);
  } else if (event.tcp_state == kTcpSynRecv) {
    TakeRole(c, Role::kServer, RoleSource::kHandshake, event.time_ns);
    sink_.OnCount(c, EdgeMetric::kRetransSynack, std::max(1u, event.segments), event.time_ns);
  } else {
    c.data_retrans += std::max(1u, event.segments);
    c.seen.retrans = std::max(c.seen.retrans, c.data_retrans);
    Report(c, event.time_ns);
  }
}

void Tracker::OnReset(Connection& c, const Event& event) {
  c.got_reset |= event.reset;
  if (event.has_tuple && !c.has_tuple) SetTuple(c, event.tuple);
  if (c.failure_counted || c.role == Role::kUnknown) return;
  const bool by_client = (c.role == Role::kClient) != event.reset;  // reset: received
  if (event.tcp_state == kTcpSynRecv && c.role == Role::kServer) {
    c.failure_counted = true;
    sink_.OnCount(c, EdgeMetric::kTcpEstablishFail, 1, event.time_ns);
    sink_.OnCount(
        c, by_client ? EdgeMetric::kClientEstablishOtherRst : EdgeMetric::kServerEstablishOtherRst,
        1, event.time_ns);
    return;
  }
  if (c.reset_unsettled && !event.reset) return CountReset(c, true, event.time_ns);
  // A refused SYN is told by kConnected. Who closes with data unread is closed when its RST leaves
  // (RFC 2525 2.17).
  if (!c.established || (event.reset && !InTransfer(event.tcp_state))) return;
  // In FIN_WAIT the kernel also "receives a reset" when data comes for a socket nobody reads any
  // more, and then sends one itself (RFC 1122 4.2.2.13). Which it was shows a moment later.
  const bool own = !event.reset;
  if (event.reset && (event.tcp_state == kTcpFinWait1 || event.tcp_state == kTcpFinWait2)) {
    c.reset_unsettled = true;
    return;
  }
  CountReset(c, own, event.time_ns);
}

void Tracker::CountReset(Connection& c, bool own, uint64_t time_ns) {
  const bool by_client = (c.role == Role::kClient) == own;
  c.reset_unsettled = false;
  c.failure_counted = true;
  sink_.OnCount(c, EdgeMetric::kTcpTransferFail, 1, time_ns);
  sink_.OnCount(c, by_client ? EdgeMetric::kClientRstFlow : EdgeMetric::kServerRstFlow, 1, time_ns);
}

void Tracker::OnClosed(Connection& c, const Event& event) {
  if (event.has_tuple && !c.has_tuple) SetTuple(c, event.tuple);
  if (c.is_tcp()) TakeStats(c, event.stats);
  if (c.role == Role::kUnknown) TakeRole(c, event.role, RoleSource::kHandshake, event.time_ns);
  Resolve(c, event.time_ns);
  if (event.error == ETIMEDOUT && c.established && !c.failure_counted) {
    c.failure_counted = true;
    sink_.OnCount(c, EdgeMetric::kTcpTransferFail, 1, event.time_ns);
    sink_.OnCount(c, EdgeMetric::kTcpTimeout, 1, event.time_ns);
  }
  for (const uint64_t id : c.subflows) {
    if (Connection* sub = table_.Find(id)) Close(*sub, event.time_ns);
  }
  c.subflows.clear();
  if (!c.closed) c.ended_by = EndedBy(c, event);
  Close(c, event.time_ns);
}

void Tracker::Close(Connection& c, uint64_t time_ns) {
  if (c.closed) return;
  ReleaseStreams(c, time_ns, true);
  Report(c, time_ns);
  c.closed = true;
  c.closed_ns = time_ns;
  CloseInIndex(c);
  if (c.established && c.has_tuple) sink_.OnCount(c, EdgeMetric::kClosedFlow, 1, time_ns);
  sink_.OnClosed(c, time_ns);
}

void Tracker::ReleaseStreams(Connection& c, uint64_t now_ns, bool force) {
  const InOrder next = [&](const Event& e, uint32_t skip, uint32_t gap) { Emit(c, e, skip, gap); };
  const bool tx = ReleaseHeld(c.tx, now_ns, force, next, counts_.order);
  const bool rx = ReleaseHeld(c.rx, now_ns, force, next, counts_.order);
  if (!tx && !rx) holding_.erase(c.id);
}

void Tracker::Release(uint64_t now_ns) {
  if (holding_.empty()) return;
  const std::vector<uint64_t> ids(holding_.begin(), holding_.end());
  for (const uint64_t id : ids) {
    if (Connection* c = table_.Find(id)) {
      ReleaseStreams(*c, now_ns, false);
    } else {
      holding_.erase(id);
    }
  }
}

void Tracker::Tick(uint64_t now_ns) {
  table_.ForEach([&](Connection& c) {
    if (!c.peer_known || c.peer_guessed) Resolve(c, now_ns);
    if (c.closed) {
      if (c.reset_unsettled && c.closed_ns + kSettle < now_ns) CountReset(c, false, now_ns);
      if (c.closed_ns + kLinger > now_ns) return;
      DropFromIndex(c);
      if ((c.id & kSubflowBit) != 0) {
        subflows_.erase({c.socket, c.tuple.remote, c.tuple.remote_port});
      }
      return table_.Remove(c.id);
    }
    if (c.has_tuple && !c.is_tcp() && c.last_ns + kUdpIdle < now_ns) return Close(c, now_ns);
    if (c.role == Role::kUnknown && c.has_tuple && c.opened_ns + kGuessAfter < now_ns) {
      if (facts_.IsListening(c.tuple.netns, c.tuple.local_port)) {
        TakeRole(c, Role::kServer, RoleSource::kListener, now_ns);
      } else if (c.tuple.remote_port != c.tuple.local_port && c.tuple.remote_port != 0) {
        ++counts_.roles_guessed;
        TakeRole(c, c.tuple.remote_port < c.tuple.local_port ? Role::kClient : Role::kServer,
                 RoleSource::kPorts, now_ns);
      }
    }
  });
}

TrackerCounts Tracker::counts() const { return counts_; }

}  // namespace pano::flow
