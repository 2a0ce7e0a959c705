// SPDX-License-Identifier: Apache-2.0
// in: Rule, Observation  out: what is bad now
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "server/alert/observation.h"
#include "server/alert/rule.h"
#include "server/alert/state_machine.h"

namespace pano::alert {

// One subject that a rule finds bad in this second.
struct Hit {
  std::string key;  // of the subject, by names: the same after a restart
  Subject subject;
  std::string metric;
  double value = analysis::kUnknown;
  double limit = analysis::kUnknown;
  std::string unit;
  std::string text;
  std::string fault;  // class, where the rule knows one
  bool names_cause = false;
};

// More subjects than this of one rule in one second are not told apart.
inline constexpr size_t kMaxHits = 1000;

// Looks at one second after the other. Remembers only what differences need: losses, rows lost and
// the bottleneck of the seconds before. Not thread safe.
class Evaluator {
 public:
  // The next second.
  void Look(Observation observation);
  // What is bad of it.
  std::vector<Hit> Evaluate(const Rule& rule) const;
  // Of a subject that is not bad: whether it is known to be good, or nobody knows.
  Reading Calm(const Rule& rule, const Subject& subject) const;
  const Observation& seen() const { return seen_; }

 private:
  struct Past {
    uint64_t time = 0;
    std::map<std::string, uint64_t> losses;
    uint64_t rows_lost = 0;
  };

  void OverLimit(const Rule& rule, std::vector<Hit>& out) const;
  void Threshold(const Rule& rule, std::vector<Hit>& out) const;
  void EdgesOver(const Rule& rule, std::vector<Hit>& out) const;
  void Bottleneck(const Rule& rule, std::vector<Hit>& out) const;
  void BottleneckChanged(const Rule& rule, std::vector<Hit>& out) const;
  void RunObjectives(const Rule& rule, std::vector<Hit>& out) const;
  void Losses(const Rule& rule, std::vector<Hit>& out) const;
  void Store(std::vector<Hit>& out) const;
  void Stage(std::vector<Hit>& out) const;
  void Capture(std::vector<Hit>& out) const;
  void Events(const Rule& rule, std::vector<Hit>& out) const;

  Observation seen_;
  std::deque<Past> past_;     // oldest first, the present last
  std::string named_before_;  // the last bottleneck named before this second
  std::string named_now_;
};

// "frontend → productcatalog"
std::string SayEdge(const Subject& subject);
// "11.0 s", "0.5/s", "93 %": a value in words, by its unit.
std::string SayValue(double value, std::string_view unit);
// Whether a rule names what this map does not know: for people, never an error.
std::vector<std::string> RuleWarnings(const Rule& rule, const live::MapView* map);

}  // namespace pano::alert
