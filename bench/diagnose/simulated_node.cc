// SPDX-License-Identifier: Apache-2.0
#include "bench/diagnose/simulated_node.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pano::bench {

void Node::SetCores(double cores, double now) {
  const double servers = std::max(1.0, std::floor(cores));
  speed = cores / servers;
  cpu_free.resize(static_cast<size_t>(servers), now);
}

void Node::Level(double change, double now) {
  in_flight_area += in_flight * (now - in_flight_since);
  in_flight_since = now;
  in_flight += change;
}

NodeRow RowOf(Node& n, const ServiceSpec& s, double length, double struck_h, Random& random) {
  NodeRow row;
  row.requests = static_cast<double>(n.latencies.size());
  row.errors = n.errors;
  std::ranges::sort(n.latencies);
  double sum = 0;
  for (const float v : n.latencies) sum += v;
  const auto quantile = [&](double q) {
    if (n.latencies.empty()) return std::numeric_limits<double>::quiet_NaN();
    const double at = q * static_cast<double>(n.latencies.size() - 1);
    return static_cast<double>(n.latencies[static_cast<size_t>(at + 0.5)]);
  };
  row.latency_avg =
      n.latencies.empty() ? std::numeric_limits<double>::quiet_NaN() : sum / row.requests;
  row.p50 = quantile(0.50);
  row.p90 = quantile(0.90);
  row.p95 = quantile(0.95);
  row.p99 = quantile(0.99);
  const double burnt = n.trouble.burn * s.cores * length;
  row.cpu = (n.used * (1 + n.idle_cpu) + burnt) / length + 0.003 * (1 + 0.2 * random.Normal());
  row.throttled = n.used > 0 ? n.held / n.used : 0;
  row.in_flight = n.in_flight_area / length;
  const double grown =
      n.trouble.memory_grows > 0 ? 1 + n.trouble.memory_grows * std::min(0.3 + struck_h, 3.0) : 1;
  row.memory = s.memory * grown * (1 + n.idle_memory) * (1 + 0.01 * random.Normal());
  return row;
}

}  // namespace pano::bench
