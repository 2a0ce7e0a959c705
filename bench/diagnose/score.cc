// SPDX-License-Identifier: Apache-2.0
#include "bench/diagnose/score.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "bench/diagnose/rivals.h"
#include "server/analysis/localise/localise.h"

namespace pano::bench {
namespace {

using analysis::FaultClass;

bool FitsClass(Fault fault, FaultClass said) {
  switch (fault) {
    case Fault::kNone:
      return false;
    case Fault::kCpuHog:
    case Fault::kThrottle:
    case Fault::kSurge:
      return said == FaultClass::kCpuSaturated || said == FaultClass::kCpuThrottled;
    case Fault::kLock:
    case Fault::kPool:
    case Fault::kDelay:
      return said == FaultClass::kOwnTime;
    case Fault::kErrors:
      return said == FaultClass::kErrorOrigin;
    case Fault::kRetryStorm:
      return said == FaultClass::kRetryStorm || said == FaultClass::kErrorOrigin;
    case Fault::kRefused:
      return said == FaultClass::kRefused;
    case Fault::kLoss:
    case Fault::kAcceptQueue:
      return said == FaultClass::kNetworkLoss || said == FaultClass::kAcceptQueue;
    case Fault::kOutside:
      return said == FaultClass::kSlowDependencyOutside || said == FaultClass::kOwnTime;
    case Fault::kClientLimit:
      return said == FaultClass::kClientLimit || said == FaultClass::kCpuThrottled;
    case Fault::kDemandDrop:
      return said == FaultClass::kDemandDrop;
    case Fault::kMemory:
      return said == FaultClass::kMemory || said == FaultClass::kCpuSaturated;
  }
  return false;
}

// Place of the best-placed truth; a large number where it is not listed.
size_t PlaceOf(const std::vector<std::string>& truth, const std::vector<std::string>& ranked) {
  for (size_t i = 0; i < ranked.size(); ++i) {
    if (std::ranges::find(truth, ranked[i]) != truth.end()) return i;
  }
  return 1000;
}

size_t PlaceOf(const Case& asked, const std::vector<uint32_t>& order) {
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min<size_t>(order.size(), 5); ++i) {
    names.push_back(asked.question.nodes[order[i]]);
  }
  return PlaceOf(asked.truth, names);
}

double Percent(size_t part, size_t all) {
  return all == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(all);
}

}  // namespace

void Hits::Add(const Hits& o) {
  cases += o.cases;
  first += o.first, third += o.third, fifth += o.fifth;
  named += o.named, named_wrong += o.named_wrong, class_right += o.class_right;
  deviation_first += o.deviation_first, deviation_third += o.deviation_third;
  deepest_first += o.deepest_first, deepest_third += o.deepest_third;
}

Outcome Ask(const Case& asked) {
  Outcome out;
  const auto begin = std::chrono::steady_clock::now();
  const analysis::Localisation answer = analysis::Localise(asked.question);
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  out.sentence = answer.sentence;
  out.confidence = answer.confidence;
  for (const analysis::Cause& c : answer.causes) {
    if (out.ranked.size() < 5) out.ranked.push_back(asked.question.nodes[c.node]);
  }
  Hits& h = out.hits;
  h.cases = 1;
  const size_t place = PlaceOf(asked.truth, out.ranked);
  h.first = place < 1, h.third = place < 3, h.fifth = place < 5;
  h.named = answer.verdict == analysis::Verdict::kBottleneck;
  h.named_wrong = h.named && !h.first;
  if (h.first) {
    h.class_right = std::ranges::any_of(
        asked.faults, [&](Fault f) { return FitsClass(f, answer.causes.front().fault); });
  }
  const size_t deviation = PlaceOf(asked, ByLargestDeviation(asked.question));
  h.deviation_first = deviation < 1, h.deviation_third = deviation < 3;
  const size_t deepest = PlaceOf(asked, ByDeepestAbnormal(asked.question));
  h.deepest_first = deepest < 1, h.deepest_third = deepest < 3;
  return out;
}

void PrintTable(const std::string& title, const std::map<std::string, Hits>& rows) {
  fmt::print(
      "| {:<22} | cases | top 1 | top 3 | top 5 | named, of it wrong | class | deviation "
      "1 / 3 | deepest 1 / 3 |\n|---|---|---|---|---|---|---|---|---|\n",
      title);
  for (const auto& [name, h] : rows) {
    fmt::print(
        "| {:<22} | {:>5} | {:>4.0f}% | {:>4.0f}% | {:>4.0f}% | {:>4.0f}%, {:>4.1f}% | "
        "{:>4.0f}% | {:>3.0f}% / {:>3.0f}% | {:>3.0f}% / {:>3.0f}% |\n",
        name, h.cases, Percent(h.first, h.cases), Percent(h.third, h.cases),
        Percent(h.fifth, h.cases), Percent(h.named, h.cases), Percent(h.named_wrong, h.named),
        Percent(h.class_right, h.first), Percent(h.deviation_first, h.cases),
        Percent(h.deviation_third, h.cases), Percent(h.deepest_first, h.cases),
        Percent(h.deepest_third, h.cases));
  }
  fmt::print("\n");
}

}  // namespace pano::bench
