// SPDX-License-Identifier: Apache-2.0
#include "bench/diagnose/make_case.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "bench/diagnose/observe.h"
#include "bench/diagnose/simulate.h"

namespace pano::bench {
namespace {

using analysis::TargetMetric;

constexpr double kShowsSlow = 0.12;    // of the usual latency: less is no incident
constexpr double kShowsFailed = 0.01;  // of requests
constexpr double kShowsGone = 0.15;    // of the usual requests

struct Level {
  double latency = 0, failed = 0, requests = 0;
};

// Of the intervals of [begin, end): a change smaller than that is no alarm.
template <typename Value>
double Jitter(const std::vector<NodeRow>& rows, size_t begin, size_t end, Value value) {
  double sum = 0;
  double squares = 0;
  double count = 0;
  for (size_t t = begin; t < end; ++t) {
    if (rows[t].requests <= 0) continue;
    const double v = value(rows[t]);
    sum += v, squares += v * v, ++count;
  }
  return count < 2 ? 0 : std::sqrt(std::max(squares / count - sum * sum / count / count, 0.0));
}

Level LevelOf(const std::vector<NodeRow>& rows, size_t begin, size_t end) {
  Level level;
  double seconds = 0;
  double errors = 0;
  for (size_t t = begin; t < end; ++t) {
    if (rows[t].requests <= 0) continue;
    level.requests += rows[t].requests;
    errors += rows[t].errors;
    seconds += rows[t].requests * rows[t].latency_avg;
  }
  if (level.requests > 0) level.latency = seconds / level.requests;
  if (level.requests > 0) level.failed = errors / level.requests;
  level.requests /= static_cast<double>(std::max<size_t>(end - begin, 1));
  return level;
}

class CaseMaker {
 public:
  CaseMaker(View view, const std::vector<Fault>& faults, uint64_t seed)
      : view_(view), faults_(faults), seed_(seed), random_(seed) {}

  std::optional<Case> Make() {
    Shape();
    spec_ = MakeSystem(random_, scale_);
    spec_.swing = view_ == View::kCoarse ? random_.Between(0, 0.5) : 0;
    for (const Fault f : faults_) {
      if (f == Fault::kSurge || f == Fault::kDemandDrop) spec_.closed = false;
    }
    for (const Fault f : faults_) {
      if (!Place(f)) return std::nullopt;
    }
    Recording recording;
    bool shows = faults_.empty();
    for (int attempt = 0; attempt < 3; ++attempt) {  // harder, until somebody notices
      recording = Simulate(spec_, broken_, plan_, seed_ * 31 + 7);
      if (shows || (shows = FindTarget(recording))) break;
      for (FaultSpec& f : broken_) f.severity *= 2.2;
    }
    if (!shows) return std::nullopt;
    Case made = Finish(recording);
    if (!Occurs(made)) return std::nullopt;
    return made;
  }

 private:
  // What the file does not name nobody can find.
  static bool Occurs(const Case& made) {
    return std::ranges::all_of(made.truth, [&](const std::string& name) {
      const auto& q = made.question;
      const auto node = static_cast<uint32_t>(std::ranges::find(q.nodes, name) - q.nodes.begin());
      return std::ranges::any_of(
                 q.calls, [&](const auto& c) { return c.first == node || c.second == node; }) ||
             std::ranges::any_of(q.incident.series, [&](const auto& s) { return s.node == node; });
    });
  }

  void Shape() {
    const double size = random_.LogBetween(10, view_ == View::kCoarse ? 60 : 120);
    scale_.services =
        static_cast<size_t>(random_.Chance(0.06) ? random_.LogBetween(120, 500) : size);
    switch (view_) {
      case View::kRich:
      case View::kResource:
        plan_.step_s = 5;
        base_ = view_ == View::kRich ? 60 : 120;
        incident_ = view_ == View::kRich ? 24 : 60;
        break;
      case View::kCounts:
        plan_.step_s = 10;
        base_ = 40 + random_.Below(40);
        incident_ = 6 + random_.Below(12);
        break;
      case View::kCoarse:
        plan_.step_s = 300;
        base_ = 100 + random_.Below(100);
        incident_ = 3 + random_.Below(5);
        break;
      case View::kNoPast:
        plan_.step_s = 10;
        base_ = 15 + random_.Below(30);
        incident_ = 8 + random_.Below(20);
        break;
    }
    plan_.intervals = base_ + incident_;
    // In coarse data an incident is often cut out with a point or two before it.
    const double late = view_ == View::kCoarse ? random_.Between(0, 2) : random_.Between(0, 1);
    plan_.fault_at = plan_.step_s * (static_cast<double>(base_) + late);
    scale_.seconds = plan_.step_s * static_cast<double>(plan_.intervals);
    scale_.spans = view_ == View::kCoarse ? 500000 : 250000;
  }

  bool IsTaken(size_t service) const {
    return std::ranges::any_of(broken_, [&](const FaultSpec& f) { return f.service == service; });
  }

