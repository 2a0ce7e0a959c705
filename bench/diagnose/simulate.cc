// SPDX-License-Identifier: Apache-2.0
#include "bench/diagnose/simulate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <queue>

#include "bench/diagnose/simulated_node.h"
#include "bench/diagnose/strike.h"

namespace pano::bench {
namespace {

constexpr double kNetwork = 0.0002;  // seconds, one way
constexpr uint32_t kNobody = std::numeric_limits<uint32_t>::max();
constexpr uint16_t kDeepest = 40;        // calls within calls
constexpr size_t kMostOpen = 400000;     // requests in progress; more are turned away
constexpr double kConnectPerCall = 0.1;  // share of calls that need a new connection
constexpr double kHeldBack = 0.05;       // waiting for CPU longer than that is being held back

enum class What : uint8_t { kUser, kArrive, kReady, kReply, kTimeout, kFault };

struct Event {
  double time;
  uint64_t order;
  What what;
  uint32_t span;
  uint32_t generation;
  bool operator<(const Event& o) const { return time != o.time ? time > o.time : order > o.order; }
};

struct Request {
  uint32_t node = 0;
  uint32_t parent = kNobody;
  uint32_t call = kNobody;  // index of the call record; kNobody: of a user
  uint32_t generation = 0;
  double sent = 0;
  double arrived = 0;
  uint16_t next_call = 0;
  uint16_t open = 0;
  uint16_t depth = 0;
  int8_t retries = 0;
  bool optional = false;
  bool failed = false;
  bool working = false;  // holds a worker
  bool is_user = false;
};

class Simulator {
 public:
  Simulator(const SystemSpec& spec, const std::vector<FaultSpec>& faults, const Plan& plan,
            uint64_t seed)
      : spec_(spec), faults_(faults), plan_(plan), random_(seed) {
    nodes_.resize(spec.services.size());
    record_.nodes.resize(nodes_.size());
    first_call_.resize(nodes_.size());
    for (size_t i = 0; i < nodes_.size(); ++i) {
      nodes_[i].workers = spec.services[i].workers;
      nodes_[i].SetCores(spec.services[i].cores, now_);
      first_call_[i] = record_.calls.size();
      for (const CallSpec& c : spec.services[i].calls) record_.calls.push_back({i, c.callee, {}});
    }
    present_.resize(record_.calls.size());
    connects_.resize(record_.calls.size());
  }

  Recording Run() {
    warm_ = static_cast<double>(plan_.warm_up) * plan_.step_s;
    const size_t total = plan_.warm_up + plan_.intervals;
    if (spec_.closed) {
      const double users = std::max(1.0, spec_.rate * (spec_.think_s + 0.15));
      for (size_t u = 0; u < static_cast<size_t>(users + 0.5); ++u) {
        At(random_.Uniform() * spec_.think_s, What::kUser, kNobody);
      }
    } else {
      At(random_.Exponential(1 / spec_.rate), What::kUser, kNobody);
    }
    At(warm_ + plan_.fault_at, What::kFault, kNobody);
    size_t interval = 0;
    while (!events_.empty() && interval < total) {
      const Event event = events_.top();
      events_.pop();
      for (; interval < total && event.time >= plan_.step_s * static_cast<double>(interval + 1);
           ++interval) {
        EndInterval(interval >= plan_.warm_up, plan_.step_s * static_cast<double>(interval + 1));
      }
      now_ = event.time;
      Handle(event);
    }
    return std::move(record_);
  }

 private:
  void At(double time, What what, uint32_t span) {
    const uint32_t generation = span == kNobody ? 0 : requests_[span].generation;
    events_.push({time, order_++, what, span, generation});
  }

  void Handle(const Event& event) {
    if (event.span != kNobody && requests_[event.span].generation != event.generation) return;
    switch (event.what) {
      case What::kUser:
        return UserAsks();
      case What::kFault:
        return Strike();
      case What::kArrive:
        return Arrive(event.span);
      case What::kReady:
        return Ready(event.span);
      case What::kReply:
        return Reply(event.span, !requests_[event.span].failed);
      case What::kTimeout:
        return TimeOut(event.span);
    }
  }

  uint32_t New(uint32_t node, uint32_t parent, uint32_t call, uint16_t depth) {
    uint32_t at = 0;
    if (!free_.empty()) {
      at = free_.back();
      free_.pop_back();
    } else {
      at = static_cast<uint32_t>(requests_.size());
      requests_.emplace_back();
    }
    const uint32_t generation = requests_[at].generation;
    requests_[at] = Request{};
    requests_[at].generation = generation;
    requests_[at].node = node;
    requests_[at].parent = parent;
    requests_[at].call = call;
    requests_[at].depth = depth;
    requests_[at].sent = now_;
    ++open_;
    return at;
  }

  void Release(uint32_t span) {
    ++requests_[span].generation;
    free_.push_back(span);
    --open_;
  }

