// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/links.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "server/analysis/robust.h"

namespace pano::analysis {
namespace {

constexpr double kPart = 0.15;   // of the extra waiting, from which the way matters,
constexpr double kMuch = 0.4;    // and matters in full
constexpr double kLonger = 0.3;  // the same of what the call takes usually: log1p of the ratio
constexpr double kFarLonger = 1.1;
constexpr double kClearlyMore = 0.2;  // held up all around, from which one side is to blame,
constexpr double kBeyondDoubt = 0.6;  // and is surely

constexpr std::array<Judged Signals::*, 3> kConnects = {
    &Signals::connect_latency, &Signals::connect_failures, &Signals::retrans_syn};

double ConnectTrouble(const Signals& s) {
  return std::max({s.connect_latency.up(), s.connect_failures.up(), s.retrans_syn.up()});
}

double LatencyOnTheWay(const System& system, const Call& call) {
  const Signals& view = call.view;
  const Signals& own = system.nodes[call.callee];
  if (!view.latency.has_usual || !own.latency.has_usual || !(view.wait > 0)) return 0;
  const double way = view.wait - call.share * std::max(own.wait, 0.0);
  const double usual = view.rate * view.usual_latency;
  if (!(way > 0) || !(usual > 0)) return 0;
  return view.latency.up() * SmoothStep(way / view.wait, kPart, kMuch) *
         SmoothStep(std::log1p(way / usual), kLonger, kFarLonger);
}

struct Links {
  double sum = 0;
  size_t count = 0;
};

Links Around(const System& system, uint32_t node) {
  Links links;
  for (const auto* calls : {&system.in[node], &system.out[node]}) {
    for (const uint32_t c : *calls) {
      const Call& call = system.calls[c];
      if (!call.view.latency.has_usual && !call.view.requests.has_usual) continue;
      links.sum += call.on_the_way;
      ++links.count;
    }
  }
  return links;
}

// The mean without one call; 0 without any other.
double Others(const Links& links, double one) {
  return links.count < 2 ? 0 : (links.sum - one) / static_cast<double>(links.count - 1);
}

void ExcuseCallee(System& system, uint32_t node) {
  double callees = 0;
  double all = 0;
  for (const uint32_t c : system.in[node]) {
    Call& call = system.calls[c];
    const double trouble = ConnectTrouble(call.view);
    callees += (1 - call.callers_side) * trouble;
    all += trouble;
    for (Judged Signals::* j : kConnects) (call.view.*j).strength *= 1 - call.callers_side;
  }
  if (all <= 0) return;
  for (Judged Signals::* j : kConnects) (system.nodes[node].*j).strength *= callees / all;
}

}  // namespace

void JudgeLinks(System& system) {
  for (Call& call : system.calls) {
    call.on_the_way = std::max(LatencyOnTheWay(system, call), ConnectTrouble(call.view));
  }
  std::vector<Links> links;
  links.reserve(system.nodes.size());
  for (uint32_t i = 0; i < system.nodes.size(); ++i) links.push_back(Around(system, i));
  for (Call& call : system.calls) {
    const double more =
        Others(links[call.caller], call.on_the_way) - Others(links[call.callee], call.on_the_way);
    call.callers_side = call.on_the_way * SmoothStep(more, kClearlyMore, kBeyondDoubt);
  }
  for (uint32_t i = 0; i < system.nodes.size(); ++i) ExcuseCallee(system, i);
}

double HeldUpAllAround(const System& system, uint32_t node) {
  const Links links = Around(system, node);
  return links.count < 2 ? 0 : links.sum / static_cast<double>(links.count);
}

}  // namespace pano::analysis
