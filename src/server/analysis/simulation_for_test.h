// SPDX-License-Identifier: Apache-2.0
// A closed queueing system with a known fault: users with think time, services with CPU capacity,
// worker pools and calls in sequence or at once. Event by event, so that queues, starved pools and
// propagated errors are real; what an observer at the sockets would see comes out as an Input.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "server/analysis/diagnose.h"

namespace pano::analysis {

struct SimService {
  double work_s = 0.002;    // CPU seconds per request
  double capacity = 1;      // cores allowed
  size_t workers = 100000;  // requests in progress at once; the rest queue
  bool parallel = false;    // calls all at once, else one after the other
  double lock_s = 0;        // seconds under one lock per request, without CPU
  double error_share = 0;   // of requests that it fails by itself
  double refuse_share = 0;  // of calls to it that are refused
  struct Use {
    size_t server = 0;
    double chance = 1;  // per request
  };
  std::vector<Use> uses;
};

class Simulation {
 public:
  // services[0] is the load generator: `users` of them, thinking `think_s` on average in between.
  Simulation(std::vector<SimService> services, size_t users, double think_s, uint64_t seed)
      : services_(std::move(services)), nodes_(services_.size()), random_(seed), think_s_(think_s) {
    for (size_t i = 0; i < services_.size(); ++i) {
      for (const SimService::Use& use : services_[i].uses) {
        edges_.push_back({i, use.server, {}, {}});
      }
    }
    for (size_t u = 0; u < users; ++u) After(Uniform() * think_s_, [this] { UserAsks(); });
  }

  // Runs `total` seconds; the input shows the last `window` of them.
  Input Run(size_t total, size_t window) {
    from_ = total - window;
    for (SimEdge& e : edges_) {
      e.client.series.seconds.resize(window);
      e.server.series.seconds.resize(window);
    }
    for (SimNode& n : nodes_) n.seconds.resize(window);
    double tick = 1;
    while (!events_.empty()) {
      // const top(), but the closure must move out before it may push more events.
      Event event = std::move(const_cast<Event&>(events_.top()));
      events_.pop();
      for (; event.time >= tick && tick <= static_cast<double>(total); tick += 1) EndSecond(tick);
      if (event.time >= static_cast<double>(total)) break;
      now_ = event.time;
      event.run();
    }
    return Write();
  }

 private:
  using Then = std::function<void()>;
  using Done = std::function<void(bool ok)>;

  struct Event {
    double time;
    uint64_t order;
    Then run;
    bool operator<(const Event& o) const {
      return time != o.time ? time > o.time : order > o.order;  // the earliest on top
    }
  };
  struct Side {
    EdgeView series;
    double open_count = 0;
  };
  struct SimEdge {
    size_t from;
    size_t to;
    Side client;
    Side server;
  };
  struct SimNode {
    double cpu_free_at = 0;
    double lock_free_at = 0;
    size_t busy = 0;
    std::deque<Then> waiting;
    double used = 0;       // CPU seconds of the present second
    double held_back = 0;  // of it, those that had to wait for quota
    std::vector<NodeSecond> seconds;
  };

  double Uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
  double Exponential(double mean) { return -mean * std::log(1 - Uniform()); }
  void After(double delay, Then run) { events_.push({now_ + delay, order_++, std::move(run)}); }

  EdgeSecond* Now(Side& side) {
    const auto second = static_cast<size_t>(now_);
    if (second < from_ || second - from_ >= side.series.seconds.size()) return nullptr;
    return &side.series.seconds[second - from_];
  }
  void Sent(Side& side) {
    ++side.open_count;
    if (EdgeSecond* s = Now(side)) ++s->requests;
  }
  void Answered(Side& side, double since, bool ok) {
    --side.open_count;
    EdgeSecond* s = Now(side);
    if (!s) return;
    const double us = (now_ - since) * 1e6;
    ++s->responses;
    s->server_errors += ok ? 0 : 1;
    s->latency_sum_us += us;
    s->bytes += 1000;
    side.series.latency.Add(static_cast<uint64_t>(us));
  }

  void EndSecond(double tick) {
    const auto second = static_cast<size_t>(tick) - 1;
    for (SimNode& n : nodes_) {
      if (second >= from_) {
        NodeSecond& s = n.seconds[second - from_];
        const size_t i = static_cast<size_t>(&n - nodes_.data());
        s.known = true;
        s.cpu_quota = services_[i].capacity;
        s.cpu_usage = std::min(n.used, s.cpu_quota);
        s.cpu_throttled = n.used > 0 ? n.held_back / n.used * (s.cpu_usage / s.cpu_quota) : 0;
      }
      n.used = n.held_back = 0;
    }
    if (second < from_) return;
    for (SimEdge& e : edges_) {
      for (Side* side : {&e.client, &e.server}) {
        EdgeSecond& s = side->series.seconds[second - from_];
        s.known = true;
        s.in_flight = side->open_count;
      }
    }
  }

