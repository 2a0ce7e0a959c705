// SPDX-License-Identifier: Apache-2.0
#include "agent/source/peer_resolver.h"

#include <cstring>

namespace pano::source {
namespace {

pano_header HeaderOf(const std::vector<std::byte>& record) {
  pano_header header;
  std::memcpy(&header, record.data(), sizeof(header));
  return header;
}

bool AwaitsPeer(const pano_header& header) {
  return header.type == PANO_DATA && (header.flags & PANO_FLAG_PEER_LATER);
}

// The datagram again, as a record that carries its tuple.
std::vector<std::byte> WithTuple(const std::vector<std::byte>& record, const pano_tuple& tuple) {
  pano_data_addressed head;
  std::memcpy(&head.data, record.data(), sizeof(head.data));
  head.data.header.type = PANO_DATA_ADDRESSED;
  head.data.header.flags &= static_cast<uint16_t>(~PANO_FLAG_PEER_LATER);
  head.tuple = tuple;
  std::vector<std::byte> out(sizeof(head) + record.size() - sizeof(head.data));
  std::memcpy(out.data(), &head, sizeof(head));
  std::memcpy(out.data() + sizeof(head), record.data() + sizeof(head.data),
              record.size() - sizeof(head.data));
  return out;
}

}  // namespace

bool PeerResolver::Take(const RawRecord& record, const pano_header& header,
                        const RecordSink& sink) {
  const bool awaits = AwaitsPeer(header) && record.bytes.size() >= sizeof(pano_data);
  if (!awaits && header.type != PANO_PEER && sockets_.empty()) return false;
  const auto at = sockets_.find(header.socket);

  if (header.type == PANO_PEER) {
    if (at == sockets_.end() || record.bytes.size() < sizeof(pano_peer)) return true;
    pano_peer peer;
    std::memcpy(&peer, record.bytes.data(), sizeof(peer));
    // Datagrams in front whose sender never came go without.
    while (!at->second.empty() && HeaderOf(at->second.front()).order != header.order)
      Release(&at->second, nullptr, sink);
    if (!at->second.empty()) Release(&at->second, &peer.tuple, sink);
    if (at->second.empty()) sockets_.erase(at);
    return true;
  }

  if (at == sockets_.end() && (!awaits || waiting_ >= kMaxWaiting)) {
    if (awaits) ++unresolved_;
    return false;
  }
  auto& queue = at == sockets_.end() ? sockets_[header.socket] : at->second;
  queue.emplace_back(record.bytes.begin(), record.bytes.end());
  ++waiting_;
  if (waiting_ >= kMaxWaiting) {
    while (!queue.empty()) Release(&queue, nullptr, sink);
    sockets_.erase(header.socket);
  }
  return true;
}

// Hands over the first record, and those behind it that wait only for it.
void PeerResolver::Release(std::deque<Stored>* queue, const pano_tuple* tuple,
                           const RecordSink& sink) {
  bool first = true;
  while (!queue->empty()) {
    const bool awaits = AwaitsPeer(HeaderOf(queue->front()));
    if (!first && awaits) return;
    Stored record = std::move(queue->front());
    queue->pop_front();
    --waiting_;
    ++handed_;
    if (awaits && tuple) record = WithTuple(record, *tuple);
    if (awaits && !tuple) ++unresolved_;
    sink(RawRecord{Bytes(record)});
    first = false;
  }
}

uint64_t PeerResolver::Expire(uint64_t now_ns, const RecordSink& sink) {
  for (auto at = sockets_.begin(); at != sockets_.end();) {
    while (!at->second.empty() && HeaderOf(at->second.front()).time_ns + kPatienceNs <= now_ns)
      Release(&at->second, nullptr, sink);
    at = at->second.empty() ? sockets_.erase(at) : std::next(at);
  }
  const uint64_t handed = handed_;
  handed_ = 0;
  return handed;
}

}  // namespace pano::source
