// SPDX-License-Identifier: Apache-2.0
// in: stretches of steady load of a run  out: what each service can take, and how many it needs
// Pure and deterministic. Utilisation law for what an instance can answer, forced flow law for what
// a load asks of each service, interactive response time law for closed loops (Lazowska, Zahorjan,
// Graham, Sevcik: Quantitative System Performance, ch. 3 and 5). docs/capacity.md explains.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/analysis/input.h"
#include "server/analysis/limits.h"
#include "server/capacity/scalability.h"

namespace pano::capacity {

// A value and where the truth lies, with about 90 %; kUnknown where nothing can be said.
struct Estimate {
  double value = analysis::kUnknown;
  double low = analysis::kUnknown;
  double high = analysis::kUnknown;
  bool known() const { return value == value; }
};

// One stretch: nothing was scaled in it and the load kept its plateau.
struct Stretch {
  std::string label;  // "step 2"
  analysis::Input input;
  double connections = analysis::kUnknown;  // open at the entry, mean
};

// The load to plan for. Users make it a closed loop: they think, ask, and wait for the answer.
struct Target {
  std::optional<double> users;
  std::optional<double> rate;  // 1/s at the entry
};

enum class Basis : uint8_t {
  kNotEnoughData,  // too few requests, no CPU limit, or no sign of where it bends
  kPredicted,      // from what a request costs and what the load will ask
  kMeasured,       // it was run at this load and kept its limits
};
std::string_view Name(Basis basis);  // "not_enough_data", "predicted", "measured"

struct ServicePlan {
  std::string service;
  Basis basis = Basis::kNotEnoughData;
  uint32_t replicas = 0;                    // in the newest stretch
  double rate = 0;                          // 1/s it answered in the newest stretch
  double utilisation = analysis::kUnknown;  // 0..1 of its CPU quota, newest stretch
  Estimate cost_ms;                         // CPU per request
  Estimate per_instance;                    // 1/s one instance can answer within the limit
  Estimate visits;                          // requests to it per request of the entry
  Estimate demand;                          // 1/s the target asks of it
  uint32_t needed = 0;                      // instances; 0: not known
  uint32_t needed_low = 0;
  uint32_t needed_high = 0;
  double entry_limit = analysis::kUnknown;  // 1/s at the entry when it saturates, as it stands now
  std::optional<Scalability> curve;         // where the data show the bend
  std::string text;                         // one line
};

struct Plan {
  Target target;        // as asked, or the largest load of the stretches
  Estimate entry_rate;  // 1/s at the entry under the target, with nothing in its way
  double think_s = analysis::kUnknown;  // of closed loops
  std::vector<ServicePlan> services;    // those that need more first, then by headroom
  std::string next;  // what saturates first once all have what they need; may be empty
  double headroom = analysis::kUnknown;  // load that still fits then, over the target's
  std::string sentence;                  // "For 1,500 users: productcatalog x3, cart x2."
};

Plan PlanCapacity(const std::vector<Stretch>& stretches, const analysis::Limits& limits,
                  const Target& target);

}  // namespace pano::capacity
