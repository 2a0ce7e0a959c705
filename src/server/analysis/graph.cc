// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/graph.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace pano::analysis {
namespace {

constexpr double kMinSamples = 5;        // a percentile of fewer says nothing
constexpr double kBadSecondShare = 0.1;  // of a long window must be bad, not just two seconds
constexpr double kStray = 0.001;  // of requests: fewer failures colour the map but name nobody
// A request open longer than this is a stream or a subscription, not a hung call.
constexpr double kHangMaxUs = 60e6;

void FoldLevels(const std::vector<EdgeSecond>& seconds, ViewTotals& t) {
  const size_t third = std::max<size_t>(seconds.size() / 3, 1);
  double first_n = 0;
  double last_n = 0;
  double level = 0;
  for (size_t i = 0; i < seconds.size(); ++i) {
    const EdgeSecond& s = seconds[i];
    if (!s.known) continue;
    level += s.in_flight;
    t.oldest_us = s.oldest_in_flight_us;
    if (i < third) t.in_flight_first += s.in_flight, ++first_n;
    if (i + third >= seconds.size()) t.in_flight_last += s.in_flight, ++last_n;
  }
  if (first_n > 0) t.in_flight_first /= first_n;
  if (last_n > 0) t.in_flight_last /= last_n;
  level /= t.known_seconds;
  t.busy = t.oldest_us <= kHangMaxUs ? std::max(t.little, level) : t.little;
}

void SumSeconds(const std::vector<EdgeSecond>& seconds, ViewTotals& t, double& latency_sum_us) {
  double retrans = 0;
  double packets = 0;
  for (const EdgeSecond& s : seconds) {
    if (!s.known) continue;
    ++t.known_seconds;
    t.requests += s.requests;
    t.responses += s.responses;
    t.bytes += s.bytes;
    t.client_errors += s.client_errors;
    t.server_errors += s.server_errors;
    t.timeouts += s.timeouts;
    t.connects += s.connects;
    t.connect_failures += s.connect_failures;
    t.retrans_syn += s.retrans_syn;
    t.server_resets += s.server_resets;
    t.accept_overflow += s.accept_overflow;
    latency_sum_us += s.latency_sum_us;
    retrans += s.retrans;
    packets += s.packets;
  }
  t.retrans_share = packets > 0 ? std::min(retrans / packets, 1.0) : 0;
}

ViewTotals Fold(const EdgeView& view) {
  ViewTotals t;
  double latency_sum_us = 0;
  SumSeconds(view.seconds, t, latency_sum_us);
  if (t.known_seconds == 0) return t;
  t.seen = true;
  t.samples = std::max(t.responses, static_cast<double>(view.latency.count()));
  for (double* rate :
       {&t.requests, &t.responses, &t.bytes, &t.client_errors, &t.server_errors, &t.timeouts,
        &t.connects, &t.connect_failures, &t.retrans_syn, &t.server_resets, &t.accept_overflow}) {
    *rate /= t.known_seconds;
  }
  t.little = latency_sum_us / 1e6 / t.known_seconds;
  if (t.responses > 0) t.latency_avg_us = latency_sum_us / (t.responses * t.known_seconds);
  if (!view.latency.empty()) t.latency_p95_us = view.latency.Quantile(0.95);
  if (!view.connect_latency.empty()) t.connect_p95_us = view.connect_latency.Quantile(0.95);
  FoldLevels(view.seconds, t);
  return t;
}

// Failures: bad as the map judges it (2 seconds of 3), and often enough to matter.
template <typename Value>
bool OverBySeconds(const std::vector<EdgeSecond>& seconds, double limit, Value value) {
  double known = 0;
  double bad = 0;
  double sum = 0;
  double requests = 0;
  uint32_t recent = 0;
  bool cluster = false;
  for (const EdgeSecond& s : seconds) {
    if (!s.known) continue;
    ++known;
    const bool is_bad = value(s) > limit;
    bad += is_bad;
    sum += value(s);
    requests += s.requests;
    recent = ((recent << 1) | (is_bad ? 1u : 0u)) & 7u;
    cluster |= recent == 3 || recent == 5 || recent == 6 || recent == 7;
  }
  if (sum < kStray * requests) return false;
  if (known == 1) return bad == 1;  // coarse data: one step is all there is
  return cluster && bad >= kBadSecondShare * known;
}

// Requests hang: few are answered and the oldest waits longer than allowed.
bool Hangs(const ViewTotals& t, double limit_us) {
  return t.requests * t.known_seconds >= kMinSamples && t.responses < 0.5 * t.requests &&
         t.oldest_us > limit_us && t.oldest_us <= kHangMaxUs;
}

void JudgeEdge(GraphEdge& e) {
  const auto& seconds = e.caller_view().seconds;
  const auto set = [&e](Metric m, bool over) {
    e.over[static_cast<size_t>(m)] = over;
    e.any_over |= over;
  };
  const auto limit = [&e](Metric m) { return e.limits[m]; };
  using enum Metric;
  if (limit(kTraffic)) set(kTraffic, e.caller.bytes > *limit(kTraffic));
  if (limit(kRequestRate)) set(kRequestRate, e.caller.requests > *limit(kRequestRate));
  if (limit(kErrors)) {
    set(kErrors, OverBySeconds(seconds, *limit(kErrors), [](const EdgeSecond& s) {
          return s.client_errors + s.server_errors + s.timeouts;
        }));
  }
  if (limit(kLatency) && LatencyCounts(e.edge->protocol, e.edge->coupling)) {
    const bool slow = e.caller.samples >= kMinSamples && e.caller.latency_p95_us > *limit(kLatency);
    set(kLatency, slow || Hangs(e.caller, *limit(kLatency)));
  }
  if (limit(kConnectLatency)) {
    const auto connects = static_cast<double>(e.caller_view().connect_latency.count());
    set(kConnectLatency,
        connects >= kMinSamples && e.caller.connect_p95_us > *limit(kConnectLatency));
  }
  if (limit(kConnectFailures)) {
    set(kConnectFailures, OverBySeconds(seconds, *limit(kConnectFailures),
                                        [](const EdgeSecond& s) { return s.connect_failures; }));
  }
}

// What only one side can see belongs to both.
void JoinViews(GraphEdge& e) {
  ViewTotals client = Fold(e.edge->client_view);
  ViewTotals server = Fold(e.edge->server_view);
  e.has_both = client.seen && server.seen && client.samples > 0 && server.samples > 0;
  if (client.seen && server.seen) {
    const double overflow = std::max(client.accept_overflow, server.accept_overflow);
    client.accept_overflow = server.accept_overflow = overflow;
    client.retrans_share = server.retrans_share =
        std::max(client.retrans_share, server.retrans_share);
  }
  e.caller = client.seen ? client : server;
  e.callee = server.seen ? server : client;
  e.caller_series = client.seen ? &e.edge->client_view : &e.edge->server_view;
  e.callee_series = server.seen ? &e.edge->server_view : &e.edge->client_view;
}

// Nobody calls the entry; among such nodes a load generator goes before others, then the one that
// asks most. In a graph that is all cycles: the one that asks most beyond what it is asked.
size_t FindEntry(const Graph& graph) {
  size_t best = kNoIndex;
  const auto rank = [&graph](size_t i) {
    const GraphNode& n = graph.nodes[i];
    const bool generator = n.node->kind == schema::NodeKind::kLoadGenerator;
    const bool called = n.requests_in > 0;
    return std::tuple(generator && n.requests_out > 0, !n.out.empty() && !called,
                      n.requests_out - n.requests_in, !n.out.empty());
  };
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (best == kNoIndex || rank(i) > rank(best)) best = i;
  }
  return best;
}

