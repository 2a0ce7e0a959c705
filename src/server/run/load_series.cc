// SPDX-License-Identifier: Apache-2.0
#include "server/run/load_series.h"

#include <algorithm>

namespace pano::run {

using schema::EdgeMetric;

LoadPoint LoadOf(const live::WindowSet& window, std::span<const uint32_t> entry) {
  LoadPoint out;
  out.from = window.from;
  out.seconds = static_cast<uint32_t>(window.to - window.from);
  double latency_sum = 0;
  double latency_count = 0;
  double level = 0;
  for (const live::EdgeEntry& e : window.edges) {
    if (!std::ranges::binary_search(entry, e.id)) continue;
    const double seconds = e.window.seconds;
    if (seconds <= 0) continue;
    out.known = true;
    const live::SideWindow& requests = e.window.Requests();
    const live::SideWindow& transport = e.window.Transport();
    const auto count = [](const live::SideWindow& side, EdgeMetric m) {
      return static_cast<double>(side[m]);
    };
    const double failed = std::max(count(e.window.client, EdgeMetric::kTcpEstablishFail),
                                   count(e.window.server, EdgeMetric::kTcpEstablishFail));
    const double errors =
        count(requests, EdgeMetric::kClientError) + count(requests, EdgeMetric::kServerError);
    out.offered += (count(requests, EdgeMetric::kRequest) + failed) / seconds;
    out.accepted += std::max(0.0, count(requests, EdgeMetric::kResponse) - errors) / seconds;
    out.connects += std::max(count(transport, EdgeMetric::kSynCount),
                             count(transport, EdgeMetric::kNewFlow) + failed) /
                    seconds;
    out.connections += count(transport, EdgeMetric::kFlowLoad);
    latency_sum += count(requests, EdgeMetric::kRrtSum);
    latency_count += count(requests, EdgeMetric::kRrtCount);
    // Requests in progress on average: rate x latency (Little's law).
    const double busy = count(requests, EdgeMetric::kRrtSum) / 1e6 / seconds;
    out.in_flight += busy > 0 ? busy : count(requests, EdgeMetric::kInFlight);
    level += count(requests, EdgeMetric::kInFlight);
  }
  // More waiting than what ended explains: answers do not come.
  if (latency_count == 0) out.in_flight = level;
  if (latency_count > 0) out.latency_us = latency_sum / latency_count;
  return out;
}

}  // namespace pano::run
