// SPDX-License-Identifier: Apache-2.0
#include "server/run/compare/compare_shared.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "server/analysis/robust.h"

namespace pano::run {
namespace {

constexpr size_t kLeastServices = 8;  // fewer cannot agree by less than a chance of one in 100
constexpr double kAlikeP = 0.01;
constexpr double kLeastShift = 0.02;   // relative; less is nothing to speak of
constexpr double kLeastRequests = 50;  // of a service, for its CPU per request

struct Whole {
  double requests = 0;
  double cpu = 0;  // cores x s
  double own = 0;  // us
};

Whole WholeOf(const Side& side) {
  Whole out;
  const Cells cells = Blocks(side.cells, side.cells.size());
  if (cells.empty()) return out;
  const Cell& c = cells.front();
  out.requests = Count(c.edge.Requests(), schema::EdgeMetric::kRequest);
  out.own = ValueOf(c, CompareMetric::kOwnTime);
  if (c.has_node) out.cpu = c.node[schema::InstanceMetric::kCpuUsage];
  return out;
}

struct Agreement {
  bool found = false;
  double shift = analysis::kUnknown;  // relative
  uint32_t alike = 0;
};

Agreement AgreementOf(const std::vector<double>& logs) {
  Agreement out;
  if (logs.size() < kLeastServices) return out;
  const double middle = analysis::Median(logs);
  out.shift = std::expm1(middle);
  out.alike = static_cast<uint32_t>(
      std::ranges::count_if(logs, [middle](double x) { return x * middle > 0; }));
  out.found = std::abs(out.shift) >= kLeastShift && SignedRankP(logs) < kAlikeP;
  return out;
}

double Score(const Difference& d) { return d.enough ? d.score : analysis::kUnknown; }

}  // namespace

void SharedNull::Add(const Side& a, const Side& b, const Differences& tests) {
  const Whole wa = WholeOf(a);
  const Whole wb = WholeOf(b);
  const bool busy = std::min(wa.requests, wb.requests) >= kLeastRequests;
  if (busy && wa.cpu > 0 && wb.cpu > 0) {
    cpu_per_request_.push_back(std::log(wb.cpu / wb.requests) - std::log(wa.cpu / wa.requests));
  }
  if (busy && wa.own > 0 && wb.own > 0) own_time_.push_back(std::log(wb.own / wa.own));
  // Not what callers wait: one slow database would move all who call it.
  const bool leaf = a.child_sum <= 0 && b.child_sum <= 0;
  const auto of = [&tests](CompareMetric m) { return Score(tests[static_cast<size_t>(m)]); };
  const double own = of(leaf ? CompareMetric::kLatencyAvg : CompareMetric::kOwnTime);
  const double cpu = of(CompareMetric::kCpuUsage);
  const double connect = of(CompareMetric::kConnectLatency);
  if (analysis::Known(own)) {
    scores_[Family::kLatency].push_back(own);
    scores_[Family::kOwn].push_back(own);
  }
  if (analysis::Known(cpu)) scores_[Family::kCpu].push_back(cpu);
  if (analysis::Known(connect)) scores_[Family::kConnect].push_back(connect);
}

void SharedNull::Settle() {
  const Agreement cpu = AgreementOf(cpu_per_request_);
  const Agreement own = AgreementOf(own_time_);
  shift_.cpu_per_request = cpu.shift;
  shift_.own_time = own.shift;
  shift_.found = cpu.found || own.found;
  if (!shift_.found) return;
  shift_.alike = cpu.found ? cpu.alike : own.alike;
  shift_.services = static_cast<uint32_t>(cpu.found ? cpu_per_request_.size() : own_time_.size());
  shift_.text = fmt::format(
      "{} of {} services changed alike, their {} by {:+.0f} %: the machine, or something they all "
      "use",
      shift_.alike, shift_.services, cpu.found ? "CPU per request" : "own time",
      (cpu.found ? cpu.shift : own.shift) * 100);
  for (const auto& [family, scores] : scores_) {
    if (scores.size() < kLeastServices) continue;
    Null& null = nulls_[family];
    null.centre = analysis::Median(scores);
    std::vector<double> apart;
    for (const double score : scores) apart.push_back(std::abs(score - null.centre));
    null.width = std::max(1.0, 1.4826 * analysis::Median(apart));  // as of a normal distribution
  }
}

double SharedNull::P(Family family, const Difference& d) const {
  const auto at = nulls_.find(family);
  if (at == nulls_.end()) return d.p;
  const double beyond = (d.score - at->second.centre) / at->second.width;
  return beyond * d.score > 0 ? StudentP(beyond, d.freedom) : 1;  // less than the others: no news
}

}  // namespace pano::run
