// SPDX-License-Identifier: Apache-2.0
#include "bench/diagnose/strike.h"

#include <algorithm>
#include <cmath>

namespace pano::bench {
namespace {

// CPU seconds a second that a service needs.
double LoadOf(const SystemSpec& spec, size_t i) {
  const ServiceSpec& s = spec.services[i];
  return spec.rate * spec.visits[i] * s.work_s * std::exp(s.spread * s.spread / 2);
}

}  // namespace

void Strike(const FaultSpec& f, const Moment& at, Node& n, double& demand, Random& random) {
  Trouble& t = n.trouble;
  const double calls = std::max(at.spec.rate * at.spec.visits[f.service], 1e-6);
  const double sev = f.severity;
  switch (f.fault) {
    case Fault::kNone:
      break;
    case Fault::kCpuHog:
      t.work = 1 + 3 * sev;
      t.burn = 0.5;
      break;
    case Fault::kThrottle:
    case Fault::kClientLimit:
      n.SetCores(std::max(LoadOf(at.spec, f.service) / std::min(0.8 + 0.35 * sev, 1.6), 1e-4),
                 at.now);
      break;
    case Fault::kLock:
      t.lock_s = std::min(0.65 + 0.3 * sev, 1.2) / calls;
      break;
    case Fault::kPool: {
      const double usual =
          std::max(n.in_flight_area / std::max(at.now - at.interval_begin, 1e-9), 0.0);
      n.workers = std::max<size_t>(1, static_cast<size_t>(usual * 0.8 / sev));
      break;
    }
    case Fault::kDelay:
    case Fault::kOutside:
      t.delay_s = std::min(0.05 * sev * random.LogBetween(0.5, 8), 3.0);
      t.delay_share = random.Between(0.2, 1);
      break;
    case Fault::kErrors:
      t.failing = std::min(0.15 * sev * random.LogBetween(0.5, 5), 1.0);
      break;
    case Fault::kRefused:
      t.refused = std::min(0.2 * sev * random.LogBetween(0.5, 4), 1.0);
      break;
    case Fault::kLoss:
      t.lost = std::min(0.06 * sev * random.LogBetween(0.5, 4), 0.6);
      break;
    case Fault::kAcceptQueue:
      t.late_accept = std::min(0.15 * sev * random.LogBetween(0.5, 4), 0.9);
      break;
    case Fault::kDemandDrop:
      demand = 1 / (1 + sev * random.Between(0.3, 1.5));
      break;
    case Fault::kRetryStorm:
      t.failing = std::min(0.35 * sev, 0.9);
      t.extra_retries = 3;
      break;
    case Fault::kMemory:
      t.work = 1 + 1.2 * sev;
      t.memory_grows = 1 + sev;
      break;
    case Fault::kSurge:
      demand = sev;
      break;
  }
}

}  // namespace pano::bench