  void UserAsks() {
    CallAll(std::make_shared<std::vector<size_t>>(std::vector<size_t>{EdgeAt(0, 0)}), 0, true,
            [this](bool) { After(Exponential(think_s_), [this] { UserAsks(); }); });
  }

  size_t EdgeAt(size_t service, size_t use) const {
    size_t at = 0;
    for (size_t i = 0; i < service; ++i) at += services_[i].uses.size();
    return at + use;
  }

  // Calls over `edges` from `next` on, one after the other; a failed call ends it.
  void CallAll(const std::shared_ptr<std::vector<size_t>>& edges, size_t next, bool ok, Done done) {
    if (next == edges->size() || !ok) return done(ok);
    Call((*edges)[next], [this, edges, next, done = std::move(done)](bool answered) {
      CallAll(edges, next + 1, answered, done);
    });
  }

  void CallAtOnce(const std::vector<size_t>& edges, const Done& done) {
    if (edges.empty()) return done(true);
    auto open = std::make_shared<std::pair<size_t, bool>>(edges.size(), true);
    for (const size_t e : edges) {
      Call(e, [open, done](bool ok) {
        open->second = open->second && ok;
        if (--open->first == 0) done(open->second);
      });
    }
  }

  void Call(size_t at, Done done) {
    SimEdge& e = edges_[at];
    if (Uniform() < services_[e.to].refuse_share) {
      if (EdgeSecond* s = Now(e.client)) ++s->connects, ++s->connect_failures, ++s->server_resets;
      return After(kNetwork, [done = std::move(done)] { done(false); });
    }
    Sent(e.client);
    const double sent = now_;
    After(kNetwork, [this, at, sent, done = std::move(done)] {
      Sent(edges_[at].server);
      const double arrived = now_;
      Serve(edges_[at].to, [this, at, sent, arrived, done](bool ok) {
        Answered(edges_[at].server, arrived, ok);
        After(kNetwork, [this, at, sent, done, ok] {
          Answered(edges_[at].client, sent, ok);
          done(ok);
        });
      });
    });
  }

  void Serve(size_t node, Done done) {
    Then start = [this, node, done = std::move(done)] {
      ++nodes_[node].busy;
      Work(node, [this, node, done] {
        Done finish = [this, node, done](bool ok) {
          done(ok && Uniform() >= services_[node].error_share);
          SimNode& n = nodes_[node];
          --n.busy;
          if (n.waiting.empty()) return;
          Then following = std::move(n.waiting.front());
          n.waiting.pop_front();
          following();
        };
        std::vector<size_t> edges;
        for (size_t u = 0; u < services_[node].uses.size(); ++u) {
          if (Uniform() < services_[node].uses[u].chance) edges.push_back(EdgeAt(node, u));
        }
        if (services_[node].parallel) return CallAtOnce(edges, finish);
        CallAll(std::make_shared<std::vector<size_t>>(std::move(edges)), 0, true, finish);
      });
    };
    SimNode& n = nodes_[node];
    if (n.busy < services_[node].workers) return start();
    n.waiting.push_back(std::move(start));
  }

  // CPU first come first served at the node's capacity, then the lock.
  void Work(size_t node, Then then) {
    SimNode& n = nodes_[node];
    const double work = Exponential(services_[node].work_s);
    if (n.cpu_free_at > now_ + 0.05) n.held_back += work;
    n.used += work;
    n.cpu_free_at = std::max(now_, n.cpu_free_at) + work / services_[node].capacity;
    double at = n.cpu_free_at;
    if (services_[node].lock_s > 0) {
      n.lock_free_at = std::max(at, n.lock_free_at) + Exponential(services_[node].lock_s);
      at = n.lock_free_at;
    }
    After(at - now_, std::move(then));
  }

  Input Write() {
    Input input;
    input.time = 1'700'000'000;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      Node node;
      node.id = static_cast<uint32_t>(i + 1);
      node.name = i == 0 ? "loadgenerator" : "s" + std::to_string(i);
      if (i == 0) node.kind = schema::NodeKind::kLoadGenerator;
      if (i != 0) node.seconds = std::move(nodes_[i].seconds);
      input.nodes.push_back(std::move(node));
    }
    for (size_t i = 0; i < edges_.size(); ++i) {
      Edge edge;
      edge.id = static_cast<uint32_t>(i + 1);
      edge.client = static_cast<uint32_t>(edges_[i].from + 1);
      edge.server = static_cast<uint32_t>(edges_[i].to + 1);
      edge.protocol = schema::L7Protocol::kGrpc;
      edge.client_view = std::move(edges_[i].client.series);
      edge.server_view = std::move(edges_[i].server.series);
      input.edges.push_back(std::move(edge));
    }
    return input;
  }

  static constexpr double kNetwork = 0.0001;  // seconds, one way

  std::vector<SimService> services_;
  std::vector<SimNode> nodes_;
  std::vector<SimEdge> edges_;
  std::priority_queue<Event> events_;
  std::mt19937_64 random_;
  double think_s_;
  double now_ = 0;
  uint64_t order_ = 0;
  size_t from_ = 0;
};

}  // namespace pano::analysis
