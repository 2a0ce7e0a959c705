// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "server/analysis/diagnose.h"

namespace pano::analysis {

std::string_view Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNone:
      return "none";
    case Verdict::kBottleneck:
      return "bottleneck";
    case Verdict::kUnknownCause:
      return "unknown";
  }
  return "unknown";
}

std::string_view Name(FaultClass fault) {
  switch (fault) {
    case FaultClass::kUnclear:
      return "unknown";
    case FaultClass::kCpuThrottled:
      return "cpu_throttled";
    case FaultClass::kCpuSaturated:
      return "cpu_saturated";
    case FaultClass::kAcceptQueue:
      return "accept_queue";
    case FaultClass::kRefused:
      return "refused";
    case FaultClass::kOwnTime:
      return "own_time";
    case FaultClass::kSlowDependencyOutside:
      return "slow_dependency_outside";
    case FaultClass::kErrorOrigin:
      return "error_origin";
    case FaultClass::kNetworkLoss:
      return "network_loss";
    case FaultClass::kMemory:
      return "memory";
    case FaultClass::kClientLimit:
      return "client_limit";
    case FaultClass::kRetryStorm:
      return "retry_storm";
    case FaultClass::kDemandDrop:
      return "demand_drop";
  }
  return "unknown";
}

std::string_view Name(Role role) {
  switch (role) {
    case Role::kNone:
      return "";
    case Role::kOrigin:
      return "origin";
    case Role::kVictim:
      return "victim";
  }
  return "";
}

const Diagnosis& VerdictKeeper::Update(Diagnosis latest) {
  const bool first = since_ == 0;
  const bool same = latest.verdict == shown_.verdict && latest.bottleneck == shown_.bottleneck;
  // "No traffic" judges nothing: whatever follows it is news.
  const bool blank = shown_.verdict == Verdict::kUnknownCause && shown_.candidates.empty();
  if (first || same || blank) {
    if (first || !same) since_ = latest.time;
    pending_since_ = 0;
    shown_ = std::move(latest);
    return shown_;
  }
  const bool pending = pending_since_ != 0 && latest.verdict == pending_verdict_ &&
                       latest.bottleneck == pending_bottleneck_;
  if (!pending) {
    pending_verdict_ = latest.verdict;
    pending_bottleneck_ = latest.bottleneck;
    pending_since_ = latest.time;
  }
  if (latest.time >= pending_since_ + hold_seconds_) {
    since_ = pending_since_;
    pending_since_ = 0;
    shown_ = std::move(latest);
  }
  return shown_;
}

}  // namespace pano::analysis
