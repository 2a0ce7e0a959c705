// SPDX-License-Identifier: Apache-2.0
#include "server/run/reconcile.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "server/analysis/words.h"
#include "server/live/metric_table.h"
#include "server/run/digest.h"
#include "server/run/load_series.h"

namespace pano::run {
namespace {

using analysis::Known;
using analysis::kUnknown;
using schema::InstanceMetric;

constexpr double kCountTolerance = 0.005;
constexpr double kRateTolerance = 0.02;
constexpr double kLatencyTolerance = 0.05;
constexpr double kLatencySlackUs = 200;  // what lies between a program and its kernel
constexpr double kSteadyInFlight = 0.25;
constexpr double kBusy = 0.9;
constexpr double kThrottled = 0.05;
constexpr double kWaiting = 200'000;  // us of run queue per second
constexpr double kMostPhantoms = 10'000;

// When the load was on: as the report says, else the stretch in which the entry was asked.
std::pair<uint64_t, uint64_t> PartOf(const LoadgenReport& report, const Snapshot& snapshot) {
  if (report.begin != 0 && report.end > report.begin && report.begin < snapshot.end() &&
      report.end > snapshot.begin()) {
    return {std::max(report.begin, snapshot.begin()), std::min(report.end, snapshot.end())};
  }
  uint64_t first = 0;
  uint64_t last = 0;
  for (const LoadPoint& p : LoadSeries(snapshot)) {
    if (p.offered <= 0) continue;
    if (first == 0) first = p.from;
    last = p.from + p.seconds;
  }
  if (first == 0) return {snapshot.begin(), snapshot.end()};
  return {first, last};
}

double QuantileIn(const LoadgenReport& report, double q) {
  for (const auto& [at, us] : report.quantiles_us) {
    if (std::abs(at - q) < 1e-9) return us;
  }
  return kUnknown;
}

struct Seen {
  live::EdgeWindow sum;
  double seconds = 0;
  LoadPoint load;
  std::vector<LoadPoint> series;
  std::set<uint32_t> generators;  // service ids
  live::WindowSet window;
};

Seen Look(const Snapshot& snapshot, uint64_t from, uint64_t to) {
  Seen out;
  out.window = snapshot.Window(from, to);
  const std::vector<uint32_t> entry = snapshot.EntryEdges();
  for (const live::EdgeEntry& e : out.window.edges) {
    if (!std::ranges::binary_search(entry, e.id)) continue;
    out.sum.AddAcross(e.window);
    out.generators.insert(e.edge.client_service);
  }
  out.seconds = out.sum.seconds;
  out.load = LoadOf(out.window, entry);
  for (const live::WindowSet& w : snapshot.Series(from, to)) out.series.push_back(LoadOf(w, entry));
  return out;
}

class Reconciler {
 public:
  Reconciler(const LoadgenReport& report, const Snapshot& snapshot)
      : report_(report), snapshot_(snapshot) {}

  Reconciliation Run() {
    std::tie(out_.from, out_.to) = PartOf(report_, snapshot_);
    seen_ = Look(snapshot_, out_.from, out_.to);
    out_.generator = snapshot_.info().generator;
    out_.offered_rate = seen_.load.known ? seen_.load.offered : kUnknown;
    out_.accepted_rate = seen_.load.known ? seen_.load.accepted : kUnknown;
    const live::EdgeCounts counts = live::CountsOf(seen_.sum);
    out_.connect_failures = counts.connect_failures;
    AddCounts(counts);
    AddLatencies();
    JudgeGenerator();
    JudgeOmission();
    Explain(counts);
    return std::move(out_);
  }

 private:
  void Add(std::string name, std::string_view unit, double reported, double seen, double relative,
           double slack) {
    ReconcileRow row{std::move(name), unit, reported, seen, kUnknown, std::nullopt};
    if (Known(reported) && Known(seen)) {
      if (reported > 0) row.difference = seen / reported - 1;
      row.agrees = std::abs(seen - reported) <= relative * reported + slack;
    }
    out_.rows.push_back(std::move(row));
  }

  void AddCounts(const live::EdgeCounts& counts) {
    // Requests under way at either end are counted by one side only.
    const double under_way = Known(report_.users) ? report_.users : 1;
    const auto requests = static_cast<double>(counts.request);
    const double errors =
        static_cast<double>(counts.client_error + counts.server_error + counts.timeout);
    // What never became a request is an error to the generator and none on the wire.
    const double unsent = Known(report_.connect_errors) ? report_.connect_errors : 0;
    Add("requests", "count", report_.requests, requests, kCountTolerance, under_way);
    Add("errors", "count",
        Known(report_.errors) ? std::max(0.0, report_.errors - unsent) : kUnknown, errors,
        kCountTolerance,
        std::max(1.0, kCountTolerance * (Known(report_.requests) ? report_.requests : 0)));
    Add("connect_errors", "count", report_.connect_errors,
        static_cast<double>(counts.connect_failures), 0.05, 1);
    const double rate = seen_.seconds > 0 ? requests / ActiveSeconds() : kUnknown;
    Add("rate", "1/s", report_.rate, rate, kRateTolerance, 0);
  }

