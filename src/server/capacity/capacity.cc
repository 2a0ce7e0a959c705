// SPDX-License-Identifier: Apache-2.0
#include "server/capacity/capacity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/stable_order.h"
#include "server/capacity/observe.h"

namespace pano::capacity {
namespace {

using analysis::kUnknown;

constexpr double kMinResponses = 200;  // fewer do not tell what a request costs
constexpr double kMinUse = 0.05;       // of the quota; below it idling costs more than requests
constexpr double kTailToMean = 3;      // p95 over the mean of a response: exponential
constexpr double kMostUse = 0.95;      // of the quota: nothing runs well above
constexpr double kLeastUse = 0.5;
constexpr double kSameLoad = 0.9;       // as good as the target
constexpr double kMostInstances = 1e6;  // whatever load is asked about
constexpr double kSlack = 0.03;         // of an instance, not worth another one
constexpr double kSpentUse = 0.9;       // of the quota: it has no more to give
constexpr double kHeldBack = 0.5;       // of the time: its quota was used up

bool Known(double value) { return std::isfinite(value); }

struct Evidence {
  const Observed* stretch = nullptr;
  const Served* served = nullptr;
};

// The stretch that tells most about a service's cost: the one it worked hardest in.
Evidence BusiestOf(const std::vector<Observed>& all, std::string_view service) {
  Evidence best;
  double most = -1;
  for (const Observed& o : all) {
    const Served* s = o.Find(service);
    if (!s || !Known(s->cpu) || s->responses < kMinResponses) continue;
    const double use = Known(s->quota) ? s->cpu / s->quota : s->cpu;
    if (use > most) {
      most = use;
      best = {&o, s};
    }
  }
  return best;
}

// Its callers waited too long while its own CPU was used up: not for what it calls itself.
bool Overwhelmed(const Served& s) {
  if (s.within_limits || !Known(s.cpu) || !Known(s.quota)) return false;
  return s.cpu >= kSpentUse * s.quota || s.throttled >= kHeldBack;
}

// The stretch whose call pattern failures bent least.
const Observed& CleanestOf(const std::vector<Observed>& all) {
  return *std::ranges::max_element(
      all, {}, [](const Observed& o) { return o.answered > 0 ? o.good / o.answered : 0; });
}

// Mean of the blocks and its 90 % interval (Student's t, normal beyond 30 blocks).
Estimate MeanOf(const std::vector<double>& blocks) {
  Estimate out;
  const auto n = static_cast<double>(blocks.size());
  if (blocks.size() < 2) return out;
  double mean = 0;
  for (const double b : blocks) mean += b / n;
  double variance = 0;
  for (const double b : blocks) variance += (b - mean) * (b - mean) / (n - 1);
  constexpr std::array<double, 8> kStudent{6.31, 2.92, 2.35, 2.13, 2.02, 1.94, 1.89, 1.86};
  const double t = blocks.size() <= kStudent.size() + 1 ? kStudent[blocks.size() - 2] : 1.75;
  const double half = t * std::sqrt(variance / n);
  return {mean, std::max(mean - half, mean * 0.2), mean + half};
}

Estimate CostOf(const Served& served) {
  Estimate cost = MeanOf(served.cost_blocks_s);
  if (!(served.rate > 0) || !cost.known()) return {};
  cost.value = std::clamp(served.cpu / served.rate, cost.low, cost.high);
  return cost;
}

// What one instance answers while its p95 keeps `limit_s`: the quota over the cost, less the room
// that waiting needs. The mean wait of a server used to u is cost / (1 - u), its p95 three times
// it.
double MostUse(double cost_s, double quota, double limit_s) {
  if (!Known(limit_s)) return kMostUse;
  const double service_s = cost_s / quota;  // of one request on the whole quota
  return std::clamp(1 - kTailToMean * service_s / limit_s, kLeastUse, kMostUse);
}

Estimate PerInstance(const Estimate& cost, double quota, double limit_s) {
  const auto rate = [&](double c) { return MostUse(c, quota, limit_s) * quota / c; };
  return {rate(cost.value), rate(cost.high), rate(cost.low)};
}

// Requests to the service per request of the entry. A failed request may have stopped asking on its
// way (then those that went well tell) or have asked all it would (then all do): between the two.
Estimate VisitsOf(const Observed& o, const Served& served) {
  Estimate out;
  if (!(o.answered > 0)) return out;
  out.low = served.asked / o.answered;
  out.high = served.asked / std::max(o.good, 0.25 * o.answered);
  out.value = std::sqrt(out.low * out.high);
  return out;
}

// The entry's rate under the target when nothing is slow: of users X = N / (Z + R).
Estimate EntryRate(const Observed& o, const Target& target, double& think_s) {
  if (target.rate) return {*target.rate, *target.rate, *target.rate};
  Estimate out;
  if (!target.users || !Known(o.users)) return out;
  think_s = std::max(0.0, o.users / o.answered - o.latency_s);
  const double limit = Known(o.limit_s) ? o.limit_s : o.latency_s;
  const double calm = std::min(o.latency_s, 0.25 * limit);
  const auto rate = [&](double wait) { return *target.users / std::max(think_s + wait, 1e-6); };
  return {rate(calm), rate(std::min(o.latency_s, limit)), rate(0.25 * calm)};
}

uint32_t Instances(double demand, double per_instance) {
  const double exact = std::ceil(demand / per_instance - kSlack);
  return exact >= 1 ? static_cast<uint32_t>(std::min(exact, kMostInstances)) : 1;
}

std::string SayNeed(const ServicePlan& p, uint32_t too_few) {
  if (p.needed == 0) return fmt::format("{}: not enough data", p.service);
  std::string out = fmt::format("{}: {} instance{}", p.service, p.needed, p.needed == 1 ? "" : "s");
  if (p.needed_low != p.needed_high) out += fmt::format(" ({} to {})", p.needed_low, p.needed_high);
  if (p.needed != p.replicas) out += fmt::format(", it has {}", p.replicas);
  if (p.basis == Basis::kMeasured) return out + "; measured at this load";
  if (too_few > 0) out += fmt::format("; {} {} too few", too_few, too_few == 1 ? "was" : "were");
  return out +
         fmt::format("; one answers {:.0f}/s at {:.1f} ms of CPU a request, {:.0f}/s are asked",
                     p.per_instance.value, p.cost_ms.value, p.demand.value);
}

std::string SayThousands(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  for (auto at = static_cast<ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) digits.insert(at, ",");
  return digits;
}

class Planner {
 public:
  Planner(const std::vector<Stretch>& stretches, const analysis::Limits& limits,
          const Target& target) {
    for (const Stretch& s : stretches) {
      Observed o = Observe(s, limits);
      if (o.known) all_.push_back(std::move(o));
    }
    plan_.target = target;
  }

