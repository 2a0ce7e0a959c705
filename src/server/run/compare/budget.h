// SPDX-License-Identifier: Apache-2.0
// in: a budget document, a Comparison  out: what went over
// {"latency_p95":"+10%", "services":{"cart":{"error_share":"+0.1%"}},
//  "edges":{"frontend > cart":{"latency_p99":"50ms"}}}: the top level is for every service; what is
// named overrules it. "+10%": relative growth (of shares: points); "+5ms", "+0.2": absolute growth;
// without a sign: the most b may be; null: none.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/run/compare/compare.h"

namespace pano::run {

struct Budget {
  bool edge = false;
  std::string client;   // edges
  std::string service;  // edges: the server; empty: every service
  CompareMetric metric = CompareMetric::kLatencyP95;
  enum class Kind : uint8_t { kRelative, kGrowth, kCeiling, kNone } kind = Kind::kRelative;
  double value = 0;
  std::string text;  // as written
};

// kInvalid names the place.
Result<std::vector<Budget>> ParseBudgets(const nlohmann::json& document);

struct BudgetResult {
  size_t subject = 0;  // of Comparison::subjects
  CompareMetric metric = CompareMetric::kLatencyP95;
  std::string budget;
  bool over = false;
  bool undecided = false;  // it would be over, but all services changed alike
  std::string text;
};

// Growth is over its budget when the point estimate is and the change is significant; a ceiling
// when b is above it. Those over come first, then the undecided.
std::vector<BudgetResult> JudgeBudgets(const std::vector<Budget>& budgets,
                                       const Comparison& comparison, double alpha);

}  // namespace pano::run
