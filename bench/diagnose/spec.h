// SPDX-License-Identifier: Apache-2.0
// A made-up system: services, who calls whom and how, and what breaks. Nothing here knows of the
// ranking it is meant to test.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace pano::bench {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
  double Uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  double Between(double low, double high) { return low + (high - low) * Uniform(); }
  double LogBetween(double low, double high);  // both > 0
  size_t Below(size_t n) { return static_cast<size_t>(Uniform() * static_cast<double>(n)); }
  bool Chance(double p) { return Uniform() < p; }
  double Exponential(double mean);
  double Normal();

 private:
  std::mt19937_64 engine_;
};

struct CallSpec {
  size_t callee = 0;
  double chance = 1;      // per request of the caller
  bool parallel = false;  // together with the parallel calls next to it
  bool async = false;     // the caller does not wait
  double timeout_s = 0;   // 0: waits forever
  int retries = 0;        // after a failure or timeout
  bool optional = false;  // the caller lives on if it fails
};

struct ServiceSpec {
  std::string name;
  double work_s = 0.002;  // CPU seconds per request
  double spread = 0.5;    // of the logarithm of the work
  double sleep_s = 0;     // per request, without CPU: disk, a peer nobody sees
  double cores = 1;
  size_t workers = 1000000;
  double failing = 0;  // share of requests it fails by itself, always
  double memory = 100;
  bool watched = true;  // false: it has no series of its own
  std::vector<CallSpec> calls;
};

enum class Fault : uint8_t {
  kNone,
  kCpuHog,       // each request needs more CPU, and something else burns it
  kThrottle,     // less CPU than it needs
  kLock,         // requests queue for one lock
  kPool,         // too few workers for its waits
  kDelay,        // some requests take longer, no CPU spent
  kErrors,       // it fails some requests
  kRefused,      // connections to it are refused
  kLoss,         // segments on the way to it are lost
  kAcceptQueue,  // connections wait before they are accepted
  kOutside,      // an unwatched callee is slow
  kClientLimit,  // the load generator is out of CPU
  kDemandDrop,   // users stay away
  kRetryStorm,   // it fails, and callers ask again
  kMemory,       // memory grows, collections slow it down
  kSurge,        // more users than the weakest service can serve
};
inline constexpr size_t kFaults = 16;
std::string_view Name(Fault fault);

struct FaultSpec {
  Fault fault = Fault::kNone;
  size_t service = 0;
  double severity = 1;
};

struct SystemSpec {
  std::vector<ServiceSpec> services;  // 0 is the load generator
  double rate = 10;                   // requests of users per second, on average
  bool closed = false;                // a fixed number of users who think in between
  double think_s = 1;
  double swing = 0;            // of the rate over a day, 0..1
  std::vector<double> visits;  // requests to each service per request of a user
};

struct Scale {
  size_t services = 20;
  double spans = 400000;  // requests in all services together that one case may cost
  double seconds = 600;
};

// A random system of `scale.services` services: a layered graph with shared dependencies, some
// cycles and asynchronous calls.
SystemSpec MakeSystem(Random& random, const Scale& scale);

}  // namespace pano::bench