  // The report's own duration where it has one: the first and last second are not whole.
  double ActiveSeconds() const {
    if (Known(report_.duration_s) && report_.duration_s > 0) return report_.duration_s;
    return std::max(1.0, seen_.seconds);
  }

  void AddLatencies() {
    const live::SideWindow& side = seen_.sum.Requests();
    const double count = static_cast<double>(side[schema::EdgeMetric::kRrtCount]);
    const double mean =
        count > 0 ? static_cast<double>(side[schema::EdgeMetric::kRrtSum]) / count : kUnknown;
    Add("latency_mean", "us", report_.mean_us, mean, kLatencyTolerance, kLatencySlackUs);
    for (const double q : {0.5, 0.9, 0.95, 0.99}) {
      const double seen = side.rrt.empty() ? kUnknown : side.rrt.Quantile(q);
      Add(fmt::format("latency_p{:g}", q * 100), "us", QuantileIn(report_, q), seen,
          kLatencyTolerance, kLatencySlackUs);
    }
    const double longest =
        count > 0 ? static_cast<double>(side[schema::EdgeMetric::kRrtMax]) : kUnknown;
    Add("latency_max", "us", report_.max_us, longest, kLatencyTolerance, kLatencySlackUs);
  }

  void JudgeGenerator() {
    GeneratorSaturation& s = out_.saturation;
    double threads = 0;
    for (const live::NodeEntry& n : seen_.window.nodes) {
      if (!seen_.generators.contains(n.service) || n.window.seconds <= 0) continue;
      const live::NodeWindow& w = n.window;
      s.cpu_usage =
          (Known(s.cpu_usage) ? s.cpu_usage : 0) + w[InstanceMetric::kCpuUsage] / 1e6 / w.seconds;
      if (w[InstanceMetric::kCpuQuota] > 0) s.cpu_quota = w[InstanceMetric::kCpuQuota] / 1e6;
      const double periods = w[InstanceMetric::kCpuPeriods];
      s.cpu_throttled =
          periods > 0 ? std::min(1.0, w[InstanceMetric::kCpuThrottledPeriods] / periods) : 0;
      s.run_queue_wait = w[InstanceMetric::kRunQueueWait] / w.seconds;
      threads = std::max(threads, w[InstanceMetric::kThreads]);
    }
    if (s.cpu_throttled > kThrottled) {
      s.text = fmt::format("its CPU quota held the load generator back {} of the time",
                           analysis::SayPercent(s.cpu_throttled));
    } else if (Known(s.cpu_quota) && s.cpu_usage > kBusy * s.cpu_quota) {
      s.text = "the load generator used all the CPU it may have";
    } else if (threads > 0 && s.cpu_usage > kBusy * threads) {
      s.text = fmt::format("the load generator kept {} busy: it may be the limit",
                           analysis::SayCount(threads, "thread", "threads"));
    } else if (s.run_queue_wait > kWaiting) {
      s.text = fmt::format("the load generator waited {} of each second for a CPU",
                           analysis::SayDuration(s.run_queue_wait));
    }
    if (!s.text.empty()) out_.findings.push_back(s.text);
  }

  // Mean and spread of what is in flight, bucket by bucket; answers the rates, ascending.
  std::vector<double> LookAtFlight() {
    CoordinatedOmission& o = out_.omission;
    double sum = 0;
    double squares = 0;
    std::vector<double> rates;
    for (const LoadPoint& p : seen_.series) {
      if (!p.known || p.offered <= 0) continue;
      sum += p.in_flight;
      squares += p.in_flight * p.in_flight;
      rates.push_back(p.offered);
    }
    const auto count = static_cast<double>(rates.size());
    if (count >= 3 && sum > 0) {
      o.in_flight_mean = sum / count;
      const double variance = squares / count - o.in_flight_mean * o.in_flight_mean;
      o.in_flight_spread = std::sqrt(std::max(0.0, variance)) / o.in_flight_mean;
    }
    std::ranges::sort(rates);
    return rates;
  }

