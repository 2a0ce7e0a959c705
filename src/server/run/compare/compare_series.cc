// SPDX-License-Identifier: Apache-2.0
#include "server/run/compare/compare_series.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace pano::run {
namespace {

using schema::EdgeMetric;
using schema::InstanceMetric;

constexpr size_t kMostPoints = 120;  // of a series: pairs are their square
constexpr size_t kLeastPoints = 8;
constexpr double kConfidence = 0.95;

double ErrorsOf(const live::SideWindow& side) {
  return Count(side, EdgeMetric::kClientError) + Count(side, EdgeMetric::kServerError) +
         Count(side, EdgeMetric::kTimeout);
}

double FailuresOf(const live::EdgeWindow& w) {
  return std::max(Count(w.client, EdgeMetric::kTcpEstablishFail),
                  Count(w.server, EdgeMetric::kTcpEstablishFail));
}

double AttemptsOf(const live::EdgeWindow& w) {
  const live::SideWindow& t = w.Transport();
  return std::max(Count(t, EdgeMetric::kSynCount), Count(t, EdgeMetric::kNewFlow) + FailuresOf(w));
}

void AddEdge(Subjects& out, const Stretch& s, size_t bucket, const live::EdgeEntry& e) {
  const std::string& client = s.names->ServiceName(e.edge.client_service);
  const std::string& server = s.names->ServiceName(e.edge.server_service);
  Side& edge = out[{true, client, server, e.edge.server_port, e.edge.l7_protocol}];
  edge.id = e.id;
  edge.cells.resize(s.buckets.size());
  edge.cells[bucket].edge.AddAcross(e.window);
  if (!analysis::LatencyCounts(e.edge.l7_protocol)) return;
  const live::SideWindow& requests = e.window.Requests();
  Side& service = out[{false, {}, server, 0, {}}];
  service.id = e.edge.server_service;
  service.cells.resize(s.buckets.size());
  service.cells[bucket].edge.AddAcross(e.window);
  service.latency_sum += Count(requests, EdgeMetric::kRrtSum);
  service.latency_count += Count(requests, EdgeMetric::kRrtCount);
  const auto caller = out.find({false, {}, client, 0, {}});
  if (caller == out.end()) return;
  caller->second.child_sum += Count(requests, EdgeMetric::kRrtSum);
  caller->second.cells[bucket].child_us += Count(requests, EdgeMetric::kRrtSum);
}

const ExpHistogram& HistogramOf(const live::EdgeWindow& w, CompareMetric m) {
  return m == CompareMetric::kConnectLatency ? w.Transport().rtt : w.Requests().rrt;
}

double QuantileOf(CompareMetric m) {
  switch (m) {
    case CompareMetric::kLatencyP50:
      return 0.5;
    case CompareMetric::kLatencyP99:
      return 0.99;
    default:
      return 0.95;
  }
}

bool IsQuantile(CompareMetric m) {
  return m == CompareMetric::kLatencyP50 || m == CompareMetric::kLatencyP95 ||
         m == CompareMetric::kLatencyP99 || m == CompareMetric::kConnectLatency;
}

double SamplesOf(const Cells& cells, CompareMetric m) {
  double sum = 0;
  for (const Cell& c : cells) {
    if (IsQuantile(m)) {
      sum += static_cast<double>(HistogramOf(c.edge, m).count());
    } else {
      sum += Count(c.edge.Requests(), EdgeMetric::kRrtCount);
    }
  }
  return sum;
}

// Buckets per block: as many as give a block enough samples for its quantile, as few blocks as pair
// well, but never fewer blocks than a test needs.
size_t BlockLength(const Cells& a, const Cells& b, CompareMetric m) {
  const size_t shorter = std::min(a.size(), b.size());
  const size_t longer = std::max(a.size(), b.size());
  size_t length = (longer + kMostPoints - 1) / kMostPoints;
  double wanted = m == CompareMetric::kLatencyAvg ? 3 : 0;
  // Calls that end in another block than the request they serve weigh less in longer ones.
  if (m == CompareMetric::kOwnTime) wanted = 16;
  if (IsQuantile(m)) wanted = 3 / (1 - QuantileOf(m));
  if (wanted > 0) {
    const double per_bucket = std::min(SamplesOf(a, m) / static_cast<double>(a.size()),
                                       SamplesOf(b, m) / static_cast<double>(b.size()));
    if (per_bucket <= 0) return 0;
    length = std::max(length, static_cast<size_t>(std::ceil(wanted / per_bucket)));
  }
  return std::min(length, std::max<size_t>(1, shorter / kLeastPoints));
}

std::vector<double> ValuesOf(const Cells& blocks, CompareMetric m, bool logarithm) {
  std::vector<double> out;
  for (const Cell& c : blocks) {
    const double value = ValueOf(c, m);
    if (!analysis::Known(value) || (logarithm && value <= 0)) continue;
    out.push_back(logarithm ? std::log(value) : value);
  }
  return out;
}

std::vector<Trials> TrialsOf(const Cells& blocks, CompareMetric m) {
  std::vector<Trials> out;
  for (const Cell& c : blocks) {
    if (m == CompareMetric::kErrorShare) {
      const double requests = Count(c.edge.Requests(), EdgeMetric::kRequest);
      out.push_back({std::min(ErrorsOf(c.edge.Requests()), requests), requests});
    } else {
      out.push_back({std::min(FailuresOf(c.edge), AttemptsOf(c.edge)), AttemptsOf(c.edge)});
    }
  }
  return out;
}

std::vector<double> RequestsOf(const Cells& blocks) {
  std::vector<double> out;
  for (const Cell& c : blocks) {
    if (c.edge.seconds > 0) out.push_back(Count(c.edge.Requests(), EdgeMetric::kRequest));
  }
  return out;
}

bool HasRequests(const Side& side) {
  return std::ranges::any_of(
      side.cells, [](const Cell& c) { return Count(c.edge.Requests(), EdgeMetric::kRequest) > 0; });
}

}  // namespace

