// SPDX-License-Identifier: Apache-2.0
#include "agent/session/tracker.h"

#include <algorithm>

#include "agent/session/tracker_connection.h"

namespace pano::session {
namespace {

using flow::Role;
using l7::Toward;

constexpr uint32_t kWrongAfter = 8;           // misfits before the first message: wrong guess
constexpr uint32_t kAbandonAfter = 64;        // misfits in a row later on
constexpr size_t kMaxName = 64;               // of types, versions, ids
constexpr uint64_t kDoubtNs = 2'000'000'000;  // quiet time that ends a doubtful response
constexpr uint64_t kIdleNs = 60'000'000'000;  // a connection that may be evicted when room is short
constexpr uint32_t kPipelinedCapture = 16384;

void Assign(std::string& to, std::string_view from, size_t cap) {
  to.assign(from.substr(0, std::min(from.size(), cap)));
}

void Clear(Request& r) {
  std::string* const texts[] = {&r.version,          &r.request_type,       &r.request_domain,
                                &r.request_resource, &r.endpoint,           &r.request_id,
                                &r.response_result,  &r.response_exception, &r.trace_id,
                                &r.span_id,          &r.parent_span_id,     &r.x_request_id};
  for (std::string* text : texts) text->clear();
  r.request_length = r.response_length = r.records = 0;
  r.response_time_ns = 0;
  r.status = schema::ResponseStatus::kUnknown;
  r.response_code = 0;
  r.one_way = r.unnamed = false;
}

}  // namespace

Tracker::Tracker(const TrackerLimits& limits, RequestSink& sink)
    : limits_(limits), sink_(sink), message_(std::make_unique<l7::Message>()) {}

Tracker::~Tracker() = default;

void Tracker::OnSegment(const flow::Segment& segment) {
  Connection* c = FindOrAdd(segment.connection, segment);
  if (c == nullptr) return;
  c->last_ns = segment.time_ns;
  if (c->state == Connection::State::kOpaque) return;
  if (segment.role != Role::kUnknown && !c->role_inferred) c->role = segment.role;
  if (segment.server_port != 0) c->server_port = segment.server_port;
  if (c->state == Connection::State::kParsing) {
    Feed(*c, segment);
  } else if (segment.l4_protocol == schema::L4Protocol::kUdp) {
    SniffDatagram(*c, segment);
  } else {
    Sniff(*c, segment);
  }
}

Tracker::Connection* Tracker::FindOrAdd(uint64_t connection, const flow::Segment& segment) {
  const auto found = connections_.find(connection);
  if (found != connections_.end()) return found->second.get();
  if (connections_.size() >= limits_.max_connections) {
    ++connection_table_full_;
    return nullptr;
  }
  auto c = std::make_unique<Connection>();
  c->id = connection;
  c->joined_late = segment.joined_late;
  c->l4_protocol = segment.l4_protocol;
  c->notified_capture = limits_.sniff_capture_bytes;
  return connections_.emplace(connection, std::move(c)).first->second.get();
}

void Tracker::Assume(uint64_t connection, const l7::Protocol& protocol) {
  Connection* c = FindOrAdd(connection, {});
  if (c == nullptr || c->state != Connection::State::kSniffing) return;
  if (protocol.make == nullptr) return SettleOpaque(*c, protocol.id);
  c->protocol = protocol.id;
  c->state = Connection::State::kParsing;
  c->driver = std::make_unique<l7::Driver>(protocol, true, driver_counters_);
  Notify(*c);
}

void Tracker::Feed(Connection& c, const flow::Segment& s) {
  const Toward toward = TowardOf(c.role, s.direction);
  if (c.doubt != Connection::Doubt::kNone && toward == Toward::kServer &&
      c.last_toward == Toward::kClient) {
    ResolveDoubt(c);
  }
  c.last_toward = toward;
  current_ = &c;
  if (c.l4_protocol == schema::L4Protocol::kUdp) {
    c.driver->FeedDatagram(toward, s.time_ns, s.length, s.payload, *message_, *this);
  } else {
    c.driver->Feed(toward, s.time_ns, s.gap_before, s.length, s.payload, *message_, *this);
  }
  current_ = nullptr;
  AfterFeed(c);
}

void Tracker::AfterFeed(Connection& c) {
  if (c.driver->opaque()) return SettleOpaque(c, c.protocol);
  const uint32_t misfits = c.driver->invalid_in_a_row();
  if (misfits >= kWrongAfter && c.driver->messages() == 0) {
    ++wrong_inference_;
    const bool again = c.excluded == nullptr;
    c.excluded = &c.driver->protocol();
    if (!again) return SettleOpaque(c, schema::L7Protocol::kUnknown);
    FlushLost(c);
    c.driver.reset();
    c.protocol = schema::L7Protocol::kUnknown;
    c.state = Connection::State::kSniffing;
    Notify(c);
    return;
  }
  if (misfits >= kAbandonAfter) {
    ++protocol_abandoned_;
    SettleOpaque(c, c.protocol);
  }
}

void Tracker::Notify(Connection& c) { sink_.OnFacts(c.id, Facts(c.id)); }

ConnectionFacts Tracker::Facts(uint64_t connection) const {
  ConnectionFacts facts;
  facts.capture_bytes = limits_.sniff_capture_bytes;
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return facts;
  const Connection& c = *found->second;
  facts.protocol = c.protocol;
  facts.settled = c.state != Connection::State::kSniffing;
  facts.role = c.role;
  facts.role_inferred = c.role_inferred;
  if (c.state == Connection::State::kOpaque) facts.capture_bytes = 0;
  if (c.driver) {
    facts.capture_bytes = c.driver->protocol().capture_bytes;
    if (c.pipelined) facts.capture_bytes = std::max(facts.capture_bytes, kPipelinedCapture);
  }
  facts.consumer_lag = c.consumer_lag;
  facts.in_flight = static_cast<uint32_t>(c.waiting.size());
  if (!c.waiting.empty()) facts.oldest_request_ns = c.waiting.front()->request.request_time_ns;
  return facts;
}

void Tracker::OnMessage(const l7::Message& m) {
  Connection& c = *current_;
  if (m.type == l7::MessageType::kRequest) {
    if (m.begin) {
      StartRequest(c, m);
    } else {
      GoOnRequest(c, m);
    }
  } else {
    TakeResponse(c, m);
  }
}

void Tracker::StartRequest(Connection& c, const l7::Message& m) {
  const schema::L7Protocol protocol =
      m.protocol != schema::L7Protocol::kUnknown ? m.protocol : c.driver->protocol().id;
  const bool pipelined = !c.keyed() && !c.waiting.empty();
  if (c.protocol != protocol || (pipelined && !c.pipelined)) {
    c.protocol = protocol;
    c.pipelined |= pipelined;
    Notify(c);
  }
  Pending* p = Take();
  p->key = m.key;
  p->patient = m.patient;
  Request& r = p->request;
  r.connection = c.id;
  r.l7_protocol = protocol;
  r.request_time_ns = m.begin_time_ns;
  r.one_way = m.one_way;
  r.unnamed = m.unnamed;
  r.request_length = m.length;
  r.records = m.records;
  if (m.lag >= 0) c.consumer_lag = static_cast<uint64_t>(m.lag);
  Assign(r.version, m.version, kMaxName);
  Assign(r.request_type, m.request_type, kMaxName);
  Assign(r.request_domain, m.domain, l7::kMaxText);
  Assign(r.request_resource, m.resource, l7::kMaxText);
  Assign(r.endpoint, m.endpoint, l7::kMaxText);
  Assign(r.request_id, m.request_id, kMaxName);
  Assign(r.trace_id, m.trace_id, kMaxName);
  Assign(r.span_id, m.span_id, kMaxName);
  Assign(r.parent_span_id, m.parent_span_id, kMaxName);
  Assign(r.x_request_id, m.x_request_id, kMaxName);
  sink_.OnSession(SessionEvent::kRequestStarted, r);
  if (m.one_way) {
    r.status = schema::ResponseStatus::kOk;
    sink_.OnSession(SessionEvent::kRequestFinished, r);
    Give(p);
    return;
  }
  c.waiting.Push(p);
  if (c.waiting.size() <= limits_.max_in_flight) return;
  ++in_flight_overflow_;
  if (c.keyed()) {
    Pending* oldest = c.waiting.front();
    sink_.OnSession(SessionEvent::kRequestLost, oldest->request);
    Drop(c, oldest);
  } else {
    FlushLost(c);
    c.doubt = Connection::Doubt::kMany;
    c.doubt_since_ns = c.last_ns;
  }
}

void Tracker::GoOnRequest(Connection& c, const l7::Message& m) {
  if (c.waiting.empty()) return;
  Pending* p = c.keyed() ? c.waiting.Find(m.key) : c.waiting.back();
  if (p != nullptr) p->request.request_length += m.length;
}

Tracker::Pending* Tracker::Match(Connection& c, const l7::Message& m) {
  if (c.keyed()) return c.waiting.Find(m.key);
  if (c.doubt == Connection::Doubt::kMany) return nullptr;
  if (!m.begin && c.orphan_open) {
    if (m.end) c.orphan_open = false;
    return nullptr;
  }
  if (!c.waiting.empty()) return c.waiting.front();
  c.orphan_open = m.begin && !m.end;
  return nullptr;
}

void Tracker::TakeResponse(Connection& c, const l7::Message& m) {
  Pending* p = Match(c, m);
  if (p == nullptr) {
    if (m.begin) ++orphan_response_;
    return;
  }
  Request& r = p->request;
  // Two heads and no end between: the first response's end was lost, and this is the next one's.
  if (m.begin && p->begun && !c.keyed() && c.doubt != Connection::Doubt::kNone) {
    Finish(c, p, c.driver->last_time_ns(Toward::kClient));
    return TakeResponse(c, m);
  }
  c.doubt = Connection::Doubt::kNone;
  p->begun = true;
  r.response_length += m.length;
  if (m.request_length != 0) r.request_length = m.request_length;
  if (m.protocol != schema::L7Protocol::kUnknown && m.protocol != r.l7_protocol) {
    r.l7_protocol = m.protocol;
    c.protocol = m.protocol;
    Notify(c);
  }
  if (m.status != schema::ResponseStatus::kUnknown) r.status = m.status;
  if (m.code != 0) r.response_code = m.code;
  if (m.lag >= 0) c.consumer_lag = static_cast<uint64_t>(m.lag);
  if (!m.exception.empty()) Assign(r.response_exception, m.exception, l7::kMaxText);
  if (!m.result.empty()) Assign(r.response_result, m.result, l7::kMaxText);
  if (m.end) Finish(c, p, m.time_ns);
}

void Tracker::Finish(Connection& c, Pending* p, uint64_t time_ns) {
  p->request.response_time_ns = std::max(time_ns, p->request.request_time_ns);
  sink_.OnSession(p->timed_out ? SessionEvent::kLateResponse : SessionEvent::kRequestFinished,
                  p->request);
  Drop(c, p);
}

void Tracker::Drop(Connection& c, Pending* p) {
  c.waiting.Remove(p);
  Give(p);
}

void Tracker::FlushLost(Connection& c) {
  while (!c.waiting.empty()) {
    ++request_lost_;
    Pending* p = c.waiting.front();
    sink_.OnSession(SessionEvent::kRequestLost, p->request);
    Drop(c, p);
  }
  c.doubt = Connection::Doubt::kNone;
  c.orphan_open = false;
}

void Tracker::OnDesync(Toward toward) {
  Connection& c = *current_;
  for (size_t i = 0; i < c.waiting.size(); ++i) c.waiting[i]->doubtful = true;
  if (c.keyed()) return;
  c.doubt_since_ns = c.last_ns;
  if (c.waiting.size() > 1) {
    c.doubt = Connection::Doubt::kMany;
  } else if (toward == Toward::kClient) {
    c.orphan_open = false;
    if (!c.waiting.empty() && c.doubt == Connection::Doubt::kNone)
      c.doubt = Connection::Doubt::kOne;
  }
}

// The client sends again after the server spoke.
void Tracker::ResolveDoubt(Connection& c) {
  const bool one = c.doubt == Connection::Doubt::kOne && c.waiting.size() == 1;
  c.doubt = Connection::Doubt::kNone;
  if (!one) return FlushLost(c);
  // A client that waits for each response sends its next request only when it has the last one.
  Finish(c, c.waiting.front(), c.driver->last_time_ns(Toward::kClient));
}

void Tracker::OnClosed(uint64_t connection, uint64_t time_ns, Ending ending) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return;
  Connection& c = *found->second;
  if (c.driver) {
    current_ = &c;
    c.driver->Close(time_ns, *message_, *this);
    current_ = nullptr;
  }
  if (c.doubt == Connection::Doubt::kMany) FlushLost(c);
  if (c.doubt == Connection::Doubt::kOne && c.waiting.front()->begun) ResolveDoubt(c);
  while (!c.waiting.empty()) {
    Pending* p = c.waiting.front();
    if (p->patient || p->timed_out || ending == Ending::kClientExited) {
      sink_.OnSession(SessionEvent::kRequestLost, p->request);
      Drop(c, p);
      continue;
    }
    const bool gave_up = ending == Ending::kClientLeft;
    p->request.status =
        gave_up ? schema::ResponseStatus::kClientError : schema::ResponseStatus::kServerError;
    if (p->request.response_exception.empty()) {
      p->request.response_exception =
          gave_up ? "the client left before the response" : "connection closed before the response";
    }
    sink_.OnSession(SessionEvent::kRequestAborted, p->request);
    Drop(c, p);
  }
  connections_.erase(found);
}

