// SPDX-License-Identifier: Apache-2.0
// A shop of fifteen services as a comparison sees it: windows of a second each, with the noise real
// systems have. Latencies are log-normal; the level of each service wanders (AR(1), its own), the
// whole machine wanders too (one for all), garbage collections and the like hold a service up for a
// second now and then, errors come in bursts. A run has a small level of its own, for two equal
// runs are never quite equal.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "server/run/compare/compare.h"

namespace pano::run {

struct TrafficOptions {
  double rate = 600;     // requests/s of the load generator
  double wander = 0.03;  // deviation of a service's level
  double correlation = 0.5;
  double machine = 0.015;  // deviation of the machine's level
  double between_runs = 0.005;
  double stall_share = 0.02;  // seconds in which a service takes three times as long
  double spread = 0.5;        // deviation of the logarithm of one request's time
  double clock = 1;  // the machine's: what each service takes itself, and its CPU, times this
};

class TrafficModel {
 public:
  static constexpr size_t kServices = 15;

  TrafficModel(uint32_t seed, TrafficOptions options) : random_(seed), options_(options) {
    for (size_t i = 0; i < kServices; ++i) level_.push_back(Normal(1));
    for (size_t i = 0; i < kServices; ++i) run_level_.push_back(options.between_runs * Normal(1));
  }

  // `slow`: a service whose callers wait `factor` times as long, all by its own time.
  Stretch Make(int seconds, size_t slow, double factor) {
    Stretch out;
    auto names = std::make_shared<live::Names>();
    names->services[1] = {1, "loadgenerator", "", schema::NodeKind::kLoadGenerator};
    for (uint32_t i = 0; i < kServices; ++i) {
      names->services[i + 2] = {i + 2, "s" + std::to_string(i), "", schema::NodeKind::kService};
    }
    out.names = names;
    out.from = 1'700'000'000;
    out.to = out.from + static_cast<uint64_t>(seconds);
    for (int t = 0; t < seconds; ++t) {
      out.buckets.push_back(Second(out.from + static_cast<uint64_t>(t), slow, factor));
    }
    return out;
  }

 private:
  struct Call {
    uint32_t client;
    uint32_t server;
    double share;  // calls per request of the entry
  };

  double Normal(double deviation) { return std::normal_distribution<>(0, deviation)(random_); }

  // s0 is the frontend; it calls s1..s6, each of which calls one or two of s7..s14.
  static std::vector<Call> Calls() {
    std::vector<Call> out = {{0, 1, 1}};
    for (uint32_t i = 1; i <= 6; ++i) out.push_back({1, 1 + i, 0.25 + 0.15 * (i % 4)});
    for (uint32_t i = 7; i < kServices; ++i) out.push_back({2 + (i - 7) % 6, 1 + i, 0.4});
    return out;
  }

  static void Slow(double& own, double& inclusive, double factor) {
    own += (factor - 1) * inclusive;
    inclusive *= factor;
  }

  void Wander() {
    const double r = options_.correlation;
    for (double& x : level_) x = r * x + std::sqrt(1 - r * r) * Normal(1);
    machine_ = 0.8 * machine_ + 0.6 * Normal(1);
  }

  live::WindowSet Second(uint64_t time, size_t slow, double factor) {
    Wander();
    live::WindowSet window;
    window.from = time;
    window.to = time + 1;
    // Own time of each service in this second, then what callers see: it and its calls.
    std::vector<double> own(kServices);
    for (size_t i = 0; i < kServices; ++i) {
      const double base = 800.0 * (1 + i % 5);
      const bool stall = std::uniform_real_distribution<>(0, 1)(random_) < options_.stall_share;
      own[i] = base * options_.clock *
               std::exp(options_.wander * level_[i] + options_.machine * machine_ + run_level_[i]) *
               (stall ? 3 : 1);
    }
    const std::vector<Call> calls = Calls();
    std::vector<double> visits(kServices + 2, 0);
    visits[1] = 1;
    for (const Call& c : calls) {
      if (c.client != 0) visits[c.server] = visits[c.client] * c.share;
    }
    std::vector<double> inclusive = own;
    for (size_t k = calls.size(); k-- > 0;) {
      if (calls[k].client == 0) continue;
      const size_t callee = calls[k].server - 1;
      if (callee == slow) Slow(own[callee], inclusive[callee], factor);
      inclusive[calls[k].client - 1] += calls[k].share * inclusive[callee];
    }
    if (slow == 0) Slow(own[0], inclusive[0], factor);
    const auto entry = std::poisson_distribution<int>(options_.rate)(random_);
    uint32_t id = 0;
    for (const Call& c : calls) {
      const double expected = entry * visits[c.server];
      const auto requests = std::poisson_distribution<int>(std::max(0.01, expected))(random_);
      window.edges.push_back(MakeEdge(++id, c, requests, inclusive[c.server - 1]));
    }
    for (uint32_t i = 0; i < kServices; ++i) {
      live::NodeEntry node{i + 2, {}};
      node.window.seconds = 1;
      node.window.values[static_cast<size_t>(schema::InstanceMetric::kCpuUsage)] =
          static_cast<uint64_t>(entry * visits[i + 1] * own[i] * 0.3 * std::exp(Normal(0.05)));
      window.nodes.push_back(node);
    }
    return window;
  }

  live::EdgeEntry MakeEdge(uint32_t id, const Call& c, int requests, double mean_us) {
    using schema::EdgeMetric;
    live::EdgeEntry e;
    e.id = id;
    e.edge = {c.client + 1, c.server + 1, 8080, schema::L7Protocol::kGrpc,
              schema::L4Protocol::kTcp};
    e.window.seconds = 1;
    live::SideWindow& side = e.window.client;
    side.seen = true;
    const auto set = [&side](EdgeMetric m, double v) {
      side.values[static_cast<size_t>(m)] = static_cast<uint64_t>(v);
    };
    const double median = mean_us * std::exp(-options_.spread * options_.spread / 2);
    double sum = 0;
    double bytes = 0;
    for (int i = 0; i < requests; ++i) {
      const double us = median * std::exp(Normal(options_.spread));
      sum += us;
      bytes += 400 * std::exp(Normal(0.4));
      side.rrt.Add(static_cast<uint64_t>(us));
    }
    const double error_share =
        std::uniform_real_distribution<>(0, 1)(random_) < 0.05 ? 0.05 : 0.0005;
    set(EdgeMetric::kRequest, requests);
    set(EdgeMetric::kResponse, requests);
    set(EdgeMetric::kServerError, std::binomial_distribution<>(requests, error_share)(random_));
    set(EdgeMetric::kByteTx, bytes);
    set(EdgeMetric::kRrtSum, sum);
    set(EdgeMetric::kRrtCount, requests);
    set(EdgeMetric::kFlowLoad, 10);
    return e;
  }

  std::mt19937 random_;
  TrafficOptions options_;
  std::vector<double> level_;
  std::vector<double> run_level_;
  double machine_ = 0;
};

}  // namespace pano::run
