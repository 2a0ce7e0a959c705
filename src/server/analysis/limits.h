// SPDX-License-Identifier: Apache-2.0
// The six metrics of the map and the limits that turn them red. Units are the API's: byte/s, 1/s,
// microseconds. JSON in and out belongs to the API; this is the meaning.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pano::analysis {

// In the order of the page's strip of six.
enum class Metric : uint8_t {
  kTraffic,          // byte/s, payload both ways
  kRequestRate,      // 1/s
  kErrors,           // 1/s: client_error + server_error + timeout
  kLatency,          // us, p95
  kConnectLatency,   // us, p95
  kConnectFailures,  // 1/s
};
inline constexpr size_t kMetrics = 6;
inline constexpr std::array<Metric, kMetrics> kAllMetrics{
    Metric::kTraffic, Metric::kRequestRate,    Metric::kErrors,
    Metric::kLatency, Metric::kConnectLatency, Metric::kConnectFailures};

// "traffic", "request_rate", "errors", "latency", "connect_latency", "connect_failures"
std::string_view Name(Metric metric);
std::optional<Metric> MetricByName(std::string_view name);

// A value nobody knows. Never 0: zero is a measurement.
inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
inline bool Known(double value) { return value == value; }

// One value per metric; kUnknown where there is none.
struct MetricValues {
  std::array<double, kMetrics> at{kUnknown, kUnknown, kUnknown, kUnknown, kUnknown, kUnknown};
  double& operator[](Metric m) { return at[static_cast<size_t>(m)]; }
  double operator[](Metric m) const { return at[static_cast<size_t>(m)]; }
};

// One limit per metric; none = the metric is not judged. A value above its limit is bad.
struct LimitSet {
  std::array<std::optional<double>, kMetrics> at{};
  std::optional<double>& operator[](Metric m) { return at[static_cast<size_t>(m)]; }
  const std::optional<double>& operator[](Metric m) const { return at[static_cast<size_t>(m)]; }
  bool operator==(const LimitSet&) const = default;
};

// errors 0, latency 1 s, connect_latency 10 ms, connect_failures 0; traffic and request_rate none.
LimitSet DefaultLimits();

// Either `service` is set (the node and every edge into it) or `client` and `server` are (that
// edge). `limit` none switches the metric off there.
struct LimitOverride {
  std::string service;
  std::string client;
  std::string server;
  Metric metric = Metric::kLatency;
  std::optional<double> limit;
  bool operator==(const LimitOverride&) const = default;
};

// Value type; not thread safe to write. The later of two overrides of one thing wins.
class Limits {
 public:
  explicit Limits(LimitSet defaults = DefaultLimits(), std::vector<LimitOverride> overrides = {});

  LimitSet ForNode(std::string_view service) const;
  // An edge's own override, else the server's, else the default.
  LimitSet ForEdge(std::string_view client, std::string_view server) const;

  // As given, for the API to write out again.
  const LimitSet& defaults() const { return defaults_; }
  const std::vector<LimitOverride>& overrides() const { return overrides_; }

 private:
  using PerMetric = std::array<std::optional<std::optional<double>>, kMetrics>;

  LimitSet defaults_;
  std::vector<LimitOverride> overrides_;
  std::map<std::string, PerMetric, std::less<>> by_service_;
  std::map<std::pair<std::string, std::string>, PerMetric> by_edge_;
};

}  // namespace pano::analysis
