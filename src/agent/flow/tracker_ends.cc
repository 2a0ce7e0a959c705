// SPDX-License-Identifier: Apache-2.0
// Tracker: who is at which end of a connection, and its cumulative counters.
#include <algorithm>

#include "agent/flow/tracker.h"

namespace pano::flow {
namespace {

using schema::EdgeMetric;

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kResolveEvery = 10'000'000;
// A peer on this host shows its socket within this time; after it, looking costs once a second.
constexpr uint64_t kResolveFast = 3 * kSecond;

}  // namespace

void Tracker::SetTuple(Connection& c, const decode::SocketTuple& tuple) {
  if (c.has_tuple && c.tuple == tuple) return;
  if (c.has_tuple) {
    // Bound or connected since: what was known of its ends no longer holds.
    DropFromIndex(c);
    c.peer_known = false;
    c.translated = false;
  }
  c.has_tuple = true;
  c.tuple = tuple;
  c.next_resolve_ns = 0;
  SetEnds(c);
  if (c.role == Role::kUnknown && facts_.IsListening(tuple.netns, tuple.local_port)) {
    TakeRole(c, Role::kServer, RoleSource::kListener, c.last_ns);
  }
}

void Tracker::SetEnds(Connection& c) {
  const Endpoint local{c.tuple.local, c.tuple.local_port};
  const Endpoint remote{c.tuple.remote, c.tuple.remote_port};
  if (c.translated) return;
  c.client = c.role == Role::kServer ? remote : local;
  c.server = c.role == Role::kServer ? local : remote;
}

void Tracker::TakeRole(Connection& c, Role role, RoleSource source, uint64_t now_ns) {
  if (role == Role::kUnknown || source < c.role_source) return;
  if (c.role == role) {
    c.role_source = source;
    return;
  }
  if (c.role != Role::kUnknown && source == c.role_source) return;  // the first word counts
  if (c.translated) DropFromIndex(c);
  c.role = role;
  c.role_source = source;
  c.translated = false;
  c.peer_known = false;
  c.next_resolve_ns = 0;
  SetEnds(c);
  if (!c.has_tuple) return;
  PutInIndex(c);
  Resolve(c, now_ns);
  Report(c, now_ns);
}

void Tracker::SetRole(uint64_t connection, Role role, uint64_t now_ns) {
  if (Connection* c = table_.Find(connection)) TakeRole(*c, role, RoleSource::kInferred, now_ns);
}

void Tracker::SetProtocol(uint64_t connection, schema::L7Protocol protocol, bool settled) {
  Connection* c = table_.Find(connection);
  if (c == nullptr || (c->l7_settled && !settled)) return;
  c->l7_protocol = protocol;
  c->l7_settled = settled;
}

// A client is indexed by its ends after NAT, which is how its server's socket looks for it.
void Tracker::PutInIndex(const Connection& c) {
  if (c.tuple.remote_port == 0) return;  // a listener or an unconnected socket
  const bool server = c.role == Role::kServer;
  peers_.Put(server ? c.server : c.client, server ? c.client : c.server, c.tuple.l4_protocol,
             {c.socket, c.tgid, c.tuple.netns});
}

void Tracker::CloseInIndex(const Connection& c) {
  if (!c.has_tuple) return;
  const bool server = c.role == Role::kServer;
  peers_.Close(server ? c.server : c.client, server ? c.client : c.server, c.tuple.l4_protocol,
               c.tuple.netns, c.socket, c.closed_ns);
}

void Tracker::DropFromIndex(const Connection& c) {
  if (!c.has_tuple) return;
  const bool server = c.role == Role::kServer;
  peers_.Remove(server ? c.server : c.client, server ? c.client : c.server, c.tuple.l4_protocol,
                c.tuple.netns, c.socket);
}

bool Tracker::Resolve(Connection& c, uint64_t now_ns) {
  if (c.peer_known && c.peer_tgid != 0 && !c.peer_guessed) return true;
  if (!c.has_tuple || c.tuple.remote_port == 0 || now_ns < c.next_resolve_ns) return c.peer_known;
  const bool young = now_ns < c.opened_ns + kResolveFast;
  c.next_resolve_ns = now_ns + (young ? kResolveEvery : kSecond);
  if (c.role != Role::kServer) {
    // A reused source port may show the translation of the connection before it for a moment.
    HostFacts::Translation t;
    if (facts_.Translate(c.tuple, t) && (t.client != c.client || t.server != c.server)) {
      DropFromIndex(c);
      c.translated = true;
      c.client = t.client;
      c.server = t.server;
      PutInIndex(c);
    }
  }
  const bool server = c.role == Role::kServer;
  const auto peer = peers_.FindPeer(server ? c.server : c.client, server ? c.client : c.server,
                                    c.tuple.l4_protocol, c.tuple.netns);
  if (!peer || (peer->socket == c.socket)) return false;
  // The last user of a port that has been taken again is nobody's peer.
  if (peer->closed_ns != 0 && peer->closed_ns <= c.opened_ns) return false;
  c.peer_known = true;
  c.peer_socket = peer->socket;
  c.peer_guessed = peer->tgid == 0;
  if (!c.peer_guessed) {
    c.peer_tgid = peer->tgid;
  } else if (!server) {
    // A listener that has just been restarted may still be known by its old process: asked again.
    if (const uint32_t tgid = facts_.ListenerTgid(peer->netns, c.server.port)) c.peer_tgid = tgid;
  }
  return true;
}

void Tracker::TakeStats(Connection& c, const decode::SocketStats& stats) {
  if (!c.base_known) {
    c.base_known = true;
    if (c.existing) {
      // Traffic before the agent is not this second's. What was seen since stays.
      c.base = stats;
      c.base.byte_tx -= std::min(stats.byte_tx, c.seen.byte_tx);
      c.base.byte_rx -= std::min(stats.byte_rx, c.seen.byte_rx);
      c.base.retrans -= std::min(stats.retrans, c.seen.retrans);
    }
  }
  const auto raise = [](auto& seen, auto now, auto base) {
    if (now > base && now - base > seen) seen = now - base;
  };
  raise(c.seen.byte_tx, stats.byte_tx, c.base.byte_tx);
  raise(c.seen.byte_rx, stats.byte_rx, c.base.byte_rx);
  raise(c.seen.packet_tx, stats.packet_tx, c.base.packet_tx);
  raise(c.seen.packet_rx, stats.packet_rx, c.base.packet_rx);
  // total_retrans includes the SYNs that were sent again.
  raise(c.seen.retrans, stats.retrans, c.base.retrans + c.syn_retrans);
  raise(c.seen.ooo_rx, stats.ooo_rx, c.base.ooo_rx);
  raise(c.seen.zero_win_tx, stats.zero_win_tx, c.base.zero_win_tx);
}

// Counts are held back until the role says which way is "to the server".
void Tracker::Report(Connection& c, uint64_t time_ns) {
  if (c.role == Role::kUnknown || !c.has_tuple) return;
  const bool client = c.role == Role::kClient;
  const auto tell = [&](auto& reported, auto seen, EdgeMetric as_client, EdgeMetric as_server) {
    if (seen <= reported) return;
    const uint64_t amount = seen - reported;
    reported = seen;
    sink_.OnCount(c, client ? as_client : as_server, amount, time_ns);
  };
  using enum schema::EdgeMetric;
  tell(c.reported.byte_tx, c.seen.byte_tx, kByteTx, kByteRx);
  tell(c.reported.byte_rx, c.seen.byte_rx, kByteRx, kByteTx);
  tell(c.reported.packet_tx, c.seen.packet_tx, kPacketTx, kPacketRx);
  tell(c.reported.packet_rx, c.seen.packet_rx, kPacketRx, kPacketTx);
  tell(c.reported.retrans, c.seen.retrans, kRetransTx, kRetransRx);
  tell(c.reported.zero_win_tx, c.seen.zero_win_tx, kZeroWinTx, kZeroWinRx);
}

}  // namespace pano::flow
