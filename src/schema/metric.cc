// SPDX-License-Identifier: Apache-2.0
#include "schema/metric.h"

#include <algorithm>

namespace pano::schema {
namespace {

constexpr auto kSum = Fold::kSum;
constexpr auto kMax = Fold::kMax;
constexpr auto kGauge = Fold::kGauge;
constexpr auto kLimit = Fold::kLimit;
constexpr auto kCount = Unit::kCount;
constexpr auto kByte = Unit::kByte;
constexpr auto kUs = Unit::kMicrosecond;

constexpr std::array<MetricInfo, kEdgeMetrics> kEdgeTable{{
    {"byte_tx", kByte, kSum, "payload bytes from client to server"},
    {"byte_rx", kByte, kSum, "payload bytes from server to client"},
    {"packet_tx", kCount, kSum, "TCP segments from client to server"},
    {"packet_rx", kCount, kSum, "TCP segments from server to client"},
    {"new_flow", kCount, kSum, "connections established"},
    {"closed_flow", kCount, kSum, "connections closed"},
    {"flow_load", kCount, kGauge, "connections open"},
    {"syn_count", kCount, kSum, "connection attempts"},
    {"retrans_syn", kCount, kSum, "SYN segments sent again"},
    {"retrans_synack", kCount, kSum, "SYN-ACK segments sent again"},
    {"retrans_tx", kCount, kSum, "data segments sent again, client to server"},
    {"retrans_rx", kCount, kSum, "data segments sent again, server to client"},
    {"zero_win_tx", kCount, kSum, "zero windows announced by the client"},
    {"zero_win_rx", kCount, kSum, "zero windows announced by the server"},
    {"rtt_sum", kUs, kSum, "TCP connect latency, sum"},
    {"rtt_count", kCount, kSum, "TCP connects that succeeded and were timed"},
    {"rtt_max", kUs, kMax, "TCP connect latency, largest"},
    {"srtt_sum", kUs, kSum, "smoothed round-trip time, sum of samples"},
    {"srtt_count", kCount, kSum, "smoothed round-trip time, samples"},
    {"tcp_establish_fail", kCount, kSum, "TCP connects that failed, all causes"},
    {"client_source_port_reuse", kCount, kSum, "connect failed: client source port still in use"},
    {"client_establish_other_rst", kCount, kSum, "connect failed: client reset the handshake"},
    {"client_ack_miss", kCount, kSum, "connect failed: the client's ACK never came"},
    {"server_syn_miss", kCount, kSum, "connect failed: SYN was never answered"},
    {"server_reset", kCount, kSum, "connect failed: the server answered SYN with RST"},
    {"server_establish_other_rst", kCount, kSum,
     "connect failed: server reset the handshake later"},
    {"server_queue_lack", kCount, kSum, "the server's accept queue was full"},
    {"tcp_transfer_fail", kCount, kSum, "established connections that broke, all causes"},
    {"client_rst_flow", kCount, kSum, "established connections reset by the client"},
    {"server_rst_flow", kCount, kSum, "established connections reset by the server"},
    {"tcp_timeout", kCount, kSum, "established connections ended by retransmission timeout"},
    {"request", kCount, kSum, "requests"},
    {"response", kCount, kSum, "responses"},
    {"client_error", kCount, kSum, "responses that blame the client"},
    {"server_error", kCount, kSum, "responses that blame the server"},
    {"timeout", kCount, kSum, "requests unanswered past the timeout limit"},
    {"in_flight", kCount, kGauge, "requests awaiting their response"},
    {"oldest_in_flight", kUs, kMax, "age of the oldest request awaiting its response"},
    {"rrt_sum", kUs, kSum, "response latency, sum"},
    {"rrt_count", kCount, kSum, "response latency, samples"},
    {"rrt_max", kUs, kMax, "response latency, largest"},
    {"unnamed_request", kCount, kSum,
     "requests whose method and path were compressed before capture"},
    {"record", kCount, kSum, "records of a log that its consumers moved past"},
    {"consumer_lag", kCount, kGauge,
     "records of a log that its consumers had not fetched when they last asked"},
}};

constexpr std::array<MetricInfo, kInstanceMetrics> kInstanceTable{{
    {"cpu_usage", kUs, kSum, "CPU time used"},
    {"cpu_quota", kUs, kLimit, "CPU time allowed per second; 0 is no limit"},
    {"cpu_throttled", kUs, kSum, "time the CPU quota held runnable threads back"},
    {"cpu_periods", kCount, kSum, "CPU quota periods"},
    {"cpu_throttled_periods", kCount, kSum, "CPU quota periods that were throttled"},
    {"run_queue_wait", kUs, kSum, "time threads waited for a CPU"},
    {"memory_used", kByte, kGauge, "memory in use"},
    {"memory_limit", kByte, kLimit, "memory allowed; 0 is no limit"},
    {"oom_kill", kCount, kSum, "processes killed for lack of memory"},
    {"psi_cpu_some", kUs, kSum, "pressure stall: some task waited for CPU"},
    {"psi_memory_some", kUs, kSum, "pressure stall: some task waited for memory"},
    {"psi_io_some", kUs, kSum, "pressure stall: some task waited for I/O"},
    {"accept_queue", kCount, kGauge, "connections waiting for accept()"},
    {"accept_queue_limit", kCount, kLimit, "accept queue capacity"},
    {"listen_overflow", kCount, kSum, "times the accept queue was full"},
    {"listen_drop", kCount, kSum, "connection attempts dropped by listeners"},
    {"retrans_syn_netns", kCount, kSum, "TcpExtTCPSynRetrans of the network namespace"},
    {"tcp_reset_sent_netns", kCount, kSum, "TcpOutRsts of the network namespace"},
    {"threads", kCount, kGauge, "threads"},
    {"open_files", kCount, kGauge, "open file descriptors"},
}};

template <typename Table>
constexpr bool Complete(const Table& table) {
  return std::all_of(table.begin(), table.end(),
                     [](const MetricInfo& m) { return !m.name.empty(); });
}
static_assert(Complete(kEdgeTable) && Complete(kInstanceTable), "one row per metric");

template <typename Metric, typename Table>
std::optional<Metric> ByName(const Table& table, std::string_view name) {
  for (size_t i = 0; i < table.size(); ++i) {
    if (table[i].name == name) return static_cast<Metric>(i);
  }
  return std::nullopt;
}

template <typename Values, typename Table>
void Across(const Table& table, Values& into, const Values& from) {
  for (size_t i = 0; i < into.size(); ++i) {
    into[i] = table[i].fold == kMax ? std::max(into[i], from[i]) : into[i] + from[i];
  }
}

template <typename Values, typename Table>
void OverTime(const Table& table, Values& into, const Values& later) {
  for (size_t i = 0; i < into.size(); ++i) {
    switch (table[i].fold) {
      case kSum:
        into[i] += later[i];
        break;
      case kMax:
        into[i] = std::max(into[i], later[i]);
        break;
      case kGauge:
      case kLimit:
        into[i] = later[i];
        break;
    }
  }
}

}  // namespace

const std::array<MetricInfo, kEdgeMetrics>& EdgeMetricTable() { return kEdgeTable; }
const std::array<MetricInfo, kInstanceMetrics>& InstanceMetricTable() { return kInstanceTable; }

std::optional<EdgeMetric> EdgeMetricByName(std::string_view name) {
  return ByName<EdgeMetric>(kEdgeTable, name);
}
std::optional<InstanceMetric> InstanceMetricByName(std::string_view name) {
  return ByName<InstanceMetric>(kInstanceTable, name);
}

void FoldAcross(EdgeValues& into, const EdgeValues& from) { Across(kEdgeTable, into, from); }
void FoldAcross(InstanceValues& into, const InstanceValues& from) {
  Across(kInstanceTable, into, from);
}
void FoldOverTime(EdgeValues& into, const EdgeValues& later) { OverTime(kEdgeTable, into, later); }
void FoldOverTime(InstanceValues& into, const InstanceValues& later) {
  OverTime(kInstanceTable, into, later);
}

}  // namespace pano::schema