  Plan Make() {
    if (all_.empty()) {
      plan_.sentence = "Not enough data: no load was seen at the entry.";
      return std::move(plan_);
    }
    ChooseTarget();
    plan_.entry_rate = EntryRate(CleanestOf(all_), plan_.target, plan_.think_s);
    std::set<std::string> names;
    for (const Observed& o : all_) {
      for (const Served& s : o.services) names.insert(s.service);
    }
    for (const std::string& name : names) plan_.services.push_back(PlanOf(name));
    SayNext();
    Sort();
    Say();
    return std::move(plan_);
  }

 private:
  void ChooseTarget() {
    if (plan_.target.users || plan_.target.rate) return;
    double users = 0;
    double rate = 0;
    for (const Observed& o : all_) {
      if (Known(o.users)) users = std::max(users, o.users);
      rate = std::max(rate, o.asked);
    }
    if (users > 0) {
      plan_.target.users = users;
    } else {
      plan_.target.rate = rate;
    }
  }

  bool AtTarget(const Observed& o) const {
    if (plan_.target.users) return Known(o.users) && o.users >= kSameLoad * *plan_.target.users;
    return o.good >= kSameLoad * *plan_.target.rate;
  }

  bool AskedAtMostTarget(const Observed& o) const {
    if (plan_.target.users) return Known(o.users) && o.users <= *plan_.target.users / kSameLoad;
    return o.asked <= *plan_.target.rate / kSameLoad;
  }

  // Replicas of the smallest set-up that carried the target within every limit; 0: none did.
  uint32_t Carried(std::string_view service) const {
    uint32_t fewest = 0;
    for (const Observed& o : all_) {
      const Served* s = o.Find(service);
      if (!s || !o.within_limits || !AtTarget(o)) continue;
      if (fewest == 0 || s->replicas < fewest) fewest = s->replicas;
    }
    return fewest;
  }

  // Replicas of the largest set-up that was seen to be too small for the target; 0: none was.
  uint32_t FellShort(std::string_view service) const {
    uint32_t most = 0;
    for (const Observed& o : all_) {
      const Served* s = o.Find(service);
      if (s && Overwhelmed(*s) && AskedAtMostTarget(o)) most = std::max(most, s->replicas);
    }
    return most;
  }

  ServicePlan PlanOf(const std::string& name) {
    ServicePlan p;
    p.service = name;
    for (const Observed& o : all_) {
      if (const Served* s = o.Find(name)) {
        p.replicas = s->replicas;
        p.rate = s->rate;
        if (Known(s->quota) && s->quota > 0) p.utilisation = s->cpu / s->quota;
      }
    }
    FitCurve(p);
    const Observed& clean = CleanestOf(all_);
    if (const Served* s = clean.Find(name)) {
      p.visits = VisitsOf(clean, *s);
      if (plan_.entry_rate.known()) {
        p.demand = {p.visits.value * plan_.entry_rate.value, p.visits.low * plan_.entry_rate.low,
                    p.visits.high * plan_.entry_rate.high};
      }
    }
    Predict(p);
    const uint32_t carried = Carried(name);
    // What was seen to be too small is worth more than the arithmetic, what was seen to do is too.
    uint32_t few = FellShort(name);
    if (p.needed == 0 || (carried > 0 && few >= carried)) few = 0;
    if (few > 0) {
      p.needed = std::max(p.needed, few + 1);
      p.needed_low = std::max(p.needed_low, few + 1);
      p.needed_high = std::max(p.needed_high, p.needed);
    }
    if (carried > 0) {
      const uint32_t predicted = p.needed;
      p.basis = Basis::kMeasured;
      p.needed = predicted == 0 ? carried : std::min(predicted, carried);
      if (predicted != 0 && predicted < carried) p.basis = Basis::kPredicted;
      p.needed_high = carried;
      p.needed_low = p.needed_low == 0 ? 1 : std::min(p.needed_low, p.needed);
    }
    p.text = SayNeed(p, few);
    return p;
  }

