// SPDX-License-Identifier: Apache-2.0
// Puts the records of several rings (one per CPU) in the order of their time, so that the calls of
// one socket come in order although its threads move between CPUs.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/source/ring.h"
#include "agent/source/source.h"

namespace pano::source {

class Merge {
 public:
  explicit Merge(std::vector<Ring> rings) : rings_(std::move(rings)) {}

  // Hands over every record older than `cutoff_ns`. A younger one stays: an older one may still be
  // on its way in another ring. Number handed over.
  uint64_t Drain(const RecordSink& sink, uint64_t cutoff_ns);

  uint64_t malformed() const { return malformed_; }
  // The share of the fullest ring that was waiting when the last drain began, 0 to 1.
  double fullness() const { return fullness_; }

 private:
  struct Head {
    uint64_t time_ns;
    uint32_t order;
    uint32_t ring;
    Bytes record;
  };
  struct Later {
    bool operator()(const Head& a, const Head& b) const {
      return a.time_ns != b.time_ns ? a.time_ns > b.time_ns : a.order > b.order;
    }
  };

  void Push(uint32_t ring, uint64_t cutoff_ns);

  std::vector<Ring> rings_;
  std::vector<Head> heap_;
  uint64_t malformed_ = 0;
  double fullness_ = 0;
};

}  // namespace pano::source