  bool Place(Fault fault) {
    FaultSpec spec{fault, 0, random_.LogBetween(0.7, 2)};
    if (fault == Fault::kClientLimit || fault == Fault::kDemandDrop) {
      if (IsTaken(0)) return false;
    } else if (fault == Fault::kSurge) {
      double most = 0;
      double second = 0;
      for (size_t i = 1; i < spec_.services.size(); ++i) {
        const double used = Utilisation(i);
        second = std::max(second, std::min(used, most));
        if (used > most) most = used, spec.service = i;
      }
      spec.severity = random_.Between(1.05, 1.4) / most;
      // Two that saturate at once have no single truth.
      if (second * spec.severity > 0.85 || spec.severity > 8 || IsTaken(spec.service) ||
          spec_.services[spec.service].cores < 0.02) {
        return false;
      }
    } else {
      if (!PlaceSomewhere(fault, spec)) return false;
    }
    broken_.push_back(spec);
    return true;
  }

  double Utilisation(size_t i) const {
    const ServiceSpec& s = spec_.services[i];
    return spec_.rate * spec_.visits[i] * s.work_s * std::exp(s.spread * s.spread / 2) / s.cores;
  }

  bool PlaceSomewhere(Fault fault, FaultSpec& spec) {
    for (int attempt = 0; attempt < 200; ++attempt) {
      const size_t i = 1 + random_.Below(spec_.services.size() - 1);
      if (spec_.visits[i] < 0.1 || IsTaken(i)) continue;
      ServiceSpec& s = spec_.services[i];
      if (fault == Fault::kOutside) {
        if (!s.calls.empty()) continue;
        s.watched = false;
      } else if (!s.watched) {
        continue;
      }
      if (fault == Fault::kPool && s.calls.empty() && s.sleep_s <= 0) continue;
      spec.service = i;
      return true;
    }
    return false;
  }

  // Where it shows, among the front and those who call what broke, and how.
  bool FindTarget(const Recording& recording) {
    const bool at_users = std::ranges::any_of(
        broken_, [](const FaultSpec& f) { return f.fault == Fault::kClientLimit; });
    how_.target = at_users ? 0 : 1;
    if (!at_users && random_.Chance(0.25)) {
      // Somebody in the middle complains.
      for (const CallRecord& call : recording.calls) {
        if (call.callee == broken_[0].service && call.caller > 1 && random_.Chance(0.5) &&
            spec_.services[call.caller].watched) {
          how_.target = call.caller;
          break;
        }
      }
    }
    return Shows(recording.nodes[how_.target]);
  }

  bool Shows(const std::vector<NodeRow>& rows) {
    const auto struck = static_cast<size_t>(std::ceil(plan_.fault_at / plan_.step_s));
    if (struck + 1 > rows.size()) return false;
    const Level before = LevelOf(rows, 0, base_);
    const Level after = LevelOf(rows, struck, rows.size());
    if (before.requests <= 0) return false;
    const double root = std::sqrt(static_cast<double>(rows.size() - struck));
    const auto alarm = [&](double change, auto value) {
      return change > 3 * Jitter(rows, 0, base_, value) / root;
    };
    const double slow = before.latency > 0 ? after.latency / before.latency - 1 : 0;
    const double failed = after.failed - before.failed;
    const double gone = 1 - after.requests / before.requests;
    const bool fails = alarm(failed, [](const NodeRow& r) { return r.errors / r.requests; });
    const bool slows =
        alarm(after.latency - before.latency, [](const NodeRow& r) { return r.latency_avg; });
    const bool goes =
        alarm(before.requests - after.requests, [](const NodeRow& r) { return r.requests; });
    if (fails && failed >= kShowsFailed && (failed > 0.3 * slow || slow < kShowsSlow)) {
      how_.metric = view_ == View::kCoarse ? TargetMetric::kAvailability : TargetMetric::kErrors;
      return true;
    }
    if (slows && slow >= kShowsSlow) {
      how_.metric = TargetMetric::kLatency;
      return true;
    }
    how_.metric = TargetMetric::kThroughput;
    return goes && gone >= kShowsGone;
  }

  Case Finish(const Recording& recording) {
    Case made;
    if (faults_.empty()) {
      how_.target = 1;
      constexpr std::array kAsked = {TargetMetric::kLatency, TargetMetric::kErrors,
                                     TargetMetric::kThroughput};
      how_.metric = kAsked[random_.Below(kAsked.size())];
    }
    how_.view = view_;
    how_.incident_from = base_;
    const std::vector<std::string> names = MakeNames(random_, spec_.services.size());
    made.question = Observe(spec_, recording, names, how_, random_);
    for (const FaultSpec& f : broken_) made.truth.push_back(names[f.service]);
    made.faults = faults_;
    made.view = view_;
    made.services = spec_.services.size();
    made.name = std::string(Name(view_)) + "-" + FaultName(faults_) + "-" + std::to_string(seed_);
    std::ranges::replace(made.name, ' ', '-');
    return made;
  }

  View view_;
  const std::vector<Fault>& faults_;
  uint64_t seed_;
  Random random_;
  Scale scale_;
  Plan plan_;
  SystemSpec spec_;
  std::vector<FaultSpec> broken_;
  Observation how_;
  size_t base_ = 0;
  size_t incident_ = 0;
};

}  // namespace

std::string_view Name(View view) {
  constexpr std::array<std::string_view, kViews> kNames = {"rich", "counts", "coarse", "resource",
                                                           "nopast"};
  return kNames[static_cast<size_t>(view)];
}

std::string FaultName(const std::vector<Fault>& faults) {
  if (faults.empty()) return "healthy";
  return faults.size() > 1 ? "pairs" : std::string(Name(faults[0]));
}

std::optional<Case> MakeCase(View view, const std::vector<Fault>& faults, uint64_t seed) {
  return CaseMaker(view, faults, seed).Make();
}

}  // namespace pano::bench
