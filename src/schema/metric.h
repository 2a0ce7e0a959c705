// SPDX-License-Identifier: Apache-2.0
// The metrics of edges and instances as data. DDL, inserts, /api/v1/schema, /api/v1/series and the
// wire codec derive from these tables: a new metric is a new row here.
// Names follow DeepFlow's metric names where it has them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pano::schema {

enum class Unit : uint8_t { kCount, kByte, kMicrosecond, kRatio };
// How values of one second combine, over time and over instances.
enum class Fold : uint8_t {
  kSum,    // counts: add
  kMax,    // largest seen
  kGauge,  // a level: add over instances, last (or mean) over time
  kLimit,  // a level that does not add up over time; add over instances
};

struct MetricInfo {
  std::string_view name;
  Unit unit;
  Fold fold;
  std::string_view doc;
};

// tx is client to server, rx is server to client, on whichever side it was observed.
enum class EdgeMetric : uint8_t {
  kByteTx,
  kByteRx,
  kPacketTx,
  kPacketRx,
  kNewFlow,
  kClosedFlow,
  kFlowLoad,
  kSynCount,
  kRetransSyn,
  kRetransSynack,
  kRetransTx,
  kRetransRx,
  kZeroWinTx,
  kZeroWinRx,
  kRttSum,
  kRttCount,
  kRttMax,
  kSrttSum,
  kSrttCount,
  kTcpEstablishFail,
  kClientSourcePortReuse,
  kClientEstablishOtherRst,
  kClientAckMiss,
  kServerSynMiss,
  kServerReset,
  kServerEstablishOtherRst,
  kServerQueueLack,
  kTcpTransferFail,
  kClientRstFlow,
  kServerRstFlow,
  kTcpTimeout,
  kRequest,
  kResponse,
  kClientError,
  kServerError,
  kTimeout,
  kInFlight,
  kOldestInFlight,
  kRrtSum,
  kRrtCount,
  kRrtMax,
  kUnnamedRequest,
  kRecord,
  kConsumerLag,
  kEdgeMetricCount,
};
inline constexpr size_t kEdgeMetrics = static_cast<size_t>(EdgeMetric::kEdgeMetricCount);

enum class InstanceMetric : uint8_t {
  kCpuUsage,
  kCpuQuota,
  kCpuThrottled,
  kCpuPeriods,
  kCpuThrottledPeriods,
  kRunQueueWait,
  kMemoryUsed,
  kMemoryLimit,
  kOomKill,
  kPsiCpuSome,
  kPsiMemorySome,
  kPsiIoSome,
  kAcceptQueue,
  kAcceptQueueLimit,
  kListenOverflow,
  kListenDrop,
  kRetransSynNetns,
  kTcpResetSentNetns,
  kThreads,
  kOpenFiles,
  kInstanceMetricCount,
};
inline constexpr size_t kInstanceMetrics =
    static_cast<size_t>(InstanceMetric::kInstanceMetricCount);

using EdgeValues = std::array<uint64_t, kEdgeMetrics>;
using InstanceValues = std::array<uint64_t, kInstanceMetrics>;

const std::array<MetricInfo, kEdgeMetrics>& EdgeMetricTable();
const std::array<MetricInfo, kInstanceMetrics>& InstanceMetricTable();

inline const MetricInfo& Info(EdgeMetric m) { return EdgeMetricTable()[static_cast<size_t>(m)]; }
inline const MetricInfo& Info(InstanceMetric m) {
  return InstanceMetricTable()[static_cast<size_t>(m)];
}
std::optional<EdgeMetric> EdgeMetricByName(std::string_view name);
std::optional<InstanceMetric> InstanceMetricByName(std::string_view name);

// Adds one second's values of `from` onto `into`, each by its fold; kGauge adds (use this over
// instances and paths of the same second, not over time).
void FoldAcross(EdgeValues& into, const EdgeValues& from);
void FoldAcross(InstanceValues& into, const InstanceValues& from);
// The same over time: kGauge and kLimit keep the later value.
void FoldOverTime(EdgeValues& into, const EdgeValues& later);
void FoldOverTime(InstanceValues& into, const InstanceValues& later);

}  // namespace pano::schema
