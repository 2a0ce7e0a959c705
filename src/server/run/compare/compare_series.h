// SPDX-License-Identifier: Apache-2.0
// in: Stretch  out: each edge and service of it as a series, and the tests of two such series
// Private to compare.cc.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "server/run/compare/compare.h"
#include "server/run/compare/significance.h"

namespace pano::run {

// What one subject was in one bucket.
struct Cell {
  live::EdgeWindow edge;
  live::NodeWindow node;
  bool has_node = false;
  double child_us = 0;  // services: what they waited for in the calls they made
};
using Cells = std::vector<Cell>;  // one per bucket

struct Key {
  bool edge = false;
  std::string client;
  std::string server;
  uint16_t port = 0;
  schema::L7Protocol protocol = schema::L7Protocol::kUnknown;
  auto operator<=>(const Key&) const = default;
};

struct Side {
  uint32_t id = 0;
  Cells cells;
  double latency_sum = 0;  // us, of requests into a service
  double latency_count = 0;
  double child_sum = 0;  // us, of the calls it makes
  bool seen() const { return id != 0; }
};

using Subjects = std::map<Key, Side>;

inline double Count(const live::SideWindow& side, schema::EdgeMetric m) {
  return static_cast<double>(side[m]);
}

// Answers that callers do not wait for say nothing about slowness.
inline bool LatencyCounts(const Key& key) {
  return !key.edge || analysis::LatencyCounts(key.protocol);
}

// Edges, and the services that serve; who only calls is judged by its edges.
Subjects SubjectsOf(const Stretch& s);
// Neighbouring cells as one.
Cells Blocks(const Cells& cells, size_t length);
double ValueOf(const Cell& c, CompareMetric m);
// The metric's own test, on blocks as long as it needs.
Difference Test(const Side& a, const Side& b, CompareMetric m);

}  // namespace pano::run