  double Rate() const {
    const double day = 2 * std::numbers::pi * (now_ - warm_) / plan_.day_s;
    return spec_.rate * demand_ * (1 + spec_.swing * std::sin(day));
  }

  void UserAsks() {
    if (!spec_.closed) At(now_ + random_.Exponential(1 / Rate()), What::kUser, kNobody);
    if (open_ >= kMostOpen) return;
    // A user who stays away thinks longer.
    if (spec_.closed && demand_ < 1 && random_.Chance(1 - demand_)) {
      return At(now_ + random_.Exponential(spec_.think_s), What::kUser, kNobody);
    }
    const uint32_t span = New(0, kNobody, kNobody, 0);
    requests_[span].is_user = true;
    At(now_, What::kArrive, span);
  }

  void Arrive(uint32_t span) {
    Request& r = requests_[span];
    Node& n = nodes_[r.node];
    r.arrived = now_;
    n.Level(+1, now_);
    if (n.busy < n.workers) return Start(span);
    n.waiting.push_back(span);
  }

  void Start(uint32_t span) {
    Request& r = requests_[span];
    Node& n = nodes_[r.node];
    const ServiceSpec& s = spec_.services[r.node];
    ++n.busy;
    r.working = true;
    const double failing = std::max(s.failing, n.trouble.failing);
    r.failed = failing > 0 && random_.Chance(failing);
    double work = s.work_s * std::exp(s.spread * random_.Normal()) * n.trouble.work;
    if (r.failed) work *= 0.5;
    auto free = std::ranges::min_element(n.cpu_free);
    const double start = std::max(now_, *free);
    const double speed = n.speed * (1 - std::min(n.trouble.burn, 0.95));
    const double end = start + work / speed;
    *free = end;
    n.used += work;
    if (end - now_ > work + kHeldBack) n.held += work;
    double ready = end;
    if (s.sleep_s > 0) ready += random_.Exponential(s.sleep_s);
    if (n.trouble.lock_s > 0) {
      n.lock_free = std::max(n.lock_free, ready) + random_.Exponential(n.trouble.lock_s);
      ready = n.lock_free;
    }
    if (n.trouble.delay_share > 0 && random_.Chance(n.trouble.delay_share)) {
      ready += n.trouble.delay_s * random_.Between(0.7, 1.3);
    }
    At(ready, What::kReady, span);
  }

  void Ready(uint32_t span) {
    if (requests_[span].failed) return Finish(span);
    NextCalls(span);
  }

  void NextCalls(uint32_t span) {
    const uint32_t node = requests_[span].node;
    const auto& calls = spec_.services[node].calls;
    while (requests_[span].next_call < calls.size()) {
      const size_t at = requests_[span].next_call++;
      const CallSpec& c = calls[at];
      const bool deep = requests_[span].depth >= kDeepest || open_ >= kMostOpen;
      if (deep || !random_.Chance(c.chance)) continue;
      if (c.async) {
        Send(span, at, true, 0);
        continue;
      }
      ++requests_[span].open;
      Send(span, at, false, Retries(c));
      const bool more = c.parallel && at + 1 < calls.size() && calls[at + 1].parallel;
      if (!more) return;
    }
    if (requests_[span].open == 0) Finish(span);
  }

  int Retries(const CallSpec& c) const {
    return std::max(c.retries, nodes_[c.callee].trouble.extra_retries);
  }

  void Send(uint32_t parent, size_t call_at, bool async, int retries) {
    const uint32_t node = requests_[parent].node;
    const CallSpec& c = spec_.services[node].calls[call_at];
    const auto call = static_cast<uint32_t>(first_call_[node] + call_at);
    const Trouble& trouble = nodes_[c.callee].trouble;
    const uint32_t span = New(static_cast<uint32_t>(c.callee), async ? kNobody : parent, call,
                              static_cast<uint16_t>(requests_[parent].depth + 1));
    requests_[span].retries = static_cast<int8_t>(retries);
    requests_[span].optional = c.optional;
    if (trouble.refused > 0 && random_.Chance(trouble.refused)) {
      ++present_[call].connect_failures;
      requests_[span].failed = true;
      return At(now_ + 2 * kNetwork, What::kReply, span);
    }
    double way = kNetwork * (0.5 + random_.Exponential(0.5));
    const bool connects = random_.Chance(kConnectPerCall);
    if (connects) ++connects_[call], present_[call].connect_latency += 2 * way;
    if (trouble.lost > 0 && random_.Chance(trouble.lost)) {
      const double again = connects ? 1.0 : random_.Between(0.2, 0.45);
      way += again;
      if (connects) ++present_[call].retrans_syn, present_[call].connect_latency += again;
    }
    if (trouble.late_accept > 0 && random_.Chance(trouble.late_accept)) {
      const double again = random_.Chance(0.4) ? 1.0 : random_.Between(0.05, 0.5);
      way += again;
      ++connects_[call];
      present_[call].connect_latency += again;
      present_[call].retrans_syn += again == 1.0 ? 1 : 0;
    }
    At(now_ + way, What::kArrive, span);
    if (c.timeout_s > 0 && !async) At(now_ + c.timeout_s, What::kTimeout, span);
  }

