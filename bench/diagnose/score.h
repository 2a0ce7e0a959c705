// SPDX-License-Identifier: Apache-2.0
// Counts of hits, per fault, per view and in all, and the table they make.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/diagnose/make_case.h"

namespace pano::bench {

struct Hits {
  size_t cases = 0;
  size_t first = 0, third = 0, fifth = 0;  // the truth is the first, among three, five
  size_t named = 0;                        // verdict "bottleneck"
  size_t named_wrong = 0;                  // and it is not the truth
  size_t class_right = 0;                  // of those first
  size_t deviation_first = 0, deviation_third = 0;
  size_t deepest_first = 0, deepest_third = 0;

  void Add(const Hits& other);
};

struct Outcome {
  Hits hits;
  double seconds = 0;  // to answer
  double confidence = 0;
  std::string sentence;
  std::vector<std::string> ranked;  // first five
};

// Asks the ranking and its rivals. In a pair of faults either is a hit.
Outcome Ask(const Case& asked);

void PrintTable(const std::string& title, const std::map<std::string, Hits>& rows);

}  // namespace pano::bench
