// SPDX-License-Identifier: Apache-2.0
#include "agent/decode/decode.h"

#include <cerrno>
#include <cstring>

#include "bpf/abi/record.h"

namespace pano::decode {
namespace {

template <typename T>
bool ReadAs(Bytes bytes, T* out) {
  if (bytes.size() < sizeof(T)) return false;
  std::memcpy(out, bytes.data(), sizeof(T));
  return true;
}

bool ReadTuple(const pano_tuple& from, Event* out) {
  if (from.l4_protocol != static_cast<uint8_t>(schema::L4Protocol::kTcp) &&
      from.l4_protocol != static_cast<uint8_t>(schema::L4Protocol::kUdp))
    return false;
  if (from.role > PANO_ROLE_SERVER) return false;
  out->has_tuple = true;
  out->tuple.local = IpAddress::FromV6(from.local);
  out->tuple.remote = IpAddress::FromV6(from.remote);
  out->tuple.local_port = from.local_port;
  out->tuple.remote_port = from.remote_port;
  out->tuple.netns = from.netns;
  out->tuple.l4_protocol = static_cast<schema::L4Protocol>(from.l4_protocol);
  out->role = static_cast<Role>(from.role);
  out->tcp_state = from.tcp_state;
  return true;
}

void ReadHeader(const pano_header& from, EventType type, Event* out) {
  *out = Event{};
  out->type = type;
  out->time_ns = from.time_ns;
  out->socket = from.socket;
  out->tgid = from.tgid;
  out->tid = from.tid;
  out->existing = (from.flags & PANO_FLAG_EXISTING) != 0;
}

Verdict DecodeOpen(Bytes bytes, Event* out) {
  pano_open record;
  if (!ReadAs(bytes, &record)) return Verdict::kTooShort;
  ReadHeader(record.header, EventType::kOpen, out);
  return ReadTuple(record.tuple, out) ? Verdict::kEvent : Verdict::kMalformed;
}

Verdict FillData(const pano_data& data, Bytes rest, Event* out) {
  if (data.direction > PANO_RX || data.captured > data.length) return Verdict::kMalformed;
  // A record may be longer than its payload: the kernel side writes slots of fixed sizes.
  if (data.captured > rest.size()) return Verdict::kTooShort;
  out->direction = data.direction == PANO_TX ? Direction::kTx : Direction::kRx;
  out->tcp_seq = data.tcp_seq;
  out->length = data.length;
  out->waited_us = data.waited_us;
  out->spliced = (data.header.flags & PANO_FLAG_SPLICED) != 0;
  out->payload = rest.first(data.captured);
  return Verdict::kEvent;
}

Verdict DecodeData(Bytes bytes, Event* out) {
  pano_data record;
  if (!ReadAs(bytes, &record)) return Verdict::kTooShort;
  ReadHeader(record.header, EventType::kData, out);
  return FillData(record, bytes.subspan(sizeof(record)), out);
}

Verdict DecodeAddressed(Bytes bytes, Event* out) {
  pano_data_addressed record;
  if (!ReadAs(bytes, &record)) return Verdict::kTooShort;
  ReadHeader(record.data.header, EventType::kData, out);
  if (!ReadTuple(record.tuple, out)) return Verdict::kMalformed;
  return FillData(record.data, bytes.subspan(sizeof(record)), out);
}

Verdict DecodeConnected(Bytes bytes, Event* out) {
  pano_connected record;
  if (!ReadAs(bytes, &record)) return Verdict::kTooShort;
  ReadHeader(record.header, EventType::kConnected, out);
  if (record.error < 0 || record.error > 4095) return Verdict::kMalformed;
  out->role = Role::kClient;
  out->error = record.error;
  out->latency_ns = record.latency_ns;
  out->syn_retrans = record.syn_retrans;
  out->reset = record.reset != 0;
  return Verdict::kEvent;
}

Verdict DecodeAccepted(Bytes bytes, Event* out) {
  pano_header record;
  if (!ReadAs(bytes, &record)) return Verdict::kTooShort;
  ReadHeader(record, EventType::kAccepted, out);
  out->role = Role::kServer;
  return Verdict::kEvent;
}

// RFC 9293 3.3.2. Who has only shut its sending side down still waits for its peer.
Ended EndedBy(const pano_closed& record) {
  constexpr uint8_t kEstablished = 1;  // numbers of include/net/tcp_states.h
  constexpr uint8_t kFinWait1 = 4;
  constexpr uint8_t kFinWait2 = 5;
  constexpr uint8_t kCloseWait = 8;
  constexpr uint8_t kLastAck = 9;
  constexpr uint8_t kClosing = 11;
  switch (record.tcp_state) {
    case kEstablished:
      return Ended::kOpen;
    case kFinWait1:
    case kFinWait2:
    case kClosing:
      return record.orphaned != 0 ? Ended::kByLocal : Ended::kByPeer;
    case kCloseWait:
    case kLastAck:
      return Ended::kByPeer;
    default:
      return Ended::kUnknown;
  }
}

Verdict DecodeStats(Bytes bytes, EventType type, Event* out) {
  pano_closed record;
  if (!ReadAs(bytes, &record)) return Verdict::kTooShort;
  ReadHeader(record.header, type, out);
  out->tcp_state = record.tcp_state;
  if (record.timed_out != 0) out->error = ETIMEDOUT;
  if (type == EventType::kClosed) out->ended = EndedBy(record);
  out->stats.byte_tx = record.stats.byte_tx;
  out->stats.byte_rx = record.stats.byte_rx;
  out->stats.packet_tx = record.stats.packet_tx;
  out->stats.packet_rx = record.stats.packet_rx;
  out->stats.retrans = record.stats.retrans;
  out->stats.ooo_rx = record.stats.ooo_rx;
  out->stats.zero_win_tx = record.stats.zero_win_tx;
  out->stats.srtt_us = record.stats.srtt_us;
  return Verdict::kEvent;
}

Verdict DecodeRetransmit(Bytes bytes, Event* out) {
  pano_retransmit record;
  if (!ReadAs(bytes, &record)) return Verdict::kTooShort;
  ReadHeader(record.header, EventType::kRetransmit, out);
  if (!ReadTuple(record.tuple, out)) return Verdict::kMalformed;
  out->segments = record.segments;
  return Verdict::kEvent;
}

Verdict DecodeReset(Bytes bytes, Event* out) {
  pano_reset record;
  if (!ReadAs(bytes, &record)) return Verdict::kTooShort;
  ReadHeader(record.header, EventType::kReset, out);
  if (!ReadTuple(record.tuple, out)) return Verdict::kMalformed;
  out->reset = record.received != 0;
  return Verdict::kEvent;
}

Verdict DecodeAcceptQueue(Bytes bytes, Event* out) {
  pano_accept_queue record;
  if (!ReadAs(bytes, &record)) return Verdict::kTooShort;
  ReadHeader(record.header, EventType::kAcceptQueue, out);
  if (!ReadTuple(record.tuple, out)) return Verdict::kMalformed;
  out->accept_queue = record.level;
  out->accept_queue_limit = record.limit;
  out->accept_overflow = record.overflow;
  return Verdict::kEvent;
}

Verdict DecodeProcess(Bytes bytes, EventType type, Event* out) {
  pano_process record;
  if (!ReadAs(bytes, &record)) return Verdict::kTooShort;
  ReadHeader(record.header, type, out);
  out->exit_code = record.exit_code;
  return Verdict::kEvent;
}

}  // namespace

Verdict Decode(const source::RawRecord& record, Event* out) {
  const Bytes bytes = record.bytes;
  pano_header header;
  if (!ReadAs(bytes, &header)) return Verdict::kTooShort;
  switch (header.type) {
    case PANO_OPEN:
      return DecodeOpen(bytes, out);
    case PANO_DATA:
      return DecodeData(bytes, out);
    case PANO_DATA_ADDRESSED:
      return DecodeAddressed(bytes, out);
    case PANO_CONNECTED:
      return DecodeConnected(bytes, out);
    case PANO_ACCEPTED:
      return DecodeAccepted(bytes, out);
    case PANO_CLOSED:
      return DecodeStats(bytes, EventType::kClosed, out);
    case PANO_STATS:
      return DecodeStats(bytes, EventType::kStats, out);
    case PANO_RETRANSMIT:
      return DecodeRetransmit(bytes, out);
    case PANO_RESET:
      return DecodeReset(bytes, out);
    case PANO_ACCEPT_QUEUE:
      return DecodeAcceptQueue(bytes, out);
    case PANO_EXEC:
      return DecodeProcess(bytes, EventType::kProcessExec, out);
    case PANO_EXIT:
      return DecodeProcess(bytes, EventType::kProcessExit, out);
    default:
      return Verdict::kUnknown;
  }
}

}  // namespace pano::decode
