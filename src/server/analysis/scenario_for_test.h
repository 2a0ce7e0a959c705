// SPDX-License-Identifier: Apache-2.0
// Tests say what is true of a system in a line per node and edge; this writes the series.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>

#include "server/analysis/diagnose.h"

namespace pano::analysis {

// One edge's truth. Latencies are log-normal with this median and p95.
struct Traffic {
  double rate = 10;  // requests per second
  double p50_ms = 5;
  double p95_ms = 20;
  double server_p50_ms = -1;  // the server's own view; -1: as the client's, less 0.2 ms
  double server_p95_ms = -1;
  double errors = 0;  // server errors per second
  double client_errors = 0;
  double timeouts = 0;
  double unanswered = 0;  // share of requests that never get a response
  double oldest_ms = 0;
  double in_flight_growth = 0;  // per second
  double connects = 0;
  double connect_ms = 0.3;
  double connect_failures = 0;
  double server_resets = 0;
  double retrans_syn = 0;
  double accept_overflow = 0;
  double retrans_share = 0;
  double records = 0;     // per second, of a log its consumer takes
  double lag = 0;         // records that wait as the window begins
  double lag_growth = 0;  // per second
  bool client_seen = true;
  bool server_seen = true;
  uint16_t port = 8080;
  schema::L7Protocol protocol = schema::L7Protocol::kGrpc;
  Coupling coupling = Coupling::kAuto;
};

class Scenario {
 public:
  explicit Scenario(size_t seconds = 15) : seconds_(seconds) { input_.time = 1'700'000'000; }

  Scenario& Add(const std::string& name, NodeSecond second = Calm(),
                schema::NodeKind kind = schema::NodeKind::kService, uint32_t replicas = 1) {
    Node node;
    node.id = static_cast<uint32_t>(100 + input_.nodes.size());
    node.name = name;
    node.kind = kind;
    node.replicas = replicas;
    if (second.known) node.seconds.assign(seconds_, second);
    ids_[name] = node.id;
    input_.nodes.push_back(std::move(node));
    return *this;
  }

  Scenario& Call(const std::string& client, const std::string& server, const Traffic& t) {
    if (!ids_.contains(client)) Add(client);
    if (!ids_.contains(server)) Add(server);
    Edge edge;
    edge.id = static_cast<uint32_t>(1000 + input_.edges.size());
    edge.client = ids_[client];
    edge.server = ids_[server];
    edge.port = t.port;
    edge.protocol = t.protocol;
    edge.coupling = t.coupling;
    if (t.client_seen) Fill(edge.client_view, t, t.p50_ms, t.p95_ms);
    if (t.server_seen) {
      const bool own = t.server_p95_ms >= 0;
      Fill(edge.server_view, t, own ? t.server_p50_ms : std::max(0.05, t.p50_ms - 0.2),
           own ? t.server_p95_ms : std::max(0.05, t.p95_ms - 0.2));
    }
    input_.edges.push_back(std::move(edge));
    return *this;
  }

  Diagnosis Ask(const Limits& limits = Limits()) const { return Diagnose(input_, limits); }
  uint32_t id(const std::string& name) const { return ids_.at(name); }
  Input& input() { return input_; }

  static NodeSecond Calm() {
    NodeSecond s;
    s.known = true;
    s.cpu_usage = 0.05;
    s.cpu_quota = 0.25;
    return s;
  }
  static NodeSecond Throttled(double share, double quota = 0.25) {
    NodeSecond s = Calm();
    s.cpu_quota = quota;
    s.cpu_usage = quota * 0.98;
    s.cpu_throttled = share;
    return s;
  }
  static NodeSecond Unseen() { return {}; }

 private:
  // Normal quantile by Acklam's central rational fit would be more than tests need: logistic is
  // close enough and monotonic. 1.645 is the normal p95.
  static double Spread(double q) { return std::log(q / (1 - q)) * (1.645 / std::log(19.0)); }

  void Fill(EdgeView& view, const Traffic& t, double p50_ms, double p95_ms) const {
    const double sigma = std::log(std::max(p95_ms / p50_ms, 1.0001)) / 1.645;
    double due = 0;
    double carried = 0;
    for (size_t i = 0; i < seconds_; ++i) {
      EdgeSecond s;
      s.known = true;
      due += t.rate;
      const auto now = static_cast<int>(due - carried);
      carried += now;
      s.requests = now;
      s.responses = std::floor(now * (1 - t.unanswered));
      for (int r = 0; r < static_cast<int>(s.responses); ++r) {
        const double q = (r + 0.5) / s.responses;
        const double us = 1e3 * p50_ms * std::exp(sigma * Spread(q));
        view.latency.Add(static_cast<uint64_t>(us));
        s.latency_sum_us += us;
      }
      s.server_errors = t.errors;
      s.client_errors = t.client_errors;
      s.timeouts = t.timeouts;
      s.in_flight = s.latency_sum_us / 1e6 + t.in_flight_growth * static_cast<double>(i);
      s.oldest_in_flight_us = t.oldest_ms * 1e3;
      s.connects = t.connects;
      s.connect_failures = t.connect_failures;
      s.retrans_syn = t.retrans_syn;
      s.server_resets = t.server_resets;
      s.accept_overflow = t.accept_overflow;
      s.packets = 4 * now;
      s.retrans = s.packets * t.retrans_share;
      s.bytes = 1000 * now;
      s.records = t.records;
      s.consumer_lag = std::max(0.0, t.lag + t.lag_growth * static_cast<double>(i));
      if (t.connects > t.connect_failures) {
        view.connect_latency.Add(static_cast<uint64_t>(t.connect_ms * 1e3),
                                 static_cast<uint32_t>(t.connects - t.connect_failures));
      }
      view.seconds.push_back(s);
    }
  }

  size_t seconds_;
  Input input_;
  std::map<std::string, uint32_t> ids_;
};

}  // namespace pano::analysis
