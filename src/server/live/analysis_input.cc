// SPDX-License-Identifier: Apache-2.0
#include "server/live/analysis_input.h"

#include <algorithm>
#include <map>
#include <set>

namespace pano::live {
namespace {

using schema::EdgeMetric;
using schema::InstanceMetric;

// `seconds`: what the counts of `side` stand for.
analysis::EdgeSecond MeanSecond(const SideWindow& side, double seconds) {
  const auto level = [&](EdgeMetric m) { return static_cast<double>(side[m]); };
  const auto rate = [&](EdgeMetric m) { return level(m) / seconds; };
  analysis::EdgeSecond s;
  s.known = true;
  s.bytes = rate(EdgeMetric::kByteTx) + rate(EdgeMetric::kByteRx);
  s.requests = rate(EdgeMetric::kRequest);
  s.responses = rate(EdgeMetric::kResponse);
  s.client_errors = rate(EdgeMetric::kClientError);
  s.server_errors = rate(EdgeMetric::kServerError);
  s.timeouts = rate(EdgeMetric::kTimeout);
  s.latency_sum_us = rate(EdgeMetric::kRrtSum);
  s.in_flight = level(EdgeMetric::kInFlight);
  s.oldest_in_flight_us = level(EdgeMetric::kOldestInFlight);
  s.connect_failures = rate(EdgeMetric::kTcpEstablishFail);
  s.connects =
      std::max(rate(EdgeMetric::kSynCount), rate(EdgeMetric::kNewFlow) + s.connect_failures);
  s.retrans_syn = rate(EdgeMetric::kRetransSyn);
  s.server_resets = rate(EdgeMetric::kServerReset);
  s.accept_overflow = rate(EdgeMetric::kServerQueueLack);
  s.retrans = rate(EdgeMetric::kRetransTx) + rate(EdgeMetric::kRetransRx);
  s.packets = rate(EdgeMetric::kPacketTx) + rate(EdgeMetric::kPacketRx);
  s.records = rate(EdgeMetric::kRecord);
  s.consumer_lag = level(EdgeMetric::kConsumerLag);
  return s;
}

analysis::NodeSecond MeanSecond(const NodeWindow& w) {
  analysis::NodeSecond s;
  if (w.seconds == 0) return s;
  const auto rate = [&](InstanceMetric m) { return w[m] / w.seconds; };
  s.known = true;
  s.cpu_usage = rate(InstanceMetric::kCpuUsage) / 1e6;
  s.cpu_quota = w[InstanceMetric::kCpuQuota] / 1e6;
  const double periods = w[InstanceMetric::kCpuPeriods];
  if (periods > 0) {
    s.cpu_throttled = std::min(1.0, w[InstanceMetric::kCpuThrottledPeriods] / periods);
  }
  s.run_queue_wait = rate(InstanceMetric::kRunQueueWait) / 1e6;
  s.accept_queue = w[InstanceMetric::kAcceptQueue];
  s.accept_queue_limit = w[InstanceMetric::kAcceptQueueLimit];
  s.listen_overflow = rate(InstanceMetric::kListenOverflow);
  s.memory_used = w[InstanceMetric::kMemoryUsed];
  s.memory_limit = w[InstanceMetric::kMemoryLimit];
  s.oom_kills = w[InstanceMetric::kOomKill];
  return s;
}

analysis::EdgeView ViewOf(const std::vector<SecondPtr>& seconds, uint32_t id, bool client_side) {
  analysis::EdgeView view;
  bool seen = false;
  SideWindow client;
  SideWindow server;
  for (const SecondPtr& second : seconds) {
    if (!second->Edge(id, client, server)) client = server = {};
    const SideWindow& side = client_side ? client : server;
    analysis::EdgeSecond s;
    if (second->watched()) s = MeanSecond(side, 1);
    view.seconds.push_back(s);
    view.latency.Merge(side.rrt);
    view.connect_latency.Merge(side.rtt);
    seen = seen || side.seen;
  }
  if (!seen) view.seconds.clear();
  return view;
}

analysis::Edge EdgeOf(uint32_t id, const tag::EdgeId& e) {
  analysis::Edge edge;
  edge.id = id;
  edge.client = e.client_service;
  edge.server = e.server_service;
  edge.port = e.server_port;
  edge.protocol = e.l7_protocol;
  return edge;
}

analysis::Node NodeOf(uint32_t id, const Names& names) {
  analysis::Node node;
  node.id = id;
  node.name = names.ServiceName(id);
  if (const auto at = names.services.find(id); at != names.services.end()) {
    node.kind = at->second.kind;
  }
  node.replicas = names.Replicas(id);
  return node;
}

}  // namespace

analysis::Input InputFromSeconds(const std::vector<SecondPtr>& seconds, uint64_t to,
                                 const Names& names, const EdgeIdOf& edge_of) {
  analysis::Input input;
  input.time = to;
  std::set<uint32_t> edges;
  std::set<uint32_t> nodes;
  for (const SecondPtr& second : seconds) {
    for (const uint32_t id : second->EdgeIds()) edges.insert(id);
  }
  for (const uint32_t id : edges) {
    const tag::EdgeId e = edge_of(id);
    analysis::Edge edge = EdgeOf(id, e);
    edge.client_view = ViewOf(seconds, id, true);
    edge.server_view = ViewOf(seconds, id, false);
    input.edges.push_back(std::move(edge));
    nodes.insert({e.client_service, e.server_service});
  }
  for (const uint32_t id : nodes) {
    analysis::Node node = NodeOf(id, names);
    NodeWindow one;
    bool seen = false;
    for (const SecondPtr& second : seconds) {
      const bool here = second->Node(id, one);
      node.seconds.push_back(here ? MeanSecond(one) : analysis::NodeSecond{});
      seen = seen || node.seconds.back().known;
      if (here && one.replicas > 0) node.replicas = one.replicas;
    }
    if (!seen) node.seconds.clear();
    input.nodes.push_back(std::move(node));
  }
  return input;
}

analysis::Input InputFromWindows(const WindowSet& windows, const Names& names) {
  analysis::Input input;
  input.time = windows.to;
  std::set<uint32_t> nodes;
  for (const EdgeEntry& e : windows.edges) {
    analysis::Edge edge = EdgeOf(e.id, e.edge);
    const auto view = [&](const SideWindow& side) {
      analysis::EdgeView v;
      if (!side.seen || e.window.seconds == 0) return v;
      v.seconds.push_back(MeanSecond(side, e.window.seconds));
      v.latency = side.rrt;
      v.connect_latency = side.rtt;
      return v;
    };
    edge.client_view = view(e.window.client);
    edge.server_view = view(e.window.server);
    input.edges.push_back(std::move(edge));
    nodes.insert({e.edge.client_service, e.edge.server_service});
  }
  for (const uint32_t id : nodes) {
    analysis::Node node = NodeOf(id, names);
    for (const NodeEntry& n : windows.nodes) {
      if (n.service != id || n.window.seconds == 0) continue;
      node.seconds.push_back(MeanSecond(n.window));
      if (n.window.replicas > 0) node.replicas = n.window.replicas;
    }
    input.nodes.push_back(std::move(node));
  }
  return input;
}

namespace {

using Position = std::map<uint32_t, size_t>;

// `seconds` has one entry per stretch already; false: this side was not seen at all.
void AddStretch(analysis::EdgeView& view, const SideWindow& side, size_t at, double watched) {
  if (watched > 0) view.seconds[at] = MeanSecond(side, watched);
  view.latency.Merge(side.rrt);
  view.connect_latency.Merge(side.rtt);
}

void AddEdges(analysis::Input& input, const std::vector<WindowSet>& series,
              const std::vector<double>& watched) {
  Position position;
  std::vector<std::pair<bool, bool>> seen;
  for (size_t i = 0; i < series.size(); ++i) {
    for (const EdgeEntry& e : series[i].edges) {
      const auto [at, fresh] = position.emplace(e.id, input.edges.size());
      if (fresh) {
        input.edges.push_back(EdgeOf(e.id, e.edge));
        seen.emplace_back();
        analysis::Edge& edge = input.edges.back();
        edge.client_view.seconds.resize(series.size());
        for (size_t k = 0; k < series.size(); ++k) {
          edge.client_view.seconds[k].known = watched[k] > 0;  // quiet unless said otherwise
        }
        edge.server_view.seconds = edge.client_view.seconds;
      }
      analysis::Edge& edge = input.edges[at->second];
      AddStretch(edge.client_view, e.window.client, i, watched[i]);
      AddStretch(edge.server_view, e.window.server, i, watched[i]);
      seen[at->second].first |= e.window.client.seen;
      seen[at->second].second |= e.window.server.seen;
    }
  }
  for (size_t i = 0; i < seen.size(); ++i) {
    if (!seen[i].first) input.edges[i].client_view.seconds.clear();
    if (!seen[i].second) input.edges[i].server_view.seconds.clear();
  }
}

}  // namespace

analysis::Input InputFromSeries(const std::vector<WindowSet>& series,
                                const std::vector<double>& watched, const Names& names) {
  analysis::Input input;
  if (series.empty()) return input;
  input.time = series.back().to;
  AddEdges(input, series, watched);
  Position position;
  for (const analysis::Edge& edge : input.edges) {
    for (const uint32_t id : {edge.client, edge.server}) {
      if (!position.emplace(id, input.nodes.size()).second) continue;
      input.nodes.push_back(NodeOf(id, names));
      input.nodes.back().seconds.resize(series.size());
    }
  }
  std::vector<bool> seen(input.nodes.size());
  for (size_t i = 0; i < series.size(); ++i) {
    for (const NodeEntry& n : series[i].nodes) {
      const auto at = position.find(n.service);
      if (at == position.end()) continue;
      analysis::Node& node = input.nodes[at->second];
      node.seconds[i] = MeanSecond(n.window);
      seen[at->second] = seen[at->second] || node.seconds[i].known;
      if (n.window.replicas > 0) node.replicas = n.window.replicas;
    }
  }
  for (size_t i = 0; i < seen.size(); ++i) {
    if (!seen[i]) input.nodes[i].seconds.clear();
  }
  return input;
}

}  // namespace pano::live