  // The callee is done: its own account, and the answer on its way.
  void Finish(uint32_t span) {
    Request& r = requests_[span];
    Node& n = nodes_[r.node];
    n.latencies.push_back(static_cast<float>(now_ - r.arrived));
    n.errors += r.failed ? 1 : 0;
    n.Level(-1, now_);
    if (r.working) {
      --n.busy;
      if (!n.waiting.empty()) {
        const uint32_t next = n.waiting.front();
        n.waiting.pop_front();
        Start(next);
      }
    }
    At(now_ + kNetwork, What::kReply, span);
  }

  void Count(const Request& r, bool ok) {
    if (r.call == kNobody) return;
    CallRow& row = present_[r.call];
    ++row.requests;
    row.errors += ok ? 0 : 1;
    row.latency_avg += now_ - r.sent;
  }

  void Reply(uint32_t span, bool ok) {
    const Request r = requests_[span];
    Count(r, ok);
    Release(span);
    if (r.is_user && spec_.closed) {
      At(now_ + random_.Exponential(spec_.think_s), What::kUser, kNobody);
    }
    if (r.parent != kNobody) Answered(r, ok);
  }

  // The caller gives up; the callee works on for nobody.
  void TimeOut(uint32_t span) {
    Request& r = requests_[span];
    if (r.parent == kNobody) return;
    const Request copy = r;
    Count(copy, false);
    r.parent = kNobody;
    r.call = kNobody;
    Answered(copy, false);
  }

  void Answered(const Request& child, bool ok) {
    const uint32_t parent = child.parent;
    if (!ok && child.retries > 0) {
      const uint32_t node = requests_[parent].node;
      return Send(parent, child.call - first_call_[node], false, child.retries - 1);
    }
    Request& p = requests_[parent];
    if (!ok && !child.optional) p.failed = true;
    if (--p.open > 0) return;
    if (p.failed) return Finish(parent);
    NextCalls(parent);
  }

  void Strike() {
    const Moment at{spec_, now_, interval_begin_};
    for (const FaultSpec& f : faults_) {
      bench::Strike(f, at, nodes_[f.service], demand_, random_);
    }
    // What else happens at that time and harms nobody: a job that takes idle CPU, a cache that
    // fills.
    for (int k = 0; k < 2; ++k) {
      Node& n = nodes_[1 + random_.Below(nodes_.size() - 1)];
      if (random_.Chance(0.2)) n.idle_cpu = random_.LogBetween(0.3, 3);
      if (random_.Chance(0.2)) n.idle_memory = random_.Between(0.1, 0.8);
    }
  }

  void EndInterval(bool keep, double end) {
    const double length = plan_.step_s;
    const double struck_h = std::max(end - warm_ - plan_.fault_at, 0.0) / 3600;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      Node& n = nodes_[i];
      const double until = std::max(end, n.in_flight_since);
      n.in_flight_area += n.in_flight * (until - n.in_flight_since);
      n.in_flight_since = until;
      if (keep) record_.nodes[i].push_back(RowOf(n, spec_.services[i], length, struck_h, random_));
      n.errors = n.used = n.held = n.in_flight_area = 0;
      n.latencies.clear();
    }
    for (size_t c = 0; c < present_.size(); ++c) {
      CallRow& row = present_[c];
      row.latency_avg = row.requests > 0 ? row.latency_avg / row.requests
                                         : std::numeric_limits<double>::quiet_NaN();
      row.connect_latency = connects_[c] > 0 ? row.connect_latency / connects_[c]
                                             : std::numeric_limits<double>::quiet_NaN();
      if (keep) record_.calls[c].rows.push_back(row);
      row = {};
      connects_[c] = 0;
    }
    interval_begin_ = end;
  }

  const SystemSpec& spec_;
  const std::vector<FaultSpec>& faults_;
  const Plan& plan_;
  Random random_;
  std::vector<Node> nodes_;
  std::vector<size_t> first_call_;
  std::vector<CallRow> present_;
  std::vector<double> connects_;
  std::vector<Request> requests_;
  std::vector<uint32_t> free_;
  std::priority_queue<Event> events_;
  Recording record_;
  double now_ = 0;
  double warm_ = 0;
  double interval_begin_ = 0;
  double demand_ = 1;
  uint64_t order_ = 0;
  size_t open_ = 0;
};

}  // namespace

Recording Simulate(const SystemSpec& spec, const std::vector<FaultSpec>& faults, const Plan& plan,
                   uint64_t seed) {
  return Simulator(spec, faults, plan, seed).Run();
}

}  // namespace pano::bench
