// SPDX-License-Identifier: Apache-2.0
#include "agent/source/peer_resolver.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pano::source {
namespace {

constexpr uint8_t kUdp = 17;

template <typename T>
bool ReadAs(Bytes bytes, T* out) {
  if (bytes.size() < sizeof(T)) return false;
  std::memcpy(out, bytes.data(), sizeof(T));
  return true;
}

pano_header HeaderOf(Bytes record) {
  pano_header header{};
  ReadAs(record, &header);
  return header;
}

bool AwaitsPeer(const pano_header& header) {
  return header.type == PANO_DATA && (header.flags & PANO_FLAG_PEER_LATER);
}

uint16_t MarkOf(Bytes payload) {
  uint16_t mark = 0;
  ReadAs(payload, &mark);
  return mark;
}

// The datagram again, as a record that carries its tuple.
std::vector<std::byte> WithTuple(Bytes record, const pano_tuple& tuple) {
  pano_data_addressed head{};
  ReadAs(record, &head.data);
  head.data.header.type = PANO_DATA_ADDRESSED;
  head.data.header.flags &= static_cast<uint16_t>(~PANO_FLAG_PEER_LATER);
  head.tuple = tuple;
  const Bytes payload = record.subspan(sizeof(pano_data));
  std::vector<std::byte> out(sizeof(head) + payload.size());
  std::memcpy(out.data(), &head, sizeof(head));
  if (!payload.empty()) std::memcpy(out.data() + sizeof(head), payload.data(), payload.size());
  return out;
}

bool SameRemote(const pano_tuple& a, const pano_tuple& b) {
  return a.remote_port == b.remote_port && std::memcmp(a.remote, b.remote, sizeof(a.remote)) == 0;
}

}  // namespace

bool PeerResolver::Take(const RawRecord& record, const pano_header& header,
                        const RecordSink& sink) {
  if (header.type == PANO_PEER) return TakePeer(record, header, sink), true;
  if (AwaitsPeer(header) && record.bytes.size() >= sizeof(pano_data))
    return TakeDatagram(record, header, sink);
  if (header.type == PANO_DATA_ADDRESSED) return TakeSent(record, header, sink);
  if (pano_open open; header.type == PANO_OPEN && ReadAs(record.bytes, &open) &&
                      open.tuple.l4_protocol == kUdp && open.tuple.role == PANO_ROLE_SERVER &&
                      sockets_.size() < kMaxSockets) {
    Socket& socket = sockets_[header.socket];
    socket.server = true;
    socket.last_ns = header.time_ns;
  }
  if (sockets_.empty()) return false;
  const auto at = sockets_.find(header.socket);
  if (at == sockets_.end()) return false;
  if (header.type == PANO_CLOSED) {
    while (!at->second.queue.empty()) Flush(&at->second, true, sink);
    sockets_.erase(at);
    return false;
  }
  if (at->second.queue.empty()) return false;
  Wait(&at->second, Stored(record.bytes.begin(), record.bytes.end()), sink);
  return true;
}

bool PeerResolver::TakeDatagram(const RawRecord& record, const pano_header& header,
                                const RecordSink& sink) {
  if (sockets_.size() >= kMaxSockets && !sockets_.contains(header.socket)) {
    ++unresolved_;
    return false;
  }
  Socket& socket = sockets_[header.socket];
  socket.last_ns = header.time_ns;
  const Mark mark = MarkOf(record.bytes.subspan(sizeof(pano_data)));
  Stored stored(record.bytes.begin(), record.bytes.end());
  if (const pano_tuple* tuple = FromAsked(socket, mark)) stored = WithTuple(stored, *tuple);
  Wait(&socket, std::move(stored), sink);
  return true;
}

const pano_tuple* PeerResolver::FromAsked(const Socket& socket, Mark mark) {
  if (socket.server || socket.asked.empty()) return nullptr;
  const Asked& latest = socket.asked.back();
  bool one = true;
  for (auto at = socket.asked.rbegin(); at != socket.asked.rend(); ++at) {
    if (at->mark == mark) return &at->tuple;
    one = one && SameRemote(at->tuple, latest.tuple);
  }
  return one ? &latest.tuple : nullptr;
}

bool PeerResolver::TakeSent(const RawRecord& record, const pano_header& header,
                            const RecordSink& sink) {
  pano_data_addressed sent;
  if (!ReadAs(record.bytes, &sent) || sent.data.direction != PANO_TX) return false;
  if (sockets_.size() >= kMaxSockets && !sockets_.contains(header.socket)) return false;
  Socket& socket = sockets_[header.socket];
  socket.last_ns = header.time_ns;
  const Mark mark = MarkOf(record.bytes.subspan(sizeof(sent)));
  // An answer names the sender of the request that begins alike, or else of the oldest one the same
  // thread took.
  Stored* answered = nullptr;
  Stored* of_thread = nullptr;
  for (Stored& waiting : socket.queue) {
    const pano_header other = HeaderOf(waiting);
    if (!AwaitsPeer(other)) continue;
    if (MarkOf(Bytes(waiting).subspan(sizeof(pano_data))) == mark) {
      answered = &waiting;
      break;
    }
    if (!of_thread && other.tid == header.tid) of_thread = &waiting;
  }
  if (!answered) answered = of_thread;
  if (answered) *answered = WithTuple(*answered, sent.tuple);
  if (!socket.server) {
    socket.asked.push_back({mark, sent.tuple});
    if (socket.asked.size() > kMaxAsked) socket.asked.pop_front();
  }
  Wait(&socket, Stored(record.bytes.begin(), record.bytes.end()), sink);
  return true;
}

void PeerResolver::TakePeer(const RawRecord& record, const pano_header& header,
                            const RecordSink& sink) {
  pano_peer peer;
  const auto at = sockets_.find(header.socket);
  if (at == sockets_.end() || !ReadAs(record.bytes, &peer)) return;
  for (Stored& waiting : at->second.queue) {
    const pano_header other = HeaderOf(waiting);
    if (!AwaitsPeer(other) || other.order != header.order) continue;
    waiting = WithTuple(waiting, peer.tuple);
    break;
  }
  Flush(&at->second, false, sink);
}

void PeerResolver::Wait(Socket* socket, Stored record, const RecordSink& sink) {
  socket->queue.push_back(std::move(record));
  ++waiting_;
  Flush(socket, false, sink);
  while (waiting_ > kMaxWaiting && !socket->queue.empty()) Flush(socket, true, sink);
}

void PeerResolver::Flush(Socket* socket, bool force, const RecordSink& sink) {
  while (!socket->queue.empty()) {
    const bool awaits = AwaitsPeer(HeaderOf(socket->queue.front()));
    if (awaits && !force) return;
    const Stored record = std::move(socket->queue.front());
    socket->queue.pop_front();
    --waiting_;
    if (awaits) {
      ++unresolved_;
      force = false;
    }
    sink(RawRecord{Bytes(record)});
  }
}

void PeerResolver::Expire(uint64_t now_ns, const RecordSink& sink) {
  for (auto at = sockets_.begin(); at != sockets_.end();) {
    Socket& socket = at->second;
    while (!socket.queue.empty() && HeaderOf(socket.queue.front()).time_ns + kPatienceNs <= now_ns)
      Flush(&socket, true, sink);
    const bool idle =
        socket.queue.empty() && !socket.server && socket.last_ns + kForgetNs <= now_ns;
    at = idle ? sockets_.erase(at) : std::next(at);
  }
}

}  // namespace pano::source
