// SPDX-License-Identifier: Apache-2.0
#include "bench/diagnose/observe.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace pano::bench {
namespace {

using analysis::Question;
using analysis::SeriesMetric;
using enum analysis::SeriesMetric;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double Step(View view) {
  return view == View::kCoarse ? 300 : view == View::kCounts || view == View::kNoPast ? 10 : 5;
}

// What services and their callers count alike.
template <typename Row>
double CountedOf(const Row& r, SeriesMetric m) {
  switch (m) {
    case kLatencyAvg:
      return r.latency_avg;
    case kRequests:
      return r.requests;
    case kErrors:
      return r.errors;
    case kAvailability:
      return r.requests > 0 ? 1 - r.errors / r.requests : kNaN;
    default:
      return kNaN;
  }
}

double ValueOf(const NodeRow& r, SeriesMetric m) {
  switch (m) {
    case kLatencyP50:
      return r.p50;
    case kLatencyP90:
      return r.p90;
    case kLatencyP95:
      return r.p95;
    case kLatencyP99:
      return r.p99;
    case kInFlight:
      return r.in_flight;
    case kCpuUse:
      return std::max(r.cpu, 0.0);
    case kCpuThrottled:
      return r.throttled;
    case kMemoryUse:
      return std::max(r.memory, 0.0);
    default:
      return CountedOf(r, m);
  }
}

double ValueOf(const CallRow& r, SeriesMetric m) {
  switch (m) {
    case kConnectLatency:
      return r.connect_latency;
    case kConnectFailures:
      return r.connect_failures;
    case kRetransSyn:
      return r.retrans_syn;
    default:
      return CountedOf(r, m);
  }
}

std::vector<SeriesMetric> NodeMetrics(View view) {
  switch (view) {
    case View::kRich:
      return {kLatencyAvg, kLatencyP50, kLatencyP95, kLatencyP99,   kRequests,
              kErrors,     kInFlight,   kCpuUse,     kCpuThrottled, kMemoryUse};
    case View::kCounts:
      return {kLatencyAvg, kRequests, kErrors};
    case View::kCoarse:
      return {kLatencyAvg, kLatencyP50, kLatencyP90,  kLatencyP95,
              kLatencyP99, kRequests,   kAvailability};
    case View::kResource:
      return {kLatencyP50, kLatencyP90, kRequests, kErrors, kCpuUse, kMemoryUse};
    case View::kNoPast:
      return {kLatencyAvg, kRequests, kErrors, kCpuUse};
  }
  return {};
}

class Observer {
 public:
  Observer(const SystemSpec& spec, const Recording& recording,
           const std::vector<std::string>& names, const Observation& how, Random& random)
      : spec_(spec), recording_(recording), names_(names), how_(how), random_(random) {
    holes_ = how.view == View::kCoarse ? random.Between(0.01, 0.10)
             : random.Chance(0.3)      ? random.Between(0.0, 0.03)
                                       : 0;
    // Who records the load generator itself? Always where it is asked about.
    sees_users_ = how.target == 0 || random.Chance(0.5);
    // Meshes and some tracers measure a service where it is called.
    by_callers_ = how.view != View::kRich && random.Chance(0.5);
    calls_known_ = how.view != View::kResource ? 1
                   : random.Chance(0.5)        ? 0
                                               : random.Between(0.5, 1);
  }

  Question Run() {
    q_.nodes = names_;
    q_.entry = random_.Chance(0.5) || how_.target == 0 ? 0 : 1;
    q_.target = static_cast<uint32_t>(how_.target);
    q_.metric = how_.metric;
    Times();
    for (uint32_t i = 0; i < names_.size(); ++i) {
      if (!spec_.services[i].watched || (i == 0 && !sees_users_)) continue;
      for (const SeriesMetric m : NodeMetrics(how_.view)) {
        AddSeries(i, analysis::kNoNode, m, [&](size_t t) { return NodeValue(i, t, m); });
      }
    }
    for (const CallRecord& call : recording_.calls) AddCall(call);
    analysis::Normalise(q_);
    return std::move(q_);
  }

 private:
  // What all callers together see; what only the node itself can tell is its own.
  double NodeValue(size_t node, size_t t, SeriesMetric m) const {
    const NodeRow& own = recording_.nodes[node][t];
    if (!by_callers_ || node < 2) return ValueOf(own, m);
    NodeRow seen = own;
    double seconds = 0;
    seen.requests = seen.errors = 0;
    for (const CallRecord& call : recording_.calls) {
      const CallRow& row = call.rows[t];
      if (call.callee != node || row.requests <= 0) continue;
      seen.requests += row.requests;
      seen.errors += row.errors;
      seconds += row.requests * row.latency_avg;
    }
    seen.latency_avg = seen.requests > 0 ? seconds / seen.requests : kNaN;
    // The tail moves with the mean: what is added on the way is added to the slowest.
    const double more = std::max(seen.latency_avg - own.latency_avg, 0.0);
    for (double* q : {&seen.p90, &seen.p95, &seen.p99}) *q += 3 * more;
    return ValueOf(seen, m);
  }