// Only services that serve; who only calls is judged by its edges.
Subjects SubjectsOf(const Stretch& s) {
  Subjects out;
  for (const live::WindowSet& w : s.buckets) {
    for (const live::EdgeEntry& e : w.edges) {
      if (!analysis::LatencyCounts(e.edge.l7_protocol)) continue;
      Side& service = out[{false, {}, s.names->ServiceName(e.edge.server_service), 0, {}}];
      service.id = e.edge.server_service;
      service.cells.resize(s.buckets.size());
    }
  }
  for (size_t i = 0; i < s.buckets.size(); ++i) {
    for (const live::EdgeEntry& e : s.buckets[i].edges) AddEdge(out, s, i, e);
    for (const live::NodeEntry& n : s.buckets[i].nodes) {
      const auto at = out.find({false, {}, s.names->ServiceName(n.service), 0, {}});
      if (at == out.end()) continue;
      at->second.cells[i].node = n.window;
      at->second.cells[i].has_node = n.window.seconds > 0;
    }
  }
  // A quiet bucket is one without requests, not one nobody watched.
  for (size_t i = 0; i < s.buckets.size(); ++i) {
    double watched = 0;
    for (const live::EdgeEntry& e : s.buckets[i].edges) {
      watched = std::max(watched, e.window.seconds);
    }
    for (auto& [key, side] : out) side.cells[i].edge.seconds = watched;
  }
  return out;
}

Cells Blocks(const Cells& cells, size_t length) {
  Cells out;
  if (length == 0) return out;
  for (size_t i = 0; i + length <= cells.size(); i += length) {
    Cell& block = out.emplace_back();
    for (size_t k = i; k < i + length; ++k) {
      block.edge.seconds += cells[k].edge.seconds;
      block.edge.client.AddLater(cells[k].edge.client);
      block.edge.server.AddLater(cells[k].edge.server);
      block.node.AddLater(cells[k].node);
      block.has_node = block.has_node || cells[k].has_node;
      block.child_us += cells[k].child_us;
    }
  }
  return out;
}

