// SPDX-License-Identifier: Apache-2.0
// in: EdgeWindow, NodeWindow  out: the numbers of docs/api.md, by name
// Every number the API shows is one row here: a new detail is a new row. NaN is "not known".
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "server/analysis/limits.h"
#include "server/live/window.h"

namespace pano::live {

struct EdgeNumber {
  std::string_view name;
  std::string_view unit;  // "byte/s", "1/s", "us", "count"
  std::string_view doc;
  double (*value)(const EdgeWindow&, bool latency_counts);
};

struct NodeNumber {
  std::string_view name;
  std::string_view unit;
  std::string_view doc;
  double (*value)(const NodeWindow&);
};

// The six in the order of analysis::Metric, then the details.
std::span<const EdgeNumber> EdgeNumbers();
std::span<const NodeNumber> NodeNumbers();
inline std::span<const EdgeNumber> EdgeDetails() {
  return EdgeNumbers().subspan(analysis::kMetrics);
}

const EdgeNumber* FindEdgeNumber(std::string_view name);
const NodeNumber* FindNodeNumber(std::string_view name);

analysis::MetricValues SixOf(const EdgeWindow& window, bool latency_counts);
std::vector<double> EdgeDetailsOf(const EdgeWindow& window, bool latency_counts);
// Edge details of what the node serves, then the node's own.
std::vector<double> NodeDetailsOf(const NodeWindow& window);

// Totals over a window, for truth: not rates.
struct EdgeCounts {
  uint64_t request = 0, response = 0, client_error = 0, server_error = 0, timeout = 0;
  uint64_t retrans_syn = 0, retrans_synack = 0, server_resets = 0, client_resets = 0;
  uint64_t connect_failures = 0, accept_overflow = 0;
};
EdgeCounts CountsOf(const EdgeWindow& window);

}  // namespace pano::live
