// SPDX-License-Identifier: Apache-2.0
// in: seconds of the live state, words of people  out: runs, kept in files
// All runs of one data folder: the one that runs and those that ended. Thread safe; calls read and
// write files, so they belong on threads that may wait. Without a folder runs are kept in memory
// until the process ends.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/live/live_state.h"
#include "server/run/run.h"
#include "server/run/snapshot.h"

namespace pano::run {

// What a list needs of a run, without opening its file.
struct RunSummary {
  std::string id;
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;
  RunState state = RunState::kRunning;
  Origin origin = Origin::kManual;
  uint64_t begin = 0;
  uint64_t end = 0;
  std::string generator;
  uint32_t steps = 0;
  double offered_rate = analysis::kUnknown;   // 1/s at the entry, over the run
  double accepted_rate = analysis::kUnknown;  // 1/s
  double requests = analysis::kUnknown;       // at the entry
  double errors = analysis::kUnknown;         // at the entry
  double latency_p50_us = analysis::kUnknown;
  double latency_p95_us = analysis::kUnknown;
  double latency_p99_us = analysis::kUnknown;
  double connections = analysis::kUnknown;  // most of any step
  analysis::Verdict verdict = analysis::Verdict::kUnknownCause;
  std::string bottleneck;
  std::string sentence;
  std::optional<bool> objectives_met;  // none: nothing was judged
  uint64_t bytes = 0;                  // of its file
};

struct StartRequest {
  std::string name;  // empty: made from the time
  std::vector<std::pair<std::string, std::string>> labels;
  std::string notes;
  std::optional<analysis::Limits> objectives;
  uint64_t begin = 0;  // 0: now; the past as far as memory reaches
};

struct RunChange {
  std::optional<std::string> name;
  std::optional<std::string> notes;
  std::vector<std::pair<std::string, std::string>> labels;  // an empty value removes the label
  std::optional<analysis::Limits> objectives;
};

// The run that runs now, wherever an id is asked for.
inline constexpr std::string_view kCurrent = "current";

struct KeeperOptions {
  std::string folder;  // of the files; empty: memory only
  std::string version;
  uint64_t checkpoint_seconds = 10;
  uint64_t resume_seconds = 120;  // a run found running goes on if its data end this lately
  uint64_t max_bytes = uint64_t{4} << 30;  // of all files: recognised runs go first, oldest first
  size_t max_runs = 1000;
  bool recognise = true;
  // Seconds of [from, to) as the store has them, for a run that goes on after a restart; ids are
  // the live state's. May be empty, may answer fewer, may wait.
  std::function<std::vector<live::WindowSet>(uint64_t from, uint64_t to)> backfill;
};

class RunKeeper {
 public:
  // Reads the folder; a run that was running goes on or is ended as aborted. `live` must outlive
  // the keeper.
  static Result<std::unique_ptr<RunKeeper>> Open(KeeperOptions options, live::LiveState& live);
  ~RunKeeper();  // writes what there is; the run that runs stays running
  RunKeeper(const RunKeeper&) = delete;
  RunKeeper& operator=(const RunKeeper&) = delete;

  // A second was completed. Any thread; never waits: the work is done on a thread of its own.
  void Tick();

  std::vector<RunSummary> List() const;  // newest first
  Result<RunSummary> Find(const std::string& id) const;
  // Of a running run what is known up to the last second.
  Result<SnapshotPtr> Load(const std::string& id) const;

  // A recognised run that runs is ended first; kInvalid while a manual one runs.
  Result<RunSummary> Start(StartRequest request);
  Result<RunSummary> Stop(const std::string& id, uint64_t end = 0);  // 0: now
  Result<RunSummary> Change(const std::string& id, RunChange change);
  Result<Mark> AddMark(const std::string& id, Mark mark);  // time 0: now
  Result<RunSummary> Attach(const std::string& id, LoadgenReport report);
  Status Delete(const std::string& id);

  bool recognises() const;
  // What does not work, for people: "runs are not written: no space left on device".
  std::vector<std::string> Alarms() const;

 private:
  class Impl;
  explicit RunKeeper(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pano::run
