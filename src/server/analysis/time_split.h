// SPDX-License-Identifier: Apache-2.0
// in: Graph, Saturation  out: where the time of callers goes: into a node, or on to what it calls
#pragma once

#include <cstddef>
#include <vector>

#include "server/analysis/graph.h"
#include "server/analysis/saturation.h"

namespace pano::analysis {

// Where the time of a node's callers goes, in calls that are slow at any moment.
struct TimeSplit {
  double in = 0;         // waiting for this node
  double own = 0;        // of that, spent in it or in front of it
  double as_client = 0;  // of `own`: its calls that were answered, but that it was slow to take up
};

// Edges, breadth first from the entry, then the rest in input order.
std::vector<size_t> EdgesFromEntry(const Graph& graph);

class TimeMap {
 public:
  // `order` as EdgesFromEntry; all three must outlive the map. Call Measure before anything else.
  TimeMap(const Graph& graph, const std::vector<Saturation>& saturation,
          const std::vector<size_t>& order);

  // Only waiting beyond `tail_from` x the latency limit counts in full: faster harms nobody.
  void Measure(double tail_from);

  // Callers waiting in an edge, and the part of it that is not the caller's own doing.
  double whole(size_t edge) const { return time_[edge]; }
  double down(size_t edge) const { return down_[edge]; }
  const std::vector<TimeSplit>& splits() const { return splits_; }
  // The strongest sign of saturation down a node's slow calls, 0..1.
  double below(size_t node) const { return below_[node]; }
  // Does a call of this node take a good part of its time, and `slow_from` x its limit at least?
  bool HasSlowCall(size_t node, double slow_from) const;

 private:
  double QueueSign(const GraphEdge& e) const;
  bool SlowToTakeUp(size_t node) const;
  double CallerBlame(const GraphEdge& e) const;
  void SplitNodes();
  void SplitNode(size_t i);
  void FindSaturationBelow();
  bool IsSlowCall(size_t e, double slow_from) const;
  bool IsStarved(size_t node) const;
  void DoubtOwnTime(size_t i);

  const Graph& graph_;
  const std::vector<Saturation>& saturation_;
  const std::vector<size_t>& order_;
  std::vector<double> time_;   // per edge: callers waiting in the tail
  std::vector<double> down_;   // of that, not the caller's own doing
  std::vector<double> late_;   // per node: answered calls it was slow to take up
  std::vector<double> below_;  // per node: strongest saturation down its slow calls
  std::vector<bool> starved_;  // per node: its workers are all taken
  std::vector<TimeSplit> splits_;
};

}  // namespace pano::analysis
