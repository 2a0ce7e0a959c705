// SPDX-License-Identifier: Apache-2.0
// in: Recording or a snapshot file  out: what a run measured: windows, analysis input, maps
// Immutable: any number of threads read one. A run is a row of at most kMaxBuckets buckets of equal
// length, each with full counts and histograms of both sides of every edge and the saturation of
// every node, so every number of the live map can be had of any stretch of the run, with true
// percentiles. Stretches are rounded outwards to whole buckets.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/analysis/input.h"
#include "server/live/map_view.h"
#include "server/live/window.h"
#include "server/run/run.h"

namespace pano::run {

inline constexpr size_t kMaxBuckets = 600;

// One bucket, packed; see bucket_codec.h.
struct PackedBucket {
  uint64_t from = 0;  // unix seconds
  uint32_t seconds = 0;
  uint32_t watched = 0;                              // seconds an agent delivered
  analysis::State state = analysis::State::kNoData;  // worst shown
  uint32_t bottleneck = 0;                           // service id shown at its end; 0: none
  std::shared_ptr<const std::string> data;
};

class Snapshot {
 public:
  Snapshot(RunInfo info, std::shared_ptr<const live::Names> names,
           std::vector<live::EdgeEntry> edges, std::vector<PackedBucket> buckets,
           uint32_t bucket_seconds);

  const RunInfo& info() const { return info_; }
  // Services by id as they were called in the run, with the instances seen. Ids are the run's own:
  // two runs are joined by names.
  const std::shared_ptr<const live::Names>& names() const { return names_; }
  // Every edge of the run: id and ends; windows are empty.
  const std::vector<live::EdgeEntry>& edges() const { return edges_; }
  const std::vector<PackedBucket>& buckets() const { return buckets_; }
  uint32_t bucket_seconds() const { return bucket_seconds_; }
  uint64_t begin() const { return info_.begin; }
  uint64_t end() const;  // of the data; of the run once it ended

  // The edges that bring the load, ascending: those of the generator where it is known, else those
  // of every node nobody calls. Name lookups are none.
  std::vector<uint32_t> EntryEdges() const;

  // The services the load reaches: those of the entry edges, those they call, and who waits at a
  // broker among them. Others on the hosts have no part in the run.
  std::set<std::string> Loaded() const;

  // All of [from, to) folded into one window: the input of live::BuildMap and of every number.
  live::WindowSet Window(uint64_t from, uint64_t to) const;
  // One WindowSet per bucket.
  std::vector<live::WindowSet> Series(uint64_t from, uint64_t to) const;
  // One entry per bucket, rates per second: for analysis::Diagnose and for capacity.
  analysis::Input Input(uint64_t from, uint64_t to) const;
  // The map as docs/api.md has it, verdict included, judged by the run's limits.
  live::MapView Map(uint64_t from, uint64_t to) const;

 private:
  std::pair<size_t, size_t> RangeOf(uint64_t from, uint64_t to) const;
  live::WindowSet BucketAt(size_t index) const;

  RunInfo info_;
  std::shared_ptr<const live::Names> names_;
  std::vector<live::EdgeEntry> edges_;  // sorted by id
  std::vector<PackedBucket> buckets_;   // oldest first, without gaps
  uint32_t bucket_seconds_;
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace pano::run
