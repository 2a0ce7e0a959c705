// SPDX-License-Identifier: Apache-2.0
#include "bench/diagnose/spec.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace pano::bench {

double Random::LogBetween(double low, double high) {
  return std::exp(Between(std::log(low), std::log(high)));
}
double Random::Exponential(double mean) { return -mean * std::log(1 - Uniform()); }
double Random::Normal() {
  const double u = 1 - Uniform();
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * Uniform());
}

std::string_view Name(Fault fault) {
  constexpr std::array<std::string_view, kFaults> kNames = {
      "none",        "cpu hog",     "throttled", "lock",         "pool",    "delay",
      "errors",      "refused",     "loss",      "accept queue", "outside", "client limit",
      "demand drop", "retry storm", "memory",    "surge"};
  return kNames[static_cast<size_t>(fault)];
}

namespace {

class Maker {
 public:
  Maker(Random& random, const Scale& scale) : random_(random), scale_(scale) {}

  SystemSpec Make() {
    spec_.services.resize(scale_.services);
    // Layers: the load generator, the front, and 2 to 6 below.
    layers_ = 2 + random_.Below(scale_.services > 60 ? 5 : 4);
    for (size_t i = 2; i < scale_.services; ++i) {
      layer_.push_back(1 + (i - 2) * layers_ / std::max<size_t>(scale_.services - 2, 1));
    }
    for (size_t i = 0; i < scale_.services; ++i) MakeService(i);
    spec_.services[0].name = "users";
    spec_.services[0].work_s = 0.0002;
    Connect();
    AddCycles();
    Visit();
    SizeCores();
    return std::move(spec_);
  }

 private:
  size_t LayerOf(size_t i) const { return i < 2 ? 0 : layer_[i - 2]; }

  void MakeService(size_t i) {
    ServiceSpec& s = spec_.services[i];
    s.name = "svc-" + std::to_string(i);
    s.work_s = random_.LogBetween(0.0004, 0.02);
    s.spread = random_.Between(0.2, 1.1);
    if (random_.Chance(0.3)) s.sleep_s = random_.LogBetween(0.001, 0.08);
    if (random_.Chance(0.15)) s.failing = random_.LogBetween(0.0005, 0.03);
    if (random_.Chance(0.3)) s.workers = 8 + random_.Below(60);
    s.memory = random_.LogBetween(20, 2000);
  }

  void AddCall(size_t caller, size_t callee, double chance) {
    auto& calls = spec_.services[caller].calls;
    const bool there =
        std::ranges::any_of(calls, [&](const CallSpec& c) { return c.callee == callee; });
    if (there || caller == callee) return;
    CallSpec call{.callee = callee, .chance = chance};
    call.parallel = random_.Chance(0.3);
    call.async = caller != 0 && random_.Chance(0.08);
    if (random_.Chance(0.25)) call.timeout_s = random_.LogBetween(0.3, 5);
    if (random_.Chance(0.2)) call.retries = 1 + static_cast<int>(random_.Below(2));
    call.optional = caller != 0 && random_.Chance(0.25);
    calls.push_back(call);
  }

  void Connect() {
    AddCall(0, 1, 1);
    spec_.services[0].calls[0].timeout_s = 0;
    spec_.services[0].calls[0].retries = 0;
    for (size_t i = 2; i < scale_.services; ++i) {
      const size_t callers = 1 + (random_.Chance(0.3) ? 1 + random_.Below(2) : 0);
      for (size_t c = 0; c < callers; ++c) {
        AddCall(CallerFor(i), i, random_.Chance(0.5) ? 1 : random_.Between(0.15, 0.9));
      }
    }
    // Leaves: data stores, some of them outside of what is watched.
    for (size_t i = 2; i < scale_.services; ++i) {
      ServiceSpec& s = spec_.services[i];
      if (s.calls.empty() && random_.Chance(0.12)) s.watched = false;
    }
  }

  // Somebody of the layer above, more often one who has calls already.
  size_t CallerFor(size_t i) {
    for (int attempt = 0; attempt < 20; ++attempt) {
      const size_t candidate = 1 + random_.Below(i - 1);
      const size_t want = LayerOf(i) - 1;
      const bool near = LayerOf(candidate) == want || random_.Chance(0.1);
      if (near && (spec_.services[candidate].calls.size() < 8 || random_.Chance(0.2))) {
        return candidate;
      }
    }
    return 1;
  }

  // Rare calls back up: graphs of real systems have them.
  void AddCycles() {
    if (!random_.Chance(0.4)) return;
    for (size_t k = 0; k < 1 + scale_.services / 40; ++k) {
      const size_t low = 2 + random_.Below(scale_.services - 2);
      const size_t high = 2 + random_.Below(scale_.services - 2);
      if (LayerOf(low) <= LayerOf(high) || !spec_.services[high].watched) continue;
      AddCall(low, high, random_.Between(0.02, 0.1));
    }
  }

  void Visit() {
    std::vector<double> visits(spec_.services.size());
    std::vector<double> wave(visits.size());
    wave[0] = 1;
    for (int round = 0; round < 40; ++round) {
      std::vector<double> next(visits.size());
      for (size_t i = 0; i < wave.size(); ++i) {
        visits[i] += wave[i];
        if (wave[i] < 1e-9) continue;
        for (const CallSpec& c : spec_.services[i].calls) next[c.callee] += wave[i] * c.chance;
      }
      wave = std::move(next);
    }
    double all = 0;
    for (const double v : visits) all += v;
    spec_.visits = std::move(visits);
    spec_.rate = std::min(scale_.spans / scale_.seconds / all, 60.0);
    spec_.closed = random_.Chance(0.4);
    spec_.think_s = random_.Between(0.5, 4);
  }

  void SizeCores() {
    for (size_t i = 0; i < spec_.services.size(); ++i) {
      ServiceSpec& s = spec_.services[i];
      const double mean = s.work_s * std::exp(s.spread * s.spread / 2);
      const double load = spec_.rate * spec_.visits[i] * mean;
      s.cores = std::max(load / random_.Between(0.03, 0.5), 0.02);
      // A request cannot be slower than its work on what CPU there is.
      s.cores = std::max(s.cores, random_.Between(0.3, 1.0));
    }
  }

  Random& random_;
  const Scale& scale_;
  SystemSpec spec_;
  size_t layers_ = 3;
  std::vector<size_t> layer_;
};

}  // namespace

SystemSpec MakeSystem(Random& random, const Scale& scale) { return Maker(random, scale).Make(); }

}  // namespace pano::bench
