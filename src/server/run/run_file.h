// SPDX-License-Identifier: Apache-2.0
// in: Snapshot  out: its file, and back
// A header and frames, each compressed and with a checksum (docs/runs.md). While a run grows,
// frames are appended and synced; a torn one at the end is cut off, everything before it stands.
// Whole files are written beside and renamed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "server/run/run_keeper.h"
#include "server/run/run_parse.h"
#include "server/run/snapshot.h"

namespace pano::run {

Result<ReadRun> ReadRunFile(const std::string& path);
// Only the newest summary; frames of data are skipped over, not read.
Result<RunSummary> ReadRunSummary(const std::string& path);

// The whole file, synced before it takes its name.
Status WriteRunFile(const std::string& path, const Snapshot& snapshot, const RunSummary& summary);

// Appends to a growing run's file: description, names and the buckets from `first_bucket` on.
// `expected_bytes`: what is whole so far; more is cut off. Answers the new size. On an error the
// file is what it was up to expected_bytes.
Result<uint64_t> AppendRunFile(const std::string& path, uint64_t expected_bytes,
                               const Snapshot& snapshot, const RunSummary& summary,
                               size_t first_bucket);

}  // namespace pano::run
