// SPDX-License-Identifier: Apache-2.0
// One service while it is simulated: its CPUs and workers, what is broken, what it counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "bench/diagnose/simulate.h"
#include "bench/diagnose/spec.h"

namespace pano::bench {

// What is broken at a service, from the moment the fault strikes.
struct Trouble {
  double work = 1;  // times the CPU per request
  double burn = 0;  // cores that something else uses
  double lock_s = 0;
  double delay_s = 0, delay_share = 0;
  double failing = 0;
  double refused = 0;
  double lost = 0;          // share of calls that lose a segment
  double late_accept = 0;   // share of calls that wait for accept
  double memory_grows = 0;  // times its size, per hour of fault
  int extra_retries = 0;    // of its callers
};

struct Node {
  std::vector<double> cpu_free;
  double speed = 1;
  double lock_free = 0;
  size_t busy = 0;
  size_t workers = 0;
  std::deque<uint32_t> waiting;
  double in_flight = 0;
  double in_flight_area = 0, in_flight_since = 0;
  Trouble trouble;
  double idle_cpu = 0;     // times its own, used when nothing else wants it
  double idle_memory = 0;  // of its size
  // of the present interval
  double errors = 0, used = 0, held = 0;
  std::vector<float> latencies;

  void SetCores(double cores, double now);
  void Level(double change, double now);  // of what is in flight
};

// What an observer reads at the end of an interval of `length` seconds. `struck_h`: hours since the
// fault, 0 before it.
NodeRow RowOf(Node& n, const ServiceSpec& s, double length, double struck_h, Random& random);

}  // namespace pano::bench
