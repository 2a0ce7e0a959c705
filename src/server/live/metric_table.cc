// SPDX-License-Identifier: Apache-2.0
#include "server/live/metric_table.h"

#include <algorithm>
#include <array>

#include "schema/metric.h"

namespace pano::live {
namespace {

using analysis::kUnknown;
using schema::EdgeMetric;
using schema::InstanceMetric;
using Window = const EdgeWindow&;

double Count(const SideWindow& side, EdgeMetric m) { return static_cast<double>(side[m]); }

double Rate(Window w, double count) { return w.seconds > 0 ? count / w.seconds : kUnknown; }
double RequestRate(Window w, EdgeMetric m) { return Rate(w, Count(w.Requests(), m)); }
double TransportRate(Window w, EdgeMetric m) { return Rate(w, Count(w.Transport(), m)); }
// Events that both ends notice, each only in part: the larger count is the truer one.
double EitherCount(Window w, EdgeMetric m) {
  return std::max(Count(w.client, m), Count(w.server, m));
}

double Level(Window w, const SideWindow& side, EdgeMetric m) {
  return w.seconds > 0 ? Count(side, m) : kUnknown;
}

double Quantile(const ExpHistogram& histogram, double q) {
  return histogram.empty() ? kUnknown : histogram.Quantile(q);
}

double Mean(const SideWindow& side, EdgeMetric sum, EdgeMetric count) {
  return side[count] == 0 ? kUnknown : Count(side, sum) / Count(side, count);
}

double Latency(Window w, bool latency_counts) {
  const SideWindow& side = w.Requests();
  if (!side.rrt.empty()) return side.rrt.Quantile(0.95);
  // Nothing came back: the wait so far is what callers feel.
  if (latency_counts && side[EdgeMetric::kInFlight] > 0 && side[EdgeMetric::kOldestInFlight] > 0) {
    return Count(side, EdgeMetric::kOldestInFlight);
  }
  return kUnknown;
}

double Errors(const SideWindow& side) {
  return Count(side, EdgeMetric::kClientError) + Count(side, EdgeMetric::kServerError) +
         Count(side, EdgeMetric::kTimeout);
}

double ServerResets(const SideWindow& side) {
  return Count(side, EdgeMetric::kServerReset) + Count(side, EdgeMetric::kServerEstablishOtherRst) +
         Count(side, EdgeMetric::kServerRstFlow);
}

double LatencyDifference(Window w) {
  const double client = Mean(w.client, EdgeMetric::kRrtSum, EdgeMetric::kRrtCount);
  const double server = Mean(w.server, EdgeMetric::kRrtSum, EdgeMetric::kRrtCount);
  return std::max(0.0, client - server) + (client - client) + (server - server);  // NaN stays NaN
}

double LatencyMax(Window w) {
  const SideWindow& side = w.Requests();
  return side[EdgeMetric::kRrtCount] == 0 ? kUnknown : Count(side, EdgeMetric::kRrtMax);
}

// Little's law; nothing is known of one that stands still.
double LagTime(Window w) {
  const SideWindow& side = w.Requests();
  const double rate = Rate(w, Count(side, EdgeMetric::kRecord));
  return rate > 0 ? 1e6 * Count(side, EdgeMetric::kConsumerLag) / rate : kUnknown;
}

double Traffic(Window w) {
  const SideWindow& side = w.Transport();
  return Rate(w, Count(side, EdgeMetric::kByteTx) + Count(side, EdgeMetric::kByteRx));
}

double Sum(Window w, EdgeMetric a, EdgeMetric b) {
  return Rate(w, Count(w.Transport(), a) + Count(w.Transport(), b));
}

constexpr std::array kEdgeNumbers = std::to_array<EdgeNumber>({
    {"traffic", "byte/s", "payload both ways", [](Window w, bool) { return Traffic(w); }},
    {"request_rate", "1/s", "requests",
     [](Window w, bool) { return RequestRate(w, EdgeMetric::kRequest); }},
    {"errors", "1/s", "client errors, server errors and timeouts",
     [](Window w, bool) { return Rate(w, Errors(w.Requests())); }},
    {"latency", "us", "response latency, p95; with no response, the age of the oldest request",
     Latency},
    {"connect_latency", "us", "TCP connect latency, p95",
     [](Window w, bool) { return Quantile(w.Transport().rtt, 0.95); }},
    {"connect_failures", "1/s", "TCP connects that failed",
     [](Window w, bool) { return Rate(w, EitherCount(w, EdgeMetric::kTcpEstablishFail)); }},

    {"latency_avg", "us", "response latency, mean",
     [](Window w, bool) { return Mean(w.Requests(), EdgeMetric::kRrtSum, EdgeMetric::kRrtCount); }},
    {"latency_p50", "us", "response latency, median",
     [](Window w, bool) { return Quantile(w.Requests().rrt, 0.5); }},
    {"latency_p95", "us", "response latency, p95 of responses that came",
     [](Window w, bool) { return Quantile(w.Requests().rrt, 0.95); }},
    {"latency_p99", "us", "response latency, p99",
     [](Window w, bool) { return Quantile(w.Requests().rrt, 0.99); }},
    {"latency_max", "us", "response latency, largest",
     [](Window w, bool) { return LatencyMax(w); }},
    {"client_error", "1/s", "responses that blame the client",
     [](Window w, bool) { return RequestRate(w, EdgeMetric::kClientError); }},
    {"server_error", "1/s", "responses that blame the server",
     [](Window w, bool) { return RequestRate(w, EdgeMetric::kServerError); }},
    {"timeout", "1/s", "requests unanswered past the timeout limit",
     [](Window w, bool) { return RequestRate(w, EdgeMetric::kTimeout); }},
    {"connect_latency_avg", "us", "TCP connect latency, mean",
     [](Window w, bool) {
       return Mean(w.Transport(), EdgeMetric::kRttSum, EdgeMetric::kRttCount);
     }},
    {"retrans_syn", "1/s", "SYN segments sent again",
     [](Window w, bool) { return TransportRate(w, EdgeMetric::kRetransSyn); }},
    {"server_resets", "1/s", "RST from the server, in the handshake or later",
     [](Window w, bool) {
       return Rate(w, std::max(ServerResets(w.client), ServerResets(w.server)));
     }},
    {"client_resets", "1/s", "established connections reset by the client",
     [](Window w, bool) { return Rate(w, EitherCount(w, EdgeMetric::kClientRstFlow)); }},
    {"retrans", "1/s", "data segments sent again, both ways",
     [](Window w, bool) { return Sum(w, EdgeMetric::kRetransTx, EdgeMetric::kRetransRx); }},
    {"zero_window", "1/s", "zero windows announced, both ways",
     [](Window w, bool) { return Sum(w, EdgeMetric::kZeroWinTx, EdgeMetric::kZeroWinRx); }},
    {"accept_overflow", "1/s", "connects that met a full accept queue",
     [](Window w, bool) { return Rate(w, EitherCount(w, EdgeMetric::kServerQueueLack)); }},
    {"in_flight", "count", "requests awaiting their response",
     [](Window w, bool) { return Level(w, w.Requests(), EdgeMetric::kInFlight); }},
    {"oldest_in_flight", "us", "age of the oldest request awaiting its response",
     [](Window w, bool) {
       const SideWindow& side = w.Requests();
       return side[EdgeMetric::kInFlight] > 0 ? Count(side, EdgeMetric::kOldestInFlight) : kUnknown;
     }},
    {"connections", "count", "connections open",
     [](Window w, bool) { return Level(w, w.Transport(), EdgeMetric::kFlowLoad); }},
    {"unnamed_requests", "1/s", "requests whose method and path were compressed before capture",
     [](Window w, bool) { return RequestRate(w, EdgeMetric::kUnnamedRequest); }},
    {"records", "1/s", "records of a log its consumers moved past",
     [](Window w, bool) { return RequestRate(w, EdgeMetric::kRecord); }},
    {"consumer_lag", "count", "records of a log its consumers had not fetched when they last asked",
     [](Window w, bool) { return Level(w, w.Requests(), EdgeMetric::kConsumerLag); }},
    {"consumer_lag_time", "us", "how long its consumers take for what they had not fetched",
     [](Window w, bool) { return LagTime(w); }},
    {"latency_server_p95", "us", "response latency seen at the server, p95",
     [](Window w, bool) { return Quantile(w.server.rrt, 0.95); }},
    {"latency_difference", "us", "mean latency at the client minus mean latency at the server",
     [](Window w, bool) { return LatencyDifference(w); }},
});

double PerSecond(const NodeWindow& w, InstanceMetric m, double scale) {
  return w.seconds > 0 ? w[m] / w.seconds / scale : kUnknown;
}
double NodeLevel(const NodeWindow& w, InstanceMetric m) { return w.seconds > 0 ? w[m] : kUnknown; }
double NodeLimit(const NodeWindow& w, InstanceMetric m, double scale) {
  return w.seconds > 0 && w[m] > 0 ? w[m] / scale : kUnknown;
}

double Throttled(const NodeWindow& w) {
  const double periods = w[InstanceMetric::kCpuPeriods];
  if (w.seconds == 0) return kUnknown;
  return periods > 0 ? std::min(1.0, w[InstanceMetric::kCpuThrottledPeriods] / periods) : 0.0;
}

using Node = const NodeWindow&;
constexpr std::array kNodeNumbers = std::to_array<NodeNumber>({
    {"cpu_usage", "cores", "CPU used",
     [](Node w) { return PerSecond(w, InstanceMetric::kCpuUsage, 1e6); }},
    {"cpu_quota", "cores", "CPU allowed; null is no limit",
     [](Node w) { return NodeLimit(w, InstanceMetric::kCpuQuota, 1e6); }},
    {"cpu_throttled", "ratio", "share of CPU periods cut short by the quota", Throttled},
    {"run_queue_wait", "us", "time threads waited for a CPU, per second",
     [](Node w) { return PerSecond(w, InstanceMetric::kRunQueueWait, 1); }},
    {"memory_used", "byte", "memory in use",
     [](Node w) { return NodeLevel(w, InstanceMetric::kMemoryUsed); }},
    {"memory_limit", "byte", "memory allowed; null is no limit",
     [](Node w) { return NodeLimit(w, InstanceMetric::kMemoryLimit, 1); }},
    {"psi_cpu", "ratio", "share of time some task of the worst instance waited for CPU",
     [](Node w) { return PerSecond(w, InstanceMetric::kPsiCpuSome, 1e6); }},
    {"accept_queue", "count", "connections waiting for accept()",
     [](Node w) { return NodeLevel(w, InstanceMetric::kAcceptQueue); }},
    {"accept_queue_limit", "count", "accept queue capacity",
     [](Node w) { return NodeLimit(w, InstanceMetric::kAcceptQueueLimit, 1); }},
    {"listen_overflow", "1/s", "times the accept queue was full",
     [](Node w) { return PerSecond(w, InstanceMetric::kListenOverflow, 1); }},
    {"oom_kills", "count", "processes killed for lack of memory, in the window",
     [](Node w) { return NodeLevel(w, InstanceMetric::kOomKill); }},
    {"threads", "count", "threads", [](Node w) { return NodeLevel(w, InstanceMetric::kThreads); }},
    {"open_files", "count", "open file descriptors",
     [](Node w) { return NodeLevel(w, InstanceMetric::kOpenFiles); }},
});

}  // namespace

std::span<const EdgeNumber> EdgeNumbers() { return kEdgeNumbers; }
std::span<const NodeNumber> NodeNumbers() { return kNodeNumbers; }

const EdgeNumber* FindEdgeNumber(std::string_view name) {
  const auto* at = std::ranges::find(kEdgeNumbers, name, &EdgeNumber::name);
  return at == kEdgeNumbers.end() ? nullptr : at;
}

const NodeNumber* FindNodeNumber(std::string_view name) {
  const auto* at = std::ranges::find(kNodeNumbers, name, &NodeNumber::name);
  return at == kNodeNumbers.end() ? nullptr : at;
}

analysis::MetricValues SixOf(const EdgeWindow& window, bool latency_counts) {
  analysis::MetricValues six;
  for (size_t i = 0; i < analysis::kMetrics; ++i) {
    six.at[i] = kEdgeNumbers[i].value(window, latency_counts);
  }
  return six;
}

std::vector<double> EdgeDetailsOf(const EdgeWindow& window, bool latency_counts) {
  std::vector<double> out;
  out.reserve(EdgeDetails().size());
  for (const EdgeNumber& n : EdgeDetails()) out.push_back(n.value(window, latency_counts));
  return out;
}

std::vector<double> NodeDetailsOf(const NodeWindow& window) {
  std::vector<double> out;
  out.reserve(kNodeNumbers.size());
  for (const NodeNumber& n : kNodeNumbers) out.push_back(n.value(window));
  return out;
}

EdgeCounts CountsOf(const EdgeWindow& w) {
  const SideWindow& r = w.Requests();
  return {r[EdgeMetric::kRequest],
          r[EdgeMetric::kResponse],
          r[EdgeMetric::kClientError],
          r[EdgeMetric::kServerError],
          r[EdgeMetric::kTimeout],
          w.Transport()[EdgeMetric::kRetransSyn],
          static_cast<uint64_t>(EitherCount(w, EdgeMetric::kRetransSynack)),
          static_cast<uint64_t>(std::max(ServerResets(w.client), ServerResets(w.server))),
          static_cast<uint64_t>(EitherCount(w, EdgeMetric::kClientRstFlow)),
          static_cast<uint64_t>(EitherCount(w, EdgeMetric::kTcpEstablishFail)),
          static_cast<uint64_t>(EitherCount(w, EdgeMetric::kServerQueueLack))};
}

}  // namespace pano::live