void Tracker::Sweep(uint64_t now_ns) {
  const bool crowded = connections_.size() * 4 >= limits_.max_connections * 3;
  for (auto at = connections_.begin(); at != connections_.end();) {
    Connection& c = *at->second;
    if (!c.waiting.empty()) SweepConnection(c, now_ns);
    if (crowded && c.waiting.empty() && c.last_ns + kIdleNs < now_ns) {
      ++connection_evicted_;
      at = connections_.erase(at);
    } else {
      ++at;
    }
  }
}

bool Tracker::SweepConnection(Connection& c, uint64_t now_ns) {
  if (c.doubt == Connection::Doubt::kOne && c.waiting.front()->begun &&
      c.last_ns + kDoubtNs < now_ns) {
    ResolveDoubt(c);
  } else if (c.doubt == Connection::Doubt::kMany &&
             c.doubt_since_ns + limits_.timeout_ns < now_ns) {
    FlushLost(c);
  }
  // Oldest first, so the first young one ends the walk.
  for (size_t i = 0; i < c.waiting.size();) {
    Pending* p = c.waiting[i];
    if (p->request.request_time_ns + limits_.timeout_ns > now_ns) break;
    if (p->doubtful && c.keyed()) {
      ++request_lost_;
      sink_.OnSession(SessionEvent::kRequestLost, p->request);
      Drop(c, p);
      continue;
    }
    if (!p->begun && !p->timed_out && !p->patient) {
      p->timed_out = true;
      p->request.status = schema::ResponseStatus::kTimeout;
      sink_.OnSession(SessionEvent::kRequestTimedOut, p->request);
      p->request.status = schema::ResponseStatus::kUnknown;
    }
    ++i;
  }
  return !c.waiting.empty();
}