  // Where one instance bends, from every second of every stretch.
  void FitCurve(ServicePlan& p) const {
    std::vector<LoadPoint> points;
    for (const Observed& o : all_) {
      const Served* s = o.Find(p.service);
      if (s && s->waited_for) points.insert(points.end(), s->points.begin(), s->points.end());
    }
    p.curve = FitScalability(std::move(points));
  }

  void Predict(ServicePlan& p) const {
    bool idle = false;  // most of its CPU went into being there: requests cost less than it looks
    const Evidence e = BusiestOf(all_, p.service);
    if (e.served) {
      const Estimate cost = CostOf(*e.served);
      if (cost.known()) {
        p.cost_ms = {cost.value * 1e3, cost.low * 1e3, cost.high * 1e3};
        if (Known(e.served->quota)) {
          p.per_instance =
              PerInstance(cost, e.served->quota / e.served->replicas, e.served->limit_s);
          idle = e.served->cpu < kMinUse * e.served->quota;
        }
      }
    }
    // Without a CPU limit only a bend that was seen tells where it ends.
    if (!p.per_instance.known() && p.curve) {
      const double best = p.curve->best;
      p.per_instance = {0.9 * best, 0.75 * best, best};
    }
    if (!p.per_instance.known()) return;
    if (p.visits.known() && p.visits.value > 0) {
      p.entry_limit = p.per_instance.value * p.replicas / p.visits.value;
    }
    if (!p.demand.known()) return;
    if (idle && Instances(p.demand.value, p.per_instance.value) > 1) return;
    p.basis = Basis::kPredicted;
    p.needed = Instances(p.demand.value, p.per_instance.value);
    p.needed_low = std::min(p.needed, Instances(p.demand.low, p.per_instance.high));
    p.needed_high = std::max(p.needed, Instances(p.demand.high, p.per_instance.low));
  }

  // Everybody has what the target needs: whose limit comes first?
  void SayNext() {
    double lowest = kUnknown;
    for (const ServicePlan& p : plan_.services) {
      if (!p.per_instance.known() || !(p.visits.value > 0)) continue;
      const double limit = p.per_instance.value * std::max(p.needed, p.replicas) / p.visits.value;
      if (Known(lowest) && lowest <= limit) continue;
      lowest = limit;
      plan_.next = p.service;
    }
    if (Known(lowest) && plan_.entry_rate.known() && plan_.entry_rate.value > 0) {
      plan_.headroom = lowest / plan_.entry_rate.value - 1;
    }
  }

  void Sort() {
    const auto rank = [](const ServicePlan& p) {
      const bool more = p.needed > p.replicas;
      return std::pair(more ? 0 : 1, Known(p.entry_limit) ? p.entry_limit : HUGE_VAL);
    };
    StableOrder(plan_.services, [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  }

  void Say() {
    const std::string load = plan_.target.users
                                 ? fmt::format("{} users", SayThousands(*plan_.target.users))
                                 : fmt::format("{} requests/s", SayThousands(*plan_.target.rate));
    std::vector<std::string> parts;
    size_t unknown = 0;
    for (const ServicePlan& p : plan_.services) {
      if (p.needed > 1) parts.push_back(fmt::format("{} x{}", p.service, p.needed));
      if (p.needed == 0) ++unknown;
    }
    plan_.sentence = fmt::format("For {}: ", load);
    if (unknown == plan_.services.size()) {
      plan_.sentence += "not enough data.";
    } else {
      plan_.sentence += parts.empty() ? "one instance of each is enough"
                                      : fmt::format("{}", fmt::join(parts, ", "));
      if (unknown > 0) {
        plan_.sentence +=
            fmt::format("; not enough data on {} service{}", unknown, unknown == 1 ? "" : "s");
      }
      plan_.sentence += ".";
    }
    if (plan_.next.empty() || !Known(plan_.headroom)) return;
    plan_.sentence += fmt::format(" Next to saturate is {}, at {:+.0f} % load.", plan_.next,
                                  100 * plan_.headroom);
  }

  std::vector<Observed> all_;
  Plan plan_;
};

}  // namespace

std::string_view Name(Basis basis) {
  constexpr std::array<std::string_view, 3> kNames{"not_enough_data", "predicted", "measured"};
  return kNames[static_cast<size_t>(basis)];
}

Plan PlanCapacity(const std::vector<Stretch>& stretches, const analysis::Limits& limits,
                  const Target& target) {
  return Planner(stretches, limits, target).Make();
}

}  // namespace pano::capacity