  std::optional<bool> IsClosedLoop(size_t points) const {
    static const std::set<std::string, std::less<>> kClosed = {"wrk",    "hey",  "ab",
                                                               "locust", "shop", "jmeter"};
    if (report_.open_loop) return false;
    if (kClosed.contains(report_.tool)) return true;
    // k6 has both kinds: a crowd that never changes waits for its answers.
    const double spread = out_.omission.in_flight_spread;
    if (Known(spread) && points >= 10) return spread < kSteadyInFlight;
    return std::nullopt;
  }

  void JudgeOmission() {
    CoordinatedOmission& o = out_.omission;
    const std::vector<double> rates = LookAtFlight();
    o.closed_loop = IsClosedLoop(rates.size());
    if (o.closed_loop == false) {
      o.text = "it sends by the clock (open loop): its percentiles hold what waited";
    }
    if (o.closed_loop != true) return;
    const double users =
        Known(report_.users) && report_.users > 0 ? report_.users : seen_.load.connections;
    const ExpHistogram& seen = seen_.sum.Requests().rrt;
    if (!(users > 0) || rates.empty() || seen.empty()) {
      o.text =
          "it waits for each answer before it asks again (closed loop); how many users it had "
          "is not known, so what it left out is not either";
      return;
    }
    o.interval_us = users / rates[rates.size() * 9 / 10] * 1e6;
    const ExpHistogram whole = CorrectForOmission(seen, o.interval_us);
    o.p50_us = whole.Quantile(0.5);
    o.p95_us = whole.Quantile(0.95);
    o.p99_us = whole.Quantile(0.99);
    o.corrected = true;
    const double plain = seen.Quantile(0.99);
    if (o.p99_us <= plain * 1.1) {
      o.text = fmt::format(
          "it waits for each answer before it asks again (closed loop), but hardly any answer took "
          "longer than its {} between two requests: little was left out",
          analysis::SayDuration(o.interval_us));
      return;
    }
    o.text = fmt::format(
        "it waits for each answer before it asks again (closed loop): had it kept one request "
        "every {} on each of {} connections, p99 would be {} instead of {}",
        analysis::SayDuration(o.interval_us), analysis::SayNumber(users),
        analysis::SayDuration(o.p99_us), analysis::SayDuration(plain));
    out_.findings.push_back(o.text);
  }

  const ReconcileRow* Row(std::string_view name) const {
    const auto at = std::ranges::find(out_.rows, name, &ReconcileRow::name);
    return at == out_.rows.end() ? nullptr : &*at;
  }

  void Explain(const live::EdgeCounts& counts) {
    if (const ReconcileRow* r = Row("requests"); r != nullptr && r->agrees == false) {
      out_.findings.push_back(
          fmt::format("it reports {:.0f} requests, {:.0f} were seen: {}", r->reported, r->seen,
                      r->seen < r->reported ? "some did not reach the wire, or were not watched"
                                            : "others send here too, or it retried"));
    }
    if (counts.connect_failures > 0) {
      out_.findings.push_back(
          fmt::format("{} connects failed: they are load that was offered and "
                      "not taken",
                      counts.connect_failures));
    }
    if (out_.offered_rate > 0 && out_.accepted_rate < 0.98 * out_.offered_rate) {
      out_.findings.push_back(fmt::format("{}/s were offered, {}/s answered well",
                                          analysis::SayNumber(out_.offered_rate),
                                          analysis::SayNumber(out_.accepted_rate)));
    }
    if (report_.dropped > 0) {
      out_.findings.push_back(fmt::format(
          "{:.0f} iterations were dropped: it had no free user to start them", report_.dropped));
    }
    const ReconcileRow* p99 = Row("latency_p99");
    if (p99 != nullptr && p99->agrees == false && p99->reported > p99->seen) {
      out_.findings.push_back(
          "it reports longer times than the wire shows: they pass inside the load generator, or "
          "hold connects and name lookups");
    }
  }

  const LoadgenReport& report_;
  const Snapshot& snapshot_;
  Seen seen_;
  Reconciliation out_;
};

}  // namespace

ExpHistogram CorrectForOmission(const ExpHistogram& seen, double interval_us) {
  ExpHistogram out = seen;
  if (!(interval_us >= 1)) return out;
  for (const HistogramEntry& e : seen.entries()) {
    const double value = std::sqrt(HistogramLower(e.bucket) * HistogramUpper(e.bucket));
    // A longer wait than that is spread over fewer, so that the work stays bounded.
    const double step = std::max(interval_us, value / kMostPhantoms);
    for (double late = value - step; late >= step; late -= step) {
      out.Add(static_cast<uint64_t>(late), e.count);
    }
  }
  return out;
}

Reconciliation Reconcile(const LoadgenReport& report, const Snapshot& snapshot) {
  return Reconciler(report, snapshot).Run();
}

}  // namespace pano::run
