// SPDX-License-Identifier: Apache-2.0
// One second of the whole map in a few bytes per edge: zeroes left out, numbers as varints. Fifteen
// minutes of these are kept in memory. Immutable once built, so readers need no lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/analysis/state.h"
#include "server/live/window.h"

namespace pano::live {

// A second while it is being collected. Ids are EdgeDirectory's and service ids.
struct OpenSecond {
  struct Sides {
    SideWindow client;
    SideWindow server;
  };
  std::map<uint32_t, Sides> edges;
  std::map<uint32_t, NodeWindow> nodes;
  std::set<std::string> agents;  // who delivered
  std::map<std::string, uint64_t> losses;
};

// What was made of the second when it was current.
struct SecondVerdict {
  analysis::State state = analysis::State::kNoData;
  uint32_t bottleneck = 0;  // service id
  double request_rate = 0;  // into the entries
};

class PackedSecond {
 public:
  PackedSecond(uint64_t second, const OpenSecond& from, SecondVerdict verdict);

  uint64_t second() const { return second_; }
  bool watched() const { return watched_; }  // some agent delivered
  // Before it is shared.
  void set_verdict(SecondVerdict verdict) { verdict_ = verdict; }
  const SecondVerdict& verdict() const { return verdict_; }
  const std::vector<std::pair<std::string, uint64_t>>& losses() const { return losses_; }
  size_t bytes() const;

  std::vector<uint32_t> EdgeIds() const;
  std::vector<uint32_t> NodeIds() const;
  // False: quiet in this second.
  bool Edge(uint32_t id, SideWindow& client, SideWindow& server) const;
  bool Node(uint32_t service, NodeWindow& out) const;

 private:
  struct Entry {
    uint32_t id;
    uint32_t offset;
  };
  static const Entry* Find(const std::vector<Entry>& entries, uint32_t id);

  uint64_t second_;
  bool watched_;
  SecondVerdict verdict_;
  std::vector<Entry> edges_;  // sorted
  std::vector<Entry> nodes_;  // sorted
  std::vector<std::pair<std::string, uint64_t>> losses_;
  std::string data_;
};

}  // namespace pano::live
