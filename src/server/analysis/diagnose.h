// SPDX-License-Identifier: Apache-2.0
// in: analysis::Input, Limits  out: Diagnosis
// Names the bottleneck: follows waiting time, errors and failed connects from where they hurt to
// where they are made, and says why it thinks so. Pure and deterministic: same input, same words.
// docs/analysis.md explains the method.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/analysis/input.h"
#include "server/analysis/limits.h"

namespace pano::analysis {

enum class Verdict : uint8_t { kNone, kBottleneck, kUnknownCause };
std::string_view Name(Verdict verdict);  // "none", "bottleneck", "unknown"

// What is wrong at a candidate.
enum class FaultClass : uint8_t {
  kUnclear,
  kCpuThrottled,           // its CPU quota holds it back
  kCpuSaturated,           // it uses all the CPU it can get, or waits for one
  kAcceptQueue,            // connections wait or are dropped before it accepts them
  kRefused,                // connections are answered with RST
  kOwnTime,                // it is slow by itself without being short of CPU: locks, pools, disk
  kSlowDependencyOutside,  // slow, and outside of what is watched
  kErrorOrigin,            // errors are made here
  kNetworkLoss,            // segments are lost on the way to it
  kMemory,                 // out of memory: processes are killed
  kClientLimit,            // the load generator itself is the limit
  kRetryStorm,             // it fails and its callers ask again and again (from files only)
  kDemandDrop,             // requests stop coming from here (from files only)
};
std::string_view Name(FaultClass fault);  // "cpu_throttled", ..., as in docs/api.md

enum class Role : uint8_t { kNone, kOrigin, kVictim };
std::string_view Name(Role role);  // "", "origin", "victim"

struct Candidate {
  uint32_t node = 0;  // id
  std::string service;
  double score = 0;       // 0..1; candidates are sorted by it
  double confidence = 0;  // 0..1
  FaultClass fault = FaultClass::kUnclear;
  std::vector<std::string> evidence;  // most telling first
  std::vector<uint32_t> path;         // node ids, entry first, this node last
  std::vector<uint32_t> path_edges;   // edge ids, one less than `path`
};

// One hop of the walk.
struct Step {
  uint32_t edge = 0;  // id
  uint32_t client = 0;
  uint32_t server = 0;
  double latency_us = kUnknown;  // p95 at the caller
  double share = 0;              // 0..1 of what the caller's own callers wait for
  std::string text;
};

// What becomes the bottleneck when this one is relieved.
struct Next {
  uint32_t node = 0;
  std::string service;
  std::string text;
};

// Demand at the entry. Failed connects hide demand: accepted falls while offered does not.
struct Demand {
  double offered = kUnknown;   // 1/s: requests plus connects that failed
  double accepted = kUnknown;  // 1/s: responses without error
  std::string text;            // empty unless worth saying
};

struct NodeRole {
  uint32_t node = 0;
  Role role = Role::kNone;
};

struct Diagnosis {
  uint64_t time = 0;
  Verdict verdict = Verdict::kUnknownCause;
  std::string sentence;  // never empty
  double confidence = 0;
  uint32_t entry = 0;  // node id; 0 when there is no node
  // Set with kBottleneck: candidates.front(). Candidates may be listed with kUnknownCause too.
  uint32_t bottleneck = 0;  // node id
  std::string bottleneck_service;
  std::vector<uint32_t> path;        // of the first candidate
  std::vector<uint32_t> path_edges;  // edge ids: on_path
  std::vector<Step> steps;
  std::vector<std::string> evidence;  // of the first candidate
  std::vector<Candidate> candidates;  // at most kMaxCandidates
  std::vector<NodeRole> roles;        // nodes over a limit, in input order
  std::vector<Next> next;             // none or one
  Demand demand;
};
inline constexpr size_t kMaxCandidates = 8;

Diagnosis Diagnose(const Input& input, const Limits& limits);

// Keeps the verdict calm for the page: another bottleneck (or none, or unknown) shows only after it
// held for `hold_seconds`; the numbers of the one shown stay fresh. Not thread safe.
class VerdictKeeper {
 public:
  explicit VerdictKeeper(uint32_t hold_seconds = 5) : hold_seconds_(hold_seconds) {}
  // Takes each second's diagnosis, answers the one to show.
  const Diagnosis& Update(Diagnosis latest);
  const Diagnosis& shown() const { return shown_; }
  // Since when (Diagnosis::time) the shown verdict stands; 0 before the first Update.
  uint64_t since() const { return since_; }

 private:
  uint32_t hold_seconds_;
  Diagnosis shown_;
  uint64_t since_ = 0;
  Verdict pending_verdict_ = Verdict::kNone;
  uint32_t pending_bottleneck_ = 0;
  uint64_t pending_since_ = 0;  // 0: nothing pending
};

}  // namespace pano::analysis
