// SPDX-License-Identifier: Apache-2.0
// in: analysis::Input  out: the same as an indexed graph with the window's totals
// Every second of the window is folded into one figure per edge side and node; the walk needs no
// more. Indices are positions in `nodes` and `edges`, not ids.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "server/analysis/input.h"
#include "server/analysis/lag.h"
#include "server/analysis/limits.h"

namespace pano::analysis {

inline constexpr size_t kNoIndex = std::numeric_limits<size_t>::max();

// One side's totals over the window, as rates per second where not said otherwise.
struct ViewTotals {
  bool seen = false;
  double known_seconds = 0;
  double samples = 0;  // responses in the window, a count
  double requests = 0;
  double responses = 0;
  double bytes = 0;
  double client_errors = 0;
  double server_errors = 0;
  double timeouts = 0;
  double connects = 0;
  double connect_failures = 0;
  double retrans_syn = 0;
  double server_resets = 0;
  double accept_overflow = 0;
  double retrans_share = 0;  // of data segments
  double busy = 0;           // requests in progress: the larger of Little's law and the level seen
  double little = 0;         // requests in progress by Little's law: rate x average latency
  double in_flight_first = 0;  // level, first third of the window
  double in_flight_last = 0;   // level, last third
  double oldest_us = 0;        // level, newest second
  double latency_avg_us = kUnknown;
  double latency_p95_us = kUnknown;
  double connect_p95_us = kUnknown;

  double errors() const { return client_errors + server_errors + timeouts; }
};

struct GraphEdge {
  const Edge* edge = nullptr;
  size_t client = 0;
  size_t server = 0;
  bool sync = true;       // the caller waits; false for a self call as well
  bool has_both = false;  // both sides were seen
  LimitSet limits;
  // What `caller` and `callee` were folded from.
  const EdgeView* caller_series = nullptr;
  const EdgeView* callee_series = nullptr;
  ViewTotals caller;                  // client's view; the server's where the client was not seen
  ViewTotals callee;                  // server's view; the client's where the server was not seen
  std::array<bool, kMetrics> over{};  // in this window
  bool any_over = false;
  std::optional<Lag> lag;  // it is a log's call of a consumer that falls behind

  bool is_over(Metric m) const { return over[static_cast<size_t>(m)]; }
  const EdgeView& caller_view() const { return *caller_series; }
  const EdgeView& callee_view() const { return *callee_series; }
};

struct GraphNode {
  const Node* node = nullptr;
  std::vector<size_t> in;   // edges, in input order
  std::vector<size_t> out;  // edges, in input order
  double requests_in = 0;   // 1/s
  double requests_out = 0;
};

struct Graph {
  std::vector<GraphNode> nodes;
  std::vector<GraphEdge> edges;
  size_t entry = kNoIndex;
  double window_s = 0;    // longest series
  std::deque<Edge> made;  // calls of consumers that fall behind

  Graph() = default;
  Graph(Graph&&) = default;  // edges point into `made`: never copied
  Graph& operator=(Graph&&) = default;

  std::string_view name(size_t node) const { return nodes[node].node->name; }
};

// `input` must outlive the graph. Edges whose nodes are missing, and nodes whose id comes a second
// time, are left out.
Graph BuildGraph(const Input& input, const Limits& limits);

// Requests per second that waited longer than `over_us` x their excess in seconds: how many
// requests are, on average, in the slow part of their wait.
double TailConcurrency(const EdgeView& view, const ViewTotals& totals, double over_us);
// Share of responses slower than `us`, 0..1.
double SlowerShare(const ExpHistogram& latency, double us);

}  // namespace pano::analysis
