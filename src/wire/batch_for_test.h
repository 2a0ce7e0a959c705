// SPDX-License-Identifier: Apache-2.0
// Batches for the codec's tests and for the seeds of its fuzzer.
#pragma once

#include <random>
#include <string>

#include "wire/batch.h"

namespace pano::wire {

inline EdgeKey SomeKey() {
  EdgeKey key;
  key.client_instance = 7;
  key.server_ip = *IpAddress::Parse("10.96.0.10");
  key.server_port = 3550;
  key.l7_protocol = schema::L7Protocol::kGrpc;
  key.point = schema::ObservationPoint::kServerProcess;
  return key;
}

inline Batch SomeBatch() {
  Batch b;
  b.agent = "agent-1";
  b.host = "node";
  b.second = 1'767'225'600;
  InstanceInfo& i = b.instances.emplace_back();
  i.id = 7;
  i.service = "cart";
  i.instance = "cart-6c9f7d-x2k4p";
  i.name_source = "pod_name";
  i.addresses = {*IpAddress::Parse("10.244.0.5"), *IpAddress::Parse("fd00::5")};
  i.kind = schema::NodeKind::kCache;
  i.oom_killed = true;
  EdgeSample& e = b.edges.emplace_back();
  e.key = SomeKey();
  e.values[static_cast<size_t>(schema::EdgeMetric::kByteTx)] = ~uint64_t{0};
  e.values[static_cast<size_t>(schema::EdgeMetric::kUnnamedRequest)] = 3;
  e.rrt.Add(1);
  e.rrt.Add(250'000, 40);
  EndpointSample& p = b.endpoints.emplace_back();
  p.key = SomeKey();
  p.endpoint = "GET /api/products/{id}";
  p.request = 41;
  p.rrt_max = 250'000;
  p.rrt = e.rrt;
  InstanceSample& s = b.saturation.emplace_back();
  s.instance = 7;
  s.values[2] = 500'000;
  RequestRecord& r = b.requests.emplace_back();
  r.key = SomeKey();
  r.time_ns = 1'767'225'600'123'456'789;
  r.client_ip = *IpAddress::Parse("127.0.0.1");
  r.response_code = -14;
  r.status = schema::ResponseStatus::kServerError;
  b.events.push_back({5, schema::EventKind::kOomKill, 7, "cart", "killed"});
  b.losses.push_back({"ring_full", 12});
  b.health = {"sock_length", "full", 12'000, 1 << 20, 99, 3};
  return b;
}

// A small batch of any shape: some lists empty, values of every width, IPv4 and IPv6.
inline Batch RandomBatch(uint32_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&random](uint64_t n) { return static_cast<uint32_t>(random() % n); };
  const auto wide = [&random] { return random() >> random() % 64; };
  const auto text = [&](const char* of) { return std::string(of) + std::to_string(below(1000)); };
  const auto ip = [&] {
    return *IpAddress::Parse(below(2) == 0 ? "10.1.2." + std::to_string(below(250))
                                           : "fd00::" + std::to_string(below(250)));
  };
  const auto key = [&] {
    EdgeKey k;
    k.client_instance = below(3);
    k.server_instance = below(3);
    if (k.client_instance == 0) k.client_ip = ip();
    if (k.server_instance == 0) k.server_ip = ip();
    k.server_port = static_cast<uint16_t>(random());
    k.l7_protocol = static_cast<schema::L7Protocol>(below(6));
    k.point = static_cast<schema::ObservationPoint>(below(2));
    return k;
  };
  Batch b;
  b.agent = text("agent");
  b.host = text("host");
  b.second = 1'700'000'000 + below(1'000);
  for (uint32_t n = below(3); n > 0; --n) {
    InstanceInfo& i = b.instances.emplace_back();
    i.id = n;
    i.service = text("service");
    i.instance = text("pod");
    i.command = text("serve --port=");
    i.pid = below(1 << 22);
    for (uint32_t a = below(3); a > 0; --a) i.addresses.push_back(ip());
  }
  for (uint32_t n = below(4); n > 0; --n) {
    EdgeSample& e = b.edges.emplace_back();
    e.key = key();
    for (uint64_t& value : e.values) value = below(3) == 0 ? wide() : 0;
    for (uint32_t r = below(6); r > 0; --r) e.rrt.Add(wide() >> 20, below(9));
    for (uint32_t r = below(3); r > 0; --r) e.rtt.Add(wide() >> 40);
  }
  for (uint32_t n = below(3); n > 0; --n) {
    EndpointSample& p = b.endpoints.emplace_back();
    p.key = key();
    p.endpoint = text("GET /api/");
    p.request = below(100);
    p.rrt_sum = wide();
  }
  for (uint32_t n = below(3); n > 0; --n) {
    InstanceSample& s = b.saturation.emplace_back();
    s.instance = n;
    for (uint64_t& value : s.values) value = below(2) == 0 ? wide() : 0;
  }
  for (uint32_t n = below(2); n > 0; --n) {
    RequestRecord& r = b.requests.emplace_back();
    r.key = key();
    r.time_ns = wide();
    r.client_ip = ip();
    r.request_resource = text("/cart/");
    r.response_code = -static_cast<int32_t>(below(20));
  }
  for (uint32_t n = below(2); n > 0; --n) {
    b.events.push_back({wide(), schema::EventKind::kMark, 0, text("service"), text("mark ")});
  }
  for (uint32_t n = below(3); n > 0; --n) b.losses.push_back({text("cause_"), wide()});
  b.health = {"sock_length", "full", wide(), wide(), wide(), wide()};
  return b;
}

}  // namespace pano::wire
