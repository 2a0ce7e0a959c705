// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/lag.h"

#include <algorithm>
#include <utility>

namespace pano::analysis {
namespace {

constexpr double kFewRecords = 20;     // come and go within a poll
constexpr double kMinGrowth = 1.2;     // newest third of the window over the first
constexpr double kHopelessUs = 300e6;  // that far behind need not grow to be told

// The side that saw more of it: a server's view may hold only a response's head.
const EdgeView& ViewOf(const Edge& edge) {
  const auto most = [](const EdgeView& view) {
    double records = 0;
    for (const EdgeSecond& s : view.seconds) records += s.records + s.consumer_lag;
    return records;
  };
  return most(edge.server_view) > most(edge.client_view) ? edge.server_view : edge.client_view;
}

double MeanLag(const std::vector<EdgeSecond>& seconds, size_t from, size_t to) {
  double sum = 0;
  double known = 0;
  for (size_t i = from; i < to; ++i) {
    if (!seconds[i].known) continue;
    sum += seconds[i].consumer_lag;
    ++known;
  }
  return known > 0 ? sum / known : 0;
}

}  // namespace

std::optional<Lag> FallsBehind(const Edge& edge, const LimitSet& limits) {
  const auto& limit = limits[Metric::kLatency];
  const auto& seconds = ViewOf(edge).seconds;
  if (!limit || seconds.empty()) return std::nullopt;
  Lag lag;
  double known = 0;
  for (const EdgeSecond& s : seconds) {
    if (!s.known) continue;
    ++known;
    lag.rate += s.records;
  }
  if (known == 0) return std::nullopt;
  lag.rate /= known;
  const size_t third = std::max<size_t>(seconds.size() / 3, 1);
  const double before = MeanLag(seconds, 0, third);
  lag.records = MeanLag(seconds, seconds.size() - third, seconds.size());
  const auto between = static_cast<double>(seconds.size() - third);
  if (between > 0) lag.growth = (lag.records - before) / between;
  // One that stands still waits at least as long as it was watched.
  const double window_us = 1e6 * known;
  lag.time_us = lag.rate > 0 ? 1e6 * lag.records / lag.rate : window_us;
  if (lag.records < kFewRecords || lag.time_us <= *limit) return std::nullopt;
  const bool grows = lag.records > kMinGrowth * before + kFewRecords;
  if (!grows && lag.time_us < kHopelessUs && lag.rate > 0) return std::nullopt;
  return lag;
}

Edge CallOfConsumer(const Edge& edge) {
  Edge call;
  call.id = edge.id;
  call.client = edge.server;
  call.server = edge.client;
  call.port = edge.port;
  call.protocol = edge.protocol;
  call.coupling = Coupling::kSync;
  double before = 0;
  for (const EdgeSecond& s : ViewOf(edge).seconds) {
    EdgeSecond& out = call.client_view.seconds.emplace_back();
    if (!s.known) continue;
    out.known = true;
    out.bytes = s.bytes;
    out.responses = s.records;
    out.requests = s.records + std::max(0.0, s.consumer_lag - before);
    out.in_flight = s.consumer_lag;
    out.latency_sum_us = s.records > 0 ? 1e6 * s.consumer_lag : 0;
    before = s.consumer_lag;
  }
  // What waits as the window begins was not asked in its first second.
  if (!call.client_view.seconds.empty()) {
    EdgeSecond& first = call.client_view.seconds.front();
    first.requests = first.responses;
  }
  return call;
}

}  // namespace pano::analysis