std::vector<CauseCount> Tracker::Counters() const {
  const l7::DriverCounters& d = driver_counters_;
  return {{"l7_gap_in_headers", d.gap_in_headers},
          {"l7_gap_in_body", d.gap_in_body},
          {"l7_buffer_overflow", d.buffer_overflow},
          {"l7_invalid", d.invalid},
          {"l7_resync", d.resync},
          {"l7_unparsed_bytes", d.unparsed_bytes},
          {"l7_orphan_response", orphan_response_},
          {"l7_request_lost", request_lost_},
          {"l7_in_flight_overflow", in_flight_overflow_},
          {"l7_connection_table_full", connection_table_full_},
          {"l7_connection_evicted", connection_evicted_},
          {"l7_unknown_protocol", unknown_protocol_},
          {"l7_wrong_inference", wrong_inference_},
          {"l7_protocol_abandoned", protocol_abandoned_}};
}

Tracker::Pending* Tracker::Take() {
  if (free_.empty()) {
    pool_.push_back(std::make_unique<Pending>());
    return pool_.back().get();
  }
  Pending* p = free_.back();
  free_.pop_back();
  return p;
}

void Tracker::Give(Pending* p) {
  p->begun = p->timed_out = p->patient = p->doubtful = false;
  p->key = 0;
  Clear(p->request);
  free_.push_back(p);
}

}  // namespace pano::session
