// SPDX-License-Identifier: Apache-2.0
#include "agent/l7/driver.h"

#include <algorithm>

#include "agent/l7/registry.h"

namespace pano::l7 {
namespace {
// Pieces one call may hand on without consuming a byte; more is a parser that does not move.
constexpr int kMaxIdleSteps = 8192;
constexpr size_t kKeptBuffer = 4096;  // capacity an empty buffer may keep
}  // namespace

void Driver::Feed(Toward toward, uint64_t time_ns, uint32_t gap_before, uint32_t length,
                  Bytes payload, Message& scratch, MessageHandler& handler) {
  if (opaque_) return;
  Input in{toward, time_ns, scratch, handler};
  Side& s = side(toward);
  if (gap_before > 0) Hole(gap_before, in);
  payload = payload.first(std::min<size_t>(payload.size(), length));
  if (!payload.empty()) Consume(payload, in);
  if (length > payload.size()) Hole(length - payload.size(), in);
  s.last_time_ns = time_ns;
}

void Driver::FeedDatagram(Toward toward, uint64_t time_ns, uint32_t length, Bytes payload,
                          Message& scratch, MessageHandler& handler) {
  Input in{toward, time_ns, scratch, handler};
  Side& s = side(toward);
  s.last_time_ns = time_ns;
  scratch.Reset();
  const Step step = parser_->ParseDatagram(toward, payload, scratch);
  if (step.verdict == Verdict::kMessage) {
    s.begin_time_ns = time_ns;
    s.length = length;
    Deliver(payload.size(), payload.size(), s, in);
  } else if (step.verdict != Verdict::kSkip) {
    ++counters_->invalid;
    ++invalid_in_a_row_;
  }
  s.open = false;
}

void Driver::Close(uint64_t time_ns, Message& scratch, MessageHandler& handler) {
  for (const Toward toward : {Toward::kServer, Toward::kClient}) {
    side(toward).buffer = {};
  }
  scratch.Reset();
  if (!parser_->Close(scratch)) return;
  Side& s = side(Toward::kClient);
  Input in{Toward::kClient, s.last_time_ns ? s.last_time_ns : time_ns, scratch, handler};
  Deliver(0, 0, s, in);
}

void Driver::Hole(uint64_t bytes, Input& in) {
  Side& s = side(in.toward);
  if (s.lost) {
    counters_->unparsed_bytes += bytes;
    return;
  }
  if (!s.buffer.empty()) SettleForLess(s, in);
  if (s.skip >= bytes) {
    ++counters_->gap_in_body;
    s.skip -= bytes;
    if (s.skip == 0) FinishSkipped(s, in);
    return;
  }
  bytes -= s.skip;
  if (s.skip > 0) {
    s.skip = 0;
    FinishSkipped(s, in);
  }
  if (s.buffer.empty() && parser_->Lose(in.toward)) {
    ++counters_->gap_in_body;
    s.length += bytes;
    return;
  }
  ++counters_->gap_in_headers;
  counters_->unparsed_bytes += bytes;
  Desync(s, in);
}

void Driver::Desync(Side& s, Input& in) {
  counters_->unparsed_bytes += s.buffer.size();
  s.buffer.clear();
  s.lost = true;
  s.open = false;
  s.length = 0;
  s.pending_end.active = false;
  in.handler.OnDesync(in.toward);
}

void Driver::Consume(Bytes bytes, Input& in) {
  Side& s = side(in.toward);
  if (s.skip > 0) {
    const size_t pass = static_cast<size_t>(std::min<uint64_t>(s.skip, bytes.size()));
    s.skip -= pass;
    bytes = bytes.subspan(pass);
    if (s.skip == 0) FinishSkipped(s, in);
    if (bytes.empty()) return;
  }
  if (s.buffer.empty()) {
    const size_t used = ParseAll(bytes, 0, in);
    bytes = bytes.subspan(used);
    if (bytes.empty()) return;
    s.buffer_time_ns = in.time_ns;
  } else {
    const size_t old_bytes = s.buffer.size();
    s.buffer.insert(s.buffer.end(), bytes.begin(), bytes.end());
    // The parser sees the buffer in place; moving it out keeps a desync from freeing it meanwhile.
    std::vector<std::byte> whole = std::move(s.buffer);
    s.buffer.clear();
    const size_t used = ParseAll(whole, old_bytes, in);
    if (used >= old_bytes) s.buffer_time_ns = in.time_ns;
    whole.erase(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(used));
    if (whole.empty() && whole.capacity() > kKeptBuffer) whole = {};
    s.buffer = std::move(whole);
    bytes = {};
  }
  if (s.buffer.size() + bytes.size() > kMaxBuffer) {
    ++counters_->buffer_overflow;
    counters_->unparsed_bytes += bytes.size();
    Desync(s, in);
    return;
  }
  s.buffer.insert(s.buffer.end(), bytes.begin(), bytes.end());
}

// Parses from the front, answers the bytes used up; what is left waits for more. The first
// `old_bytes` came with an earlier segment.
size_t Driver::ParseAll(Bytes bytes, size_t old_bytes, Input& in) {
  Side& s = side(in.toward);
  size_t at = 0;
  int idle = 0;
  while (at < bytes.size()) {
    if (s.lost) {
      const size_t found = parser_->Resync(in.toward, bytes.subspan(at));
      counters_->unparsed_bytes += found == kNoSync ? bytes.size() - at : found;
      if (found == kNoSync) return bytes.size();
      ++counters_->resync;
      s.lost = false;
      at += found;
    }
    in.message.Reset();
    in.message.time_ns = in.time_ns;
    const Step step = parser_->Parse(in.toward, bytes.subspan(at), in.message);
    if (step.verdict == Verdict::kNeedMore) return at;
    if (step.verdict == Verdict::kOpaque) {
      opaque_ = true;
      return bytes.size();
    }
    if (step.verdict == Verdict::kInvalid || (step.consumed == 0 && ++idle > kMaxIdleSteps)) {
      ++counters_->invalid;
      ++invalid_in_a_row_;
      ++counters_->unparsed_bytes;
      Desync(s, in);
      ++at;  // never find the same start again
      continue;
    }
    if (step.consumed > 0) idle = 0;
    const size_t available = bytes.size() - at;
    Take(step, available, at < old_bytes ? s.buffer_time_ns : in.time_ns, s, in);
    if (opaque_) return bytes.size();
    at += std::min(step.consumed, available);
  }
  return bytes.size();
}

// What one step used up: its bytes are counted, and what it says is handed on.
void Driver::Take(Step step, size_t available, uint64_t begin_time_ns, Side& s, Input& in) {
  if (step.verdict != Verdict::kSkip) {
    if (!s.open) {
      s.begin_time_ns = begin_time_ns;
      s.open = true;
    }
    s.length += step.consumed;
  } else {
    s.open = false;
    s.length = 0;
  }
  if (step.consumed > available) s.skip = step.consumed - available;
  if (step.verdict == Verdict::kMessage) Deliver(step.consumed, available, s, in);
}

// A head was held back for more, and what follows is never seen: it may tell enough.
void Driver::SettleForLess(Side& s, Input& in) {
  const std::vector<std::byte> head = std::move(s.buffer);
  s.buffer.clear();
  in.message.Reset();
  in.message.time_ns = in.time_ns;
  const Step step = parser_->ParseCut(in.toward, head, in.message);
  if (step.consumed > head.size()) {
    Take(step, head.size(), s.buffer_time_ns, s, in);
  } else {
    s.buffer.assign(head.begin(), head.end());
  }
}

void Driver::Deliver(size_t consumed, size_t available, Side& s, Input& in) {
  Message& m = in.message;
  m.begin_time_ns = s.begin_time_ns;
  m.time_ns = in.time_ns;
  if (m.length == 0) m.length = s.length;
  s.length = 0;
  if (m.end && consumed > available) {
    m.end = false;
    s.pending_end = {true, m.type, m.key};
  } else if (m.end) {
    s.open = false;
  }
  ++messages_;
  ++counters_->messages;
  invalid_in_a_row_ = 0;
  const Upgrade upgrade = m.upgrade;
  in.handler.OnMessage(m);
  if (upgrade != Upgrade::kNone) SwitchTo(upgrade);
}

void Driver::SwitchTo(Upgrade upgrade) {
  const Protocol* next =
      upgrade == Upgrade::kHttp2 ? FindProtocol(schema::L7Protocol::kHttp2) : nullptr;
  if (next == nullptr) {
    opaque_ = true;
    return;
  }
  protocol_ = next;
  parser_ = next->make(false);
}

void Driver::FinishSkipped(Side& s, Input& in) {
  if (!s.pending_end.active) return;
  s.pending_end.active = false;
  s.open = false;
  in.message.Reset();
  in.message.type = s.pending_end.type;
  in.message.key = s.pending_end.key;
  in.message.begin = false;
  in.message.begin_time_ns = s.begin_time_ns;
  in.message.time_ns = in.time_ns;
  in.handler.OnMessage(in.message);
}

}  // namespace pano::l7
