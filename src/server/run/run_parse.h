// SPDX-License-Identifier: Apache-2.0
// in: the bytes of a run's file  out: Snapshot, RunSummary
// What is read may come from anybody: every length and number is checked, and nothing beyond fixed
// bounds is ever allocated.
#pragma once

#include <cstdint>

#include "base/cursor.h"
#include "base/result.h"
#include "server/run/run_keeper.h"
#include "server/run/snapshot.h"

namespace pano::run {

struct ReadRun {
  SnapshotPtr snapshot;
  RunSummary summary;
  uint64_t valid_bytes = 0;  // up to the last whole frame
  bool torn = false;         // bytes after it were no frame
};

// kInvalid: not a run, or damaged before its description was complete. kUnsupported: of a newer
// version.
Result<ReadRun> ParseRun(Bytes file);

}  // namespace pano::run
