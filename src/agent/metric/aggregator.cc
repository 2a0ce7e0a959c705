// SPDX-License-Identifier: Apache-2.0
#include "agent/metric/aggregator.h"

#include <algorithm>

namespace pano::metric {
namespace {

using flow::Connection;
using flow::Role;
using schema::EdgeMetric;
using schema::L7Protocol;
using schema::ObservationPoint;
using schema::ResponseStatus;
using session::Request;
using session::SessionEvent;

constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr size_t kMaxOpenSeconds = 8;
constexpr size_t kMaxLearned = 65'536;
constexpr size_t kMaxText = 512;
constexpr std::string_view kOther = "other";

uint64_t& At(schema::EdgeValues& values, EdgeMetric m) { return values[static_cast<size_t>(m)]; }

uint64_t PortKey(uint64_t who, uint16_t port) { return who << 16 | port; }
uint64_t PortKey(const IpAddress& ip, uint16_t port) {
  return PortKey(std::hash<IpAddress>()(ip), port);
}

bool Failed(SessionEvent event, const Request& r) {
  return event == SessionEvent::kRequestTimedOut || event == SessionEvent::kRequestAborted ||
         r.status == ResponseStatus::kClientError || r.status == ResponseStatus::kServerError;
}

void CopyText(std::string& to, const std::string& from) { to = from.substr(0, kMaxText); }

}  // namespace

Aggregator::Aggregator(const AggregatorOptions& options, Directory& directory)
    : options_(options), directory_(directory) {}

size_t Aggregator::RawKeyHash::operator()(const RawKey& k) const noexcept {
  size_t h = k.connection * 0x9e3779b97f4a7c15u;
  h ^= (size_t{k.client_tgid} << 32 | k.server_tgid) * 0xc2b2ae3d27d4eb4fu;
  h ^= std::hash<IpAddress>()(k.client_ip) * 31 + std::hash<IpAddress>()(k.server_ip);
  h ^= size_t{k.server_port} << 24 ^ static_cast<size_t>(k.l7) << 8 ^ static_cast<size_t>(k.point);
  return h ^ (h >> 29);
}

Aggregator::RawKey Aggregator::Ends(const Connection& c) const {
  const bool server = c.role == Role::kServer;
  RawKey k;
  k.client_tgid = server ? c.peer_tgid : c.tgid;
  k.server_tgid = server ? c.tgid : c.peer_tgid;
  // A loopback address ends in its own namespace: whoever listens there is the server, also of a
  // connection too short for its other socket to be met.
  if (k.server_tgid == 0 && c.server.ip.IsLoopback()) {
    k.server_tgid = directory_.ListenerTgid(c.tuple.netns, c.server.port);
  }
  if (k.client_tgid == 0) k.client_ip = c.client.ip;
  if (k.server_tgid == 0) k.server_ip = c.server.ip;
  k.server_port = c.server.port;
  k.l7 = c.l7_protocol;
  k.l4 = c.tuple.l4_protocol;
  k.point = server ? ObservationPoint::kServerProcess : ObservationPoint::kClientProcess;
  return k;
}

bool Aggregator::Settled(const Connection& c) {
  if (c.id == 0) return true;
  if (c.role == Role::kUnknown || !c.l7_settled || c.tgid == 0) return false;
  if (c.peer_known) return c.peer_tgid != 0;
  // The other end is not on this host if it did not show up by now.
  return c.last_ns > c.opened_ns + 3 * kSecondNs;
}

Aggregator::Second& Aggregator::SecondOf(uint64_t wall_ns) {
  uint64_t second = wall_ns / kSecondNs;
  if (second <= flushed_) {
    ++counts_.late;
    second = flushed_ + 1;
  }
  // A clock that jumps must not open seconds without end.
  if (!seconds_.contains(second) && seconds_.size() >= kMaxOpenSeconds) {
    second = seconds_.rbegin()->first;
  }
  return seconds_[second];
}

Aggregator::Slot& Aggregator::SlotOf(const Connection& c, Second& second) {
  const RawKey ends = Ends(c);
  if (Settled(c)) return second.slots[ends];
  Slot& slot = second.own[c.id];
  slot.ends = ends;
  return slot;
}

void Aggregator::Count(const Connection& c, EdgeMetric metric, uint64_t amount, uint64_t wall_ns) {
  if (!c.has_tuple || c.tuple.remote_port == 0) {
    ++counts_.unknown_socket;
    return;
  }
  At(SlotOf(c, SecondOf(wall_ns)).values, metric) += amount;
}

void Aggregator::ConnectLatency(const Connection& c, uint64_t rtt_us, uint64_t wall_ns) {
  if (!c.has_tuple) return;
  Slot& slot = SlotOf(c, SecondOf(wall_ns));
  At(slot.values, EdgeMetric::kRttSum) += rtt_us;
  At(slot.values, EdgeMetric::kRttCount) += 1;
  uint64_t& max = At(slot.values, EdgeMetric::kRttMax);
  max = std::max(max, rtt_us);
  slot.rtt.Add(rtt_us);
}

void Aggregator::QueueOverflow(const decode::SocketTuple& local, uint32_t tgid, uint64_t amount,
                               uint64_t wall_ns) {
  if (tgid == 0) {
    ++counts_.unknown_socket;
    return;
  }
  SecondOf(wall_ns).overflow[{tgid, local.local_port}] += amount;
}

void Aggregator::Levels(const Connection& c, const ConnectionLevels& levels, uint64_t second) {
  if (!c.has_tuple) return;
  Slot& slot = SlotOf(c, SecondOf(second * kSecondNs));
  At(slot.values, EdgeMetric::kFlowLoad) += 1;
  At(slot.values, EdgeMetric::kInFlight) += levels.in_flight;
  At(slot.values, EdgeMetric::kConsumerLag) += levels.consumer_lag;
  uint64_t& oldest = At(slot.values, EdgeMetric::kOldestInFlight);
  oldest = std::max(oldest, levels.oldest_us);
}

wire::EndpointSample& Aggregator::EndpointOf(Slot& slot, const Connection& c,
                                             const Request& request) {
  std::string_view name = request.endpoint;
  if (request.unnamed || name.empty()) name = "unnamed";
  if (fold_endpoints_) name = kOther;
  if (name != kOther) {
    const uint64_t server = PortKey(c.server.ip, c.server.port);
    if (endpoint_names_.size() > kMaxLearned) endpoint_names_.clear();
    auto& names = endpoint_names_[server];
    if (!names.contains(name)) {
      if (names.size() >= options_.max_endpoints) {
        ++counts_.endpoint_limit;
        name = kOther;
      } else {
        names.emplace(name);
      }
    }
  }
  const auto known = slot.endpoints.find(name);
  if (known != slot.endpoints.end()) return known->second;
  wire::EndpointSample& sample = slot.endpoints[std::string(name)];
  sample.endpoint = name;
  return sample;
}

void Aggregator::CountError(const Request& r, Slot& slot, wire::EndpointSample& endpoint) {
  if (r.status == ResponseStatus::kClientError) {
    ++At(slot.values, EdgeMetric::kClientError);
    ++endpoint.client_error;
  } else if (r.status == ResponseStatus::kServerError) {
    ++At(slot.values, EdgeMetric::kServerError);
    ++endpoint.server_error;
  }
}

void Aggregator::Session(const Connection& c, SessionEvent event, const Request& r,
                         uint64_t request_wall_ns, uint64_t event_wall_ns) {
  if (!c.has_tuple) {
    ++counts_.unknown_socket;
    return;
  }
  if (event == SessionEvent::kRequestLost) return;
  const bool started = event == SessionEvent::kRequestStarted;
  Second& second = SecondOf(started ? request_wall_ns : event_wall_ns);
  Slot& slot = SlotOf(c, second);
  wire::EndpointSample& endpoint = EndpointOf(slot, c, r);
  const auto add = [&](EdgeMetric m) { ++At(slot.values, m); };
  switch (event) {
    case SessionEvent::kRequestStarted:
      add(EdgeMetric::kRequest);
      if (r.unnamed) add(EdgeMetric::kUnnamedRequest);
      At(slot.values, EdgeMetric::kRecord) += r.records;
      ++endpoint.request;
      return;
    case SessionEvent::kRequestTimedOut:
      add(EdgeMetric::kTimeout);
      ++endpoint.timeout;
      break;
    case SessionEvent::kRequestAborted:
      CountError(r, slot, endpoint);
      break;
    case SessionEvent::kRequestFinished:
      if (r.one_way) break;
      add(EdgeMetric::kResponse);
      ++endpoint.response;
      CountError(r, slot, endpoint);
      [[fallthrough]];
    case SessionEvent::kLateResponse: {
      const uint64_t rrt = r.rrt_us();
      At(slot.values, EdgeMetric::kRrtSum) += rrt;
      add(EdgeMetric::kRrtCount);
      uint64_t& max = At(slot.values, EdgeMetric::kRrtMax);
      max = std::max(max, rrt);
      slot.rrt.Add(rrt);
      endpoint.rrt_sum += rrt;
      endpoint.rrt_max =
          std::max(endpoint.rrt_max, static_cast<uint32_t>(std::min<uint64_t>(rrt, ~0u)));
      endpoint.rrt.Add(rrt);
      break;
    }
    case SessionEvent::kRequestLost:
      return;
  }
  Keep(second, slot, c, event, r, request_wall_ns);
}

void Aggregator::Keep(Second& second, Slot& slot, const Connection& c, SessionEvent event,
                      const Request& r, uint64_t request_wall_ns) {
  if (!keep_any_ || event == SessionEvent::kLateResponse) return;
  if (Failed(event, r) || r.rrt_us() > options_.slow_us) {
    if (second.kept >= options_.max_kept_per_second) {
      ++counts_.kept_limit;
      return;
    }
    ++second.kept;
  } else {
    // By trace where there is one, so that all agents keep the same requests.
    const std::string& trace = r.trace_id.empty() ? r.x_request_id : r.trace_id;
    const size_t hash = trace.empty() ? (r.request_time_ns / 1000) * 0x9e3779b97f4a7c15u >> 20
                                      : std::hash<std::string>()(trace);
    if (!keep_sampled_ || hash % std::max(1u, options_.sample_every) != 0) return;
    if (second.sampled >= options_.max_sampled_per_second) return;
    ++second.sampled;
  }
  wire::RequestRecord& k = slot.kept.emplace_back();
  k.time_ns = request_wall_ns;
  k.client_ip = c.client.ip;
  k.client_port = c.client.port;
  k.server_ip = c.server.ip;
  CopyText(k.version, r.version);
  CopyText(k.request_type, r.request_type);
  CopyText(k.request_domain, r.request_domain);
  CopyText(k.request_resource, r.request_resource);
  CopyText(k.endpoint, r.endpoint);
  CopyText(k.request_id, r.request_id);
  k.request_length = r.request_length;
  k.response_length = r.response_length;
  k.status = r.status;
  if (event == SessionEvent::kRequestTimedOut) k.status = ResponseStatus::kTimeout;
  k.response_code = r.response_code;
  CopyText(k.response_exception, r.response_exception);
  CopyText(k.response_result, r.response_result);
  k.rrt_us = r.rrt_us();
  CopyText(k.trace_id, r.trace_id);
  CopyText(k.span_id, r.span_id);
  CopyText(k.parent_span_id, r.parent_span_id);
  CopyText(k.x_request_id, r.x_request_id);
}

wire::EdgeKey Aggregator::Resolve(const RawKey& raw) {
  wire::EdgeKey key;
  key.client_instance = directory_.InstanceOf(raw.client_tgid);
  key.server_instance = directory_.InstanceOf(raw.server_tgid);
  if (key.client_instance == 0) key.client_instance = directory_.InstanceAt(raw.client_ip, 0);
  if (key.server_instance == 0) {
    key.server_instance = directory_.InstanceAt(raw.server_ip, raw.server_port);
  }
  // A connection that failed before any translation was seen still aims at a known service.
  key.server_port = raw.server_port;
  const uint64_t address = PortKey(raw.server_ip, raw.server_port);
  if (key.server_instance == 0) {
    const auto known = service_at_.find(address);
    if (known != service_at_.end()) {
      key.server_instance = known->second.instance;
      key.server_port = known->second.port;
    }
  }
  if (key.client_instance == 0) key.client_ip = raw.client_ip;
  if (key.server_instance == 0) key.server_ip = raw.server_ip;
  key.l7_protocol = raw.l7;
  key.l4_protocol = raw.l4;
  key.point = raw.point;

  const uint64_t server =
      key.server_instance != 0 ? PortKey(key.server_instance, key.server_port) : address;
  if (protocol_at_.size() > kMaxLearned) protocol_at_.clear();
  const auto learned = protocol_at_.find(server);
  const bool vague = raw.l7 == L7Protocol::kUnknown || raw.l7 == L7Protocol::kHttp2;
  if (vague && learned != protocol_at_.end() &&
      (raw.l7 == L7Protocol::kUnknown || learned->second == L7Protocol::kGrpc)) {
    key.l7_protocol = learned->second;
  } else if (raw.l7 != L7Protocol::kUnknown) {
    protocol_at_[server] = raw.l7;
  }
  return key;
}

void Aggregator::Merge(const wire::EdgeKey& key, Slot& slot, wire::Batch& out) {
  const auto [at, fresh] = edge_at_.try_emplace(key, out.edges.size());
  if (fresh) out.edges.emplace_back().key = key;
  wire::EdgeSample& edge = out.edges[at->second];
  schema::FoldAcross(edge.values, slot.values);
  edge.rrt.Merge(slot.rrt);
  edge.rtt.Merge(slot.rtt);
  for (auto& [name, from] : slot.endpoints) {
    const auto [place, first] = endpoint_at_.try_emplace({at->second, name}, out.endpoints.size());
    if (first) {
      from.key = key;
      out.endpoints.push_back(std::move(from));
      continue;
    }
    wire::EndpointSample& into = out.endpoints[place->second];
    into.request += from.request;
    into.response += from.response;
    into.client_error += from.client_error;
    into.server_error += from.server_error;
    into.timeout += from.timeout;
    into.rrt_sum += from.rrt_sum;
    into.rrt_max = std::max(into.rrt_max, from.rrt_max);
    into.rrt.Merge(from.rrt);
  }
  for (wire::RequestRecord& record : slot.kept) {
    record.key = key;
    out.requests.push_back(std::move(record));
  }
}

// An overflow says which listener, not whose SYN: it goes to the edge with most connections there.
void Aggregator::PlaceOverflow(Second& second, wire::Batch& out) {
  for (const auto& [listener, amount] : second.overflow) {
    const uint32_t instance = directory_.InstanceOf(listener.first);
    wire::EdgeSample* best = nullptr;
    const auto weight = [](const wire::EdgeSample& e) {
      return e.values[static_cast<size_t>(EdgeMetric::kNewFlow)] * 1000 +
             e.values[static_cast<size_t>(EdgeMetric::kFlowLoad)];
    };
    for (wire::EdgeSample& e : out.edges) {
      if (e.key.server_instance != instance || e.key.server_port != listener.second ||
          e.key.point != ObservationPoint::kServerProcess) {
        continue;
      }
      if (best == nullptr || weight(e) > weight(*best)) best = &e;
    }
    if (best == nullptr) {
      if (instance == 0) continue;
      best = &out.edges.emplace_back();
      best->key.server_instance = instance;
      best->key.server_port = listener.second;
      best->key.point = ObservationPoint::kServerProcess;
      const auto learned = protocol_at_.find(PortKey(instance, listener.second));
      if (learned != protocol_at_.end()) best->key.l7_protocol = learned->second;
    }
    At(best->values, EdgeMetric::kServerQueueLack) += amount;
  }
}

void Aggregator::Flush(uint64_t second, const FindConnection& find, wire::Batch& out) {
  edge_at_.clear();
  endpoint_at_.clear();
  while (!seconds_.empty() && seconds_.begin()->first <= second) {
    Second& data = seconds_.begin()->second;
    const uint32_t self = options_.self_tgid;
    const auto own_traffic = [self](const RawKey& k) {
      return self != 0 && (k.client_tgid == self || k.server_tgid == self);
    };
    // Settled connections first: they teach what the others speak.
    for (auto& [raw, slot] : data.slots) {
      if (!own_traffic(raw)) Merge(Resolve(raw), slot, out);
    }
    for (auto& [id, slot] : data.own) {
      const Connection* c = find(id);
      const RawKey ends = c != nullptr ? Ends(*c) : slot.ends;
      if (own_traffic(ends)) continue;
      const wire::EdgeKey key = Resolve(ends);
      if (c != nullptr && c->translated && key.server_instance != 0) {
        if (service_at_.size() > kMaxLearned) service_at_.clear();
        service_at_[PortKey(c->tuple.remote, c->tuple.remote_port)] = {key.server_instance,
                                                                       key.server_port};
      }
      Merge(key, slot, out);
    }
    PlaceOverflow(data, out);
    seconds_.erase(seconds_.begin());
  }
  flushed_ = std::max(flushed_, second);
}

}  // namespace pano::metric
