// SPDX-License-Identifier: Apache-2.0
// in: Question  out: Localisation: who is to blame, most likely first, and why
// The live map has both sides of every call and knows its limits (server/analysis/diagnose.h); this
// works with whatever series there are and judges each by its own past. Pure and deterministic.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/analysis/diagnose.h"
#include "server/analysis/localise/question.h"

namespace pano::analysis {

struct Cause {
  uint32_t node = kNoNode;
  double score = 0;  // 0..1; causes are sorted by it
  FaultClass fault = FaultClass::kUnclear;
  double confidence = 0;  // 0..1: that this node is the cause
  std::vector<std::string> evidence;
  std::vector<uint32_t> path;  // from the entry or the target to the node
};

struct Localisation {
  Verdict verdict = Verdict::kUnknownCause;
  std::string sentence;
  double confidence = 0;
  std::vector<Cause> causes;       // none with kNone; else at least five, if there are five nodes
  std::vector<std::string> notes;  // what was assumed or could not be used
};
inline constexpr size_t kMaxCauses = 20;
inline constexpr size_t kMinCauses = 5;

// `question` must be normalised (question.h). Names in the answer are indices into question.nodes.
Localisation Localise(const Question& question);

}  // namespace pano::analysis
