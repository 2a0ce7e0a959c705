// SPDX-License-Identifier: Apache-2.0
// in: live::PackedSecond, one after the other  out: Snapshot
// A run while it grows. Bounded: when kMaxBuckets are full, or too many bytes, every two buckets
// become one of twice the length; edges and nodes beyond a limit are left out and counted. A value:
// a copy is cheap, full buckets are shared. Not thread safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "server/live/history.h"
#include "server/live/map_view.h"
#include "server/run/run.h"
#include "server/run/snapshot.h"
#include "server/run/window_fold.h"

namespace pano::run {

struct RecordingLimits {
  size_t buckets = kMaxBuckets;
  size_t bytes = size_t{48} << 20;  // packed
  size_t least_buckets = 60;        // not folded further for bytes
  size_t edges = 2000;
  size_t nodes = 2000;
};

class Recording {
 public:
  explicit Recording(RunInfo info, RecordingLimits limits = {});
  // Goes on where a file ends.
  explicit Recording(const Snapshot& snapshot, RecordingLimits limits = {});

  RunInfo& info() { return info_; }
  const RunInfo& info() const { return info_; }
  // The first second not taken yet.
  uint64_t next() const { return next_; }
  // Grows when buckets already given out were folded: a file must be written anew.
  uint32_t generation() const { return generation_; }

  // Seconds must grow; those left out count as unwatched, those before next() are ignored.
  void Take(const live::PackedSecond& second, const live::Names& names,
            const live::EdgeIdOf& edge_of);
  // The same of a second that comes from the store.
  void Take(live::WindowSet second, const live::Names& names);

  // With the bucket that is not full yet as the last one.
  SnapshotPtr Freeze() const;

 private:
  void SkipTo(uint64_t second);
  void AddSecond(const live::WindowSet& second, bool watched, live::SecondVerdict verdict);
  void CloseBucket();
  PackedBucket OpenBucket() const;
  void FoldPairs();
  void Translate(live::WindowSet& second, const live::Names& names);
  uint32_t NodeOf(uint32_t live_id, const live::Names& names);
  uint32_t EdgeOf(uint32_t live_id, const tag::EdgeId& live_edge, const live::Names& names);
  void CountLoss(const char* cause);

  RunInfo info_;
  RecordingLimits limits_;
  live::Names names_;  // the run's own ids
  std::map<uint32_t, live::EdgeEntry> edges_;
  std::map<uint32_t, uint32_t> node_of_;  // live id -> own
  std::map<uint32_t, uint32_t> edge_of_;
  std::vector<PackedBucket> full_;
  size_t bytes_ = 0;
  WindowFold open_;
  PackedBucket open_facts_;  // of `open_`; data is empty
  uint32_t bucket_seconds_ = 1;
  uint64_t next_ = 0;
  uint32_t generation_ = 0;
};

}  // namespace pano::run
