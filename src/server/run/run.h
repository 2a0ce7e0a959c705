// SPDX-License-Identifier: Apache-2.0
// A load test as an object: what it was, what was done to it, what was found. Plain data; the
// numbers themselves are in Snapshot. Times are unix seconds, [begin, end).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/exp_histogram.h"
#include "schema/tag.h"
#include "server/analysis/diagnose.h"
#include "server/analysis/limits.h"

namespace pano::run {

enum class RunState : uint8_t {
  kRunning,
  kDone,
  kAborted,  // panoscope ended in the middle of it and came back too late, or it lost its data
};
std::string_view Name(RunState state);  // "running", "done", "aborted"

enum class Origin : uint8_t {
  kManual,      // somebody started it
  kRecognised,  // a load generator was seen to come
};
std::string_view Name(Origin origin);  // "manual", "recognised"

// Why a step begins where it does.
enum class StepReason : uint8_t {
  kBegin,  // of the run
  kLoad,   // the offered load changed
  kScale,  // replicas came or went, or a service was deployed or restarted
  kMark,   // somebody said so
};
std::string_view Name(StepReason reason);  // "begin", "load", "scale", "mark"

// A stretch of steady load. Bounds are those of buckets.
struct Step {
  uint64_t from = 0;
  uint64_t to = 0;
  uint64_t settled_from = 0;  // `from` plus what it took to settle
  StepReason reason = StepReason::kBegin;
  std::string label;         // of the mark, or "productcatalog scaled from 1 to 2"
  bool ramp = false;         // the load moved all the time
  double offered_rate = 0;   // 1/s at the entry: requests plus connects that failed
  double accepted_rate = 0;  // 1/s: answered without error
  double connections = 0;    // mean, open at the entry
  double in_flight = 0;      // mean, at the entry
};

struct Mark {
  uint64_t time = 0;
  std::string text;
  bool step = false;  // a step begins here
};

// Something that happened while it ran.
struct RunEvent {
  uint64_t time_ns = 0;
  schema::EventKind kind = schema::EventKind::kMark;
  std::string service;
  std::string instance;
  std::string text;
};

// The verdict that was shown from `from` on.
struct VerdictSpan {
  uint64_t from = 0;
  uint64_t to = 0;
  analysis::Verdict verdict = analysis::Verdict::kUnknownCause;
  std::string bottleneck;  // service; empty unless kBottleneck
  std::string fault;       // analysis::Name(FaultClass); empty unless kBottleneck
  double confidence = 0;
  std::string sentence;
};

// A load generator's own report, whatever tool it came from. Durations in microseconds; what the
// tool does not say is kUnknown or empty.
struct LoadgenReport {
  std::string tool;    // "wrk", "hey", "k6", "jmeter", "locust", "vegeta", "ab", "shop"
  std::string file;    // name it was given under
  uint64_t begin = 0;  // unix seconds; 0: the report does not say
  uint64_t end = 0;
  double duration_s = analysis::kUnknown;
  double requests = analysis::kUnknown;  // completed, errors included
  double errors = analysis::kUnknown;    // completed with an error, or not at all
  double connect_errors = analysis::kUnknown;
  double timeouts = analysis::kUnknown;
  double rate = analysis::kUnknown;  // 1/s
  double bytes = analysis::kUnknown;
  double users = analysis::kUnknown;    // connections or virtual users
  double dropped = analysis::kUnknown;  // iterations an open-loop generator could not start
  double mean_us = analysis::kUnknown;
  double max_us = analysis::kUnknown;
  std::vector<std::pair<double, double>> quantiles_us;  // (0.95, us), ascending
  ExpHistogram latency;                                 // us; empty: the tool gives no samples
  bool open_loop = false;                               // sends by the clock, not after the answer
  std::vector<std::pair<std::string, uint64_t>> error_kinds;
  std::vector<std::string> notes;  // what reading it left out
};

struct RunInfo {
  std::string id;  // "20261123-102233-7f3a": [0-9a-z-], at most 40 bytes
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;  // sorted by key
  std::string notes;
  RunState state = RunState::kRunning;
  Origin origin = Origin::kManual;
  uint64_t begin = 0;
  uint64_t end = 0;                            // 0 while it runs
  std::string generator;                       // service that makes the load; empty: not known
  bool joined_late = false;                    // the load was there before panoscope
  std::optional<analysis::Limits> objectives;  // none: the limits are the objectives
  analysis::Limits limits;                     // in force at its end
  std::vector<Step> steps;
  std::vector<Mark> marks;
  std::vector<RunEvent> events;
  std::vector<VerdictSpan> verdicts;
  std::vector<LoadgenReport> loadgen;
  std::vector<std::pair<std::string, uint64_t>> losses;  // of the agents and here, in the run
  std::vector<std::string> doubts;                       // "12 s were not watched"
  std::string host;
  std::string version;  // of panoscope
  std::string tier;     // of capture

  const analysis::Limits& judged_by() const { return objectives ? *objectives : limits; }
};

// Bounds: what is beyond them is left out and said in `doubts`.
inline constexpr size_t kMaxName = 200;
inline constexpr size_t kMaxNotes = 20'000;
inline constexpr size_t kMaxLabels = 50;
inline constexpr size_t kMaxMarks = 500;
inline constexpr size_t kMaxSteps = 100;
inline constexpr size_t kMaxRunEvents = 2000;
inline constexpr size_t kMaxVerdicts = 1000;
inline constexpr size_t kMaxReports = 20;

}  // namespace pano::run