double ValueOf(const Cell& c, CompareMetric m) {
  const live::SideWindow& requests = c.edge.Requests();
  const live::SideWindow& transport = c.edge.Transport();
  const double seconds = c.edge.seconds;
  switch (m) {
    case CompareMetric::kLatencyAvg: {
      const double count = Count(requests, EdgeMetric::kRrtCount);
      return count > 0 ? Count(requests, EdgeMetric::kRrtSum) / count : analysis::kUnknown;
    }
    case CompareMetric::kLatencyP50:
    case CompareMetric::kLatencyP95:
    case CompareMetric::kLatencyP99:
    case CompareMetric::kConnectLatency: {
      const ExpHistogram& histogram = HistogramOf(c.edge, m);
      return histogram.empty() ? analysis::kUnknown : histogram.Quantile(QuantileOf(m));
    }
    case CompareMetric::kErrorShare: {
      const double count = Count(requests, EdgeMetric::kRequest);
      return count > 0 ? ErrorsOf(requests) / count : analysis::kUnknown;
    }
    case CompareMetric::kRequestRate:
      return seconds > 0 ? Count(requests, EdgeMetric::kRequest) / seconds : analysis::kUnknown;
    case CompareMetric::kTraffic:
      return seconds > 0
                 ? (Count(transport, EdgeMetric::kByteTx) + Count(transport, EdgeMetric::kByteRx)) /
                       seconds
                 : analysis::kUnknown;
    case CompareMetric::kConnectFailShare:
      return AttemptsOf(c.edge) > 0 ? FailuresOf(c.edge) / AttemptsOf(c.edge) : analysis::kUnknown;
    case CompareMetric::kCpuUsage:
      return c.has_node ? c.node[InstanceMetric::kCpuUsage] / 1e6 / c.node.seconds
                        : analysis::kUnknown;
    case CompareMetric::kCpuThrottled: {
      const double periods = c.node[InstanceMetric::kCpuPeriods];
      if (!c.has_node) return analysis::kUnknown;
      return periods > 0 ? std::min(1.0, c.node[InstanceMetric::kCpuThrottledPeriods] / periods)
                         : 0.0;
    }
    case CompareMetric::kOwnTime: {
      const double count = Count(requests, EdgeMetric::kRrtCount);
      if (count <= 0) return analysis::kUnknown;
      return (Count(requests, EdgeMetric::kRrtSum) - c.child_us) / count;
    }
  }
  return analysis::kUnknown;
}

Difference Test(const Side& a, const Side& b, CompareMetric m) {
  const size_t length = BlockLength(a.cells, b.cells, m);
  if (length == 0) return {};
  const Cells blocks_a = Blocks(a.cells, length);
  const Cells blocks_b = Blocks(b.cells, length);
  switch (m) {
    case CompareMetric::kErrorShare:
    case CompareMetric::kConnectFailShare:
      return CompareShares(TrialsOf(blocks_a, m), TrialsOf(blocks_b, m), kConfidence);
    case CompareMetric::kRequestRate:
      if (!HasRequests(a) && !HasRequests(b)) return {};
      return CompareRates(RequestsOf(blocks_a), RequestsOf(blocks_b), kConfidence);
    case CompareMetric::kOwnTime:  // of a block it may be below 0: calls that end in the next
      return CompareMeans(ValuesOf(blocks_a, m, false), ValuesOf(blocks_b, m, false), kConfidence);
    case CompareMetric::kCpuThrottled:
      return CompareSeries(ValuesOf(blocks_a, m, false), ValuesOf(blocks_b, m, false), kConfidence);
    default:
      return CompareSeries(ValuesOf(blocks_a, m, true), ValuesOf(blocks_b, m, true), kConfidence);
  }
}

}  // namespace pano::run