  void Times() {
    const size_t n = recording_.nodes[0].size();
    const double start = 1.7e9 + std::floor(random_.Uniform() * 1e6) * 60;
    const bool has_past = how_.view != View::kNoPast;
    for (size_t t = 0; t < n; ++t) {
      const double time = start + Step(how_.view) * static_cast<double>(t);
      if (t < how_.incident_from) {
        (has_past ? q_.baseline : q_.incident).times.push_back(time);
      } else {
        q_.incident.times.push_back(time);
      }
    }
  }

  template <typename Value>
  void AddSeries(uint32_t node, uint32_t caller, SeriesMetric metric, Value value) {
    analysis::Series usual{node, caller, metric, {}};
    analysis::Series now = usual;
    const size_t n = recording_.nodes[0].size();
    const bool has_past = how_.view != View::kNoPast;
    for (size_t t = 0; t < n; ++t) {
      const double v = random_.Chance(holes_) ? kNaN : value(t);
      (has_past && t < how_.incident_from ? usual : now).values.push_back(v);
    }
    if (has_past) q_.baseline.series.push_back(std::move(usual));
    q_.incident.series.push_back(std::move(now));
  }

  void AddCall(const CallRecord& call) {
    const auto caller = static_cast<uint32_t>(call.caller);
    const auto callee = static_cast<uint32_t>(call.callee);
    if (caller != 0 && calls_known_ < 1 && !random_.Chance(calls_known_)) return;
    if (how_.view == View::kRich && (caller != 0 || sees_users_)) {
      for (const SeriesMetric m :
           {kLatencyAvg, kRequests, kErrors, kConnectLatency, kConnectFailures, kRetransSyn}) {
        AddSeries(callee, caller, m, [&](size_t t) { return ValueOf(call.rows[t], m); });
      }
    }
    if (how_.view == View::kCoarse && caller != 0) return AddViewed(call, caller, callee);
    q_.calls.emplace_back(caller, callee);
  }

  // Some calls have a node of their own: the callee as the caller sees it.
  void AddViewed(const CallRecord& call, uint32_t caller, uint32_t callee) {
    const bool hidden = !spec_.services[callee].watched;
    if (!hidden && !random_.Chance(0.25)) return q_.calls.emplace_back(caller, callee), void();
    const std::string& name = names_[callee];
    std::string view;
    bool chained = false;
    switch (random_.Below(4)) {
      case 0:
        view = name + "_remote";
        break;
      case 1:
        view = name.substr(0, std::min<size_t>(name.size(), 6)) + "-" +
               std::to_string(100 + random_.Below(900)) + ".lb.example.com_remote";
        break;
      case 2:
        view = name + "_client";
        chained = true;
        break;
      default:
        view = name + "_AWS::Lambda";
        chained = true;
        break;
    }
    if (hidden) view = name;  // the only name there is
    const bool there = std::ranges::find(q_.nodes, view) != q_.nodes.end();
    if (there && !hidden) return q_.calls.emplace_back(caller, callee), void();
    const auto node = hidden ? callee : static_cast<uint32_t>(q_.nodes.size());
    if (!hidden) q_.nodes.push_back(view);
    q_.calls.emplace_back(caller, node);
    if (!hidden && chained) q_.calls.emplace_back(node, callee);
    if (!hidden && !chained) q_.calls.emplace_back(caller, callee);
    if (hidden && seen_hidden_.size() > callee && seen_hidden_[callee]) return;
    seen_hidden_.resize(std::max<size_t>(seen_hidden_.size(), callee + 1));
    seen_hidden_[callee] = true;
    for (const SeriesMetric m : {kLatencyAvg, kRequests, kAvailability}) {
      AddSeries(node, analysis::kNoNode, m, [&](size_t t) { return ValueOf(call.rows[t], m); });
    }
  }

  const SystemSpec& spec_;
  const Recording& recording_;
  const std::vector<std::string>& names_;
  const Observation& how_;
  Random& random_;
  Question q_;
  double holes_ = 0;
  bool sees_users_ = true;
  double calls_known_ = 1;
  bool by_callers_ = false;
  std::vector<bool> seen_hidden_;
};

}  // namespace

std::vector<std::string> MakeNames(Random& random, size_t count) {
  constexpr std::array<std::string_view, 40> kFirst = {
      "cart",     "order",   "payment", "catalog", "search",  "user",    "profile", "stock",
      "shipping", "quote",   "mail",    "invoice", "session", "auth",    "review",  "rating",
      "advert",   "coupon",  "price",   "tax",     "ledger",  "billing", "media",   "image",
      "feed",     "comment", "friend",  "graph",   "geo",     "route",   "ticket",  "seat",
      "train",    "station", "food",    "travel",  "basic",   "config",  "token",   "audit"};
  constexpr std::array<std::string_view, 8> kSecond = {"",      "service", "api",    "db",
                                                       "cache", "store",   "worker", "gateway"};
  std::vector<std::string> names;
  while (names.size() < count) {
    std::string name(kFirst[random.Below(kFirst.size())]);
    const std::string_view second = kSecond[random.Below(kSecond.size())];
    if (!second.empty()) name += (random.Chance(0.5) ? "-" : "_") + std::string(second);
    if (count > 60 || random.Chance(0.1)) name += std::to_string(random.Below(1000));
    if (names.empty()) name = "loadgenerator";
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

analysis::Question Observe(const SystemSpec& spec, const Recording& recording,
                           const std::vector<std::string>& names, const Observation& how,
                           Random& random) {
  return Observer(spec, recording, names, how, random).Run();
}

}  // namespace pano::bench
