// SPDX-License-Identifier: Apache-2.0
// in: two stretches of time as series  out: what differs, and how sure that is
// Pure and deterministic. docs/runs.md explains the method.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/live/map_view.h"
#include "server/live/window.h"

namespace pano::run {

// One side of a comparison.
struct Stretch {
  std::string label;  // "baseline", "20261123-102233-7f3a@2"
  std::string run;    // id; empty: of the live store
  std::optional<uint32_t> step;
  uint64_t from = 0;
  uint64_t to = 0;
  std::shared_ptr<const live::Names> names;
  std::vector<live::WindowSet> buckets;  // equal lengths, oldest first
};

enum class CompareMetric : uint8_t {
  kLatencyAvg,        // us
  kLatencyP50,        // us
  kLatencyP95,        // us
  kLatencyP99,        // us
  kErrorShare,        // errors per request
  kRequestRate,       // 1/s
  kTraffic,           // byte/s
  kConnectLatency,    // us, p95
  kConnectFailShare,  // failed connects per attempt
  kCpuUsage,          // cores; services only
  kCpuThrottled,      // 0..1; services only
  kOwnTime,           // us, mean: what callers wait less the calls it makes; services only
};
inline constexpr size_t kCompareMetrics = 12;
// "latency_avg", "latency_p50", "latency_p95", "latency_p99", "error_share", "request_rate",
// "traffic", "connect_latency", "connect_failure_share", "cpu_usage", "cpu_throttled",
// "own_time"
std::string_view Name(CompareMetric metric);
std::optional<CompareMetric> CompareMetricByName(std::string_view name);
bool IsShare(CompareMetric metric);  // compared by absolute difference

enum class Direction : uint8_t { kNone, kWorse, kBetter, kDifferent };
std::string_view Name(Direction direction);  // "none", "worse", "better", "different"

struct Delta {
  double a = analysis::kUnknown;  // of the whole stretch, from merged histograms and sums
  double b = analysis::kUnknown;
  double change = analysis::kUnknown;  // b / a - 1; unknown when a is 0
  // Where the true change lies, with the confidence asked for: relative for latencies, rates and
  // CPU, absolute for shares.
  double low = analysis::kUnknown;
  double high = analysis::kUnknown;
  double p = analysis::kUnknown;  // of no difference at all
  double q = analysis::kUnknown;  // after Benjamini-Hochberg, against what all services share
  bool significant = false;       // q <= alpha and the change is worth telling
  bool shared = false;            // it would be, but all services changed like that
  Direction direction = Direction::kNone;
};

enum class Presence : uint8_t { kBoth, kNew, kVanished };
std::string_view Name(Presence presence);  // "both", "new", "vanished"

struct Compared {
  bool edge = false;
  std::string client;  // edges
  std::string server;  // edges; services: their name
  uint16_t port = 0;
  schema::L7Protocol protocol = schema::L7Protocol::kUnknown;
  uint32_t id_a = 0;  // edge or service id on either side; 0: not there
  uint32_t id_b = 0;
  Presence presence = Presence::kBoth;
  std::array<Delta, kCompareMetrics> metrics;
  // Services: by how much their own time changes what one request of the entry takes, us.
  double entry_us = analysis::kUnknown;
};

// One line of "what changed most".
struct Ranked {
  size_t subject = 0;  // of Comparison::subjects
  CompareMetric metric = CompareMetric::kLatencyP95;
  double weight = 0;  // what it means to the entry, 0..
  std::string text;
};

struct LoadMatch {
  double a = analysis::kUnknown;  // 1/s offered at the entry
  double b = analysis::kUnknown;
  double change = analysis::kUnknown;
  bool matched = true;  // within 10 %
  std::string text;     // a warning, or empty
};

// What most services did alike: not one of them, but the machine or something they all use.
struct SharedShift {
  bool found = false;
  double cpu_per_request = analysis::kUnknown;  // relative, median over the services
  double own_time = analysis::kUnknown;         // the same
  uint32_t alike = 0;                           // services that moved that way
  uint32_t services = 0;                        // of so many
  std::string text;
};

struct CompareOptions {
  double alpha = 0.05;       // false discoveries among what is told
  double min_change = 0.05;  // relative; smaller changes are not told, however sure
  double min_share = 0.001;  // absolute, of shares
  size_t max_ranked = 50;
};

// kShared: something changed, but no service more than the others.
enum class CompareVerdict : uint8_t { kSame, kChanged, kShared, kNotEnoughData };
std::string_view Name(CompareVerdict verdict);  // "same", "changed", "shared", "not_enough_data"

struct Comparison {
  CompareVerdict verdict = CompareVerdict::kNotEnoughData;
  std::string sentence;
  LoadMatch load;
  SharedShift shared;
  uint32_t tests = 0;
  std::vector<Compared> subjects;  // edges, then services; sorted by name
  std::vector<Ranked> ranked;      // most telling first
  std::vector<std::string> warnings;
};

// Folds the finer of the two until its buckets are as long as the other's.
void Equalise(Stretch& a, Stretch& b);

Comparison Compare(const Stretch& a, const Stretch& b, const CompareOptions& options);

}  // namespace pano::run