void Add(Graph& graph, GraphEdge e) {
  const size_t at = graph.edges.size();
  graph.nodes[e.client].out.push_back(at);
  graph.nodes[e.server].in.push_back(at);
  graph.edges.push_back(std::move(e));
}

// By value: the edges may move.
void AddLag(Graph& graph, GraphEdge fetch, const Limits& limits) {
  if (fetch.client == fetch.server) return;
  GraphEdge e;
  e.client = fetch.server;
  e.server = fetch.client;
  e.limits = limits.ForEdge(graph.name(e.client), graph.name(e.server));
  e.lag = FallsBehind(*fetch.edge, e.limits);
  if (!e.lag) return;
  graph.made.push_back(CallOfConsumer(*fetch.edge));
  e.edge = &graph.made.back();
  JoinViews(e);
  e.caller.latency_p95_us = e.callee.latency_p95_us = e.lag->time_us;
  e.over[static_cast<size_t>(Metric::kLatency)] = e.any_over = true;
  Add(graph, std::move(e));
}

}  // namespace

double TailConcurrency(const EdgeView& view, const ViewTotals& totals, double over_us) {
  if (!totals.seen) return 0;
  double excess_us = 0;
  double count = 0;
  for (const HistogramEntry& entry : view.latency.entries()) {
    const double middle = 0.5 * (HistogramLower(entry.bucket) + HistogramUpper(entry.bucket));
    excess_us += entry.count * std::max(0.0, middle - over_us);
    count += entry.count;
  }
  double tail = 0;
  if (count > 0) {
    // By share, not by count: seconds may be averages over a longer window than one second.
    tail = totals.responses * excess_us / 1e6 / count;
  } else if (totals.samples > 0) {  // averages only
    tail = totals.responses * std::max(0.0, totals.latency_avg_us - over_us) / 1e6;
  }
  // What waits now and was not answered in the window.
  if (totals.oldest_us > over_us) tail += std::max(0.0, totals.busy - totals.little);
  return tail;
}

double SlowerShare(const ExpHistogram& latency, double us) {
  double slower = 0;
  double count = 0;
  for (const HistogramEntry& entry : latency.entries()) {
    count += entry.count;
    if (HistogramLower(entry.bucket) >= us) slower += entry.count;
  }
  return count > 0 ? slower / count : 0;
}

Graph BuildGraph(const Input& input, const Limits& limits) {
  Graph graph;
  std::unordered_map<uint32_t, size_t> index;
  graph.nodes.reserve(input.nodes.size());
  for (const Node& node : input.nodes) {
    if (!index.emplace(node.id, graph.nodes.size()).second) continue;
    graph.nodes.push_back({});
    graph.nodes.back().node = &node;
  }
  graph.edges.reserve(input.edges.size());
  for (const Edge& edge : input.edges) {
    const auto client = index.find(edge.client);
    const auto server = index.find(edge.server);
    if (client == index.end() || server == index.end()) continue;
    GraphEdge e;
    e.edge = &edge;
    e.client = client->second;
    e.server = server->second;
    e.sync = e.client != e.server && LatencyCounts(edge.protocol, edge.coupling);
    e.limits = limits.ForEdge(graph.name(e.client), graph.name(e.server));
    JoinViews(e);
    JudgeEdge(e);
    graph.window_s = std::max(graph.window_s, static_cast<double>(e.caller_view().seconds.size()));
    if (e.client != e.server) {
      graph.nodes[e.client].requests_out += e.caller.requests;
      graph.nodes[e.server].requests_in += e.caller.requests;
    }
    Add(graph, std::move(e));
    if (!graph.edges.back().sync) AddLag(graph, graph.edges.back(), limits);
  }
  graph.entry = FindEntry(graph);
  return graph;
}

}  // namespace pano::analysis
