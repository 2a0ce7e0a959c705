// SPDX-License-Identifier: Apache-2.0
// in: Observation, rules, silences  out: alerts and groups
// One second after the other: what is bad, what fires, what belongs together. Pure but for what it
// remembers; not thread safe.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "server/alert/evaluate.h"
#include "server/alert/group.h"
#include "server/alert/silence.h"
#include "server/alert/state_machine.h"

namespace pano::alert {

// More alerts than this, pending or firing, are not followed; they are counted.
inline constexpr size_t kMaxAlerts = 5000;

class Watch {
 public:
  // Only rules that are on. One that is gone ends its alerts.
  void SetRules(std::vector<Rule> rules) { rules_ = std::move(rules); }
  void SetSilences(std::vector<Silence> silences) { silences_ = std::move(silences); }

  // Answers those that fired or resolved in this second.
  std::vector<Alert> Look(Observation observation);

  const std::map<std::string, Alert>& firing() const { return firing_; }
  std::vector<Alert> Pending() const;
  const std::map<std::string, Group>& groups() const { return grouper_.groups(); }
  const Observation& seen() const { return evaluator_.seen(); }
  uint64_t untold() const { return untold_; }  // alerts beyond kMaxAlerts

  // What must survive a restart.
  nlohmann::json Save() const;
  void Load(const nlohmann::json& saved, uint64_t now);

 private:
  struct Tracked {
    StateMachine machine;
    Alert alert;
  };

  void Take(const Rule& rule, const Hit& hit, uint64_t time, std::vector<Alert>& out);
  void Step(Tracked& tracked, const Rule& rule, Reading reading, uint64_t time,
            std::vector<Alert>& out);
  void EndGone(uint64_t time, std::vector<Alert>& out);
  void MakeGroups(uint64_t time);

  Evaluator evaluator_;
  Grouper grouper_;
  std::vector<Rule> rules_;
  std::vector<Silence> silences_;
  std::map<std::string, Tracked> tracked_;  // by alert id
  std::map<std::string, Alert> firing_;
  uint64_t untold_ = 0;
};

}  // namespace pano::alert
