// SPDX-License-Identifier: Apache-2.0
// What a RunKeeper is made of. Private to the run_keeper*.cc files.
#pragma once

#include <condition_variable>
#include <ctime>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "server/run/load_detector.h"
#include "server/run/recording.h"
#include "server/run/run_keeper.h"

namespace pano::run {

inline constexpr std::string_view kRunSuffix = ".run";
inline constexpr size_t kMaxRunsInMemory = 20;  // that are in no file

inline uint64_t WallSecond() { return WallNs() / 1'000'000'000u; }

// strftime of a unix second, UTC.
std::string TimeText(uint64_t second, const char* format);

class RunKeeper::Impl {
 public:
  Impl(KeeperOptions options, live::LiveState& live) : options_(std::move(options)), live_(live) {
    lag_ = live.options().late_seconds + 1;
  }
  ~Impl();

  Status OpenFolder();
  void StartThread() {
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  }
  void Tick();

  std::vector<RunSummary> List() const;
  Result<RunSummary> Find(const std::string& id) const;
  Result<SnapshotPtr> Load(const std::string& id) const;
  Result<RunSummary> Start(StartRequest request);
  Result<RunSummary> Stop(const std::string& id, uint64_t end);
  Result<RunSummary> Change(const std::string& id, RunChange change);
  Result<Mark> AddMark(const std::string& id, Mark mark);
  Result<RunSummary> Attach(const std::string& id, LoadgenReport report);
  Status Delete(const std::string& id);
  std::vector<std::string> Alarms() const;
  bool recognises() const { return options_.recognise; }

 private:
  // A run that is not written to its end yet.
  struct Active {
    Recording recording;
    uint64_t last_event = 0;  // number in the event log
    uint64_t file_bytes = 0;  // whole so far; 0: no file
    size_t file_buckets = 0;  // full buckets in the file
    uint32_t file_generation = 0;
    uint64_t checkpoint_ns = 0;  // monotonic, of the last one
    uint64_t settled = 0;        // seconds before it cannot change any more
    uint64_t filled_from = 0;    // resumed: the store is asked for what memory has not
    bool dirty = true;           // words of people that are not written yet
  };
  struct Entry {
    RunSummary summary;
    SnapshotPtr snapshot;  // only of runs that are in no file
  };
  using EditInfo = std::function<Status(RunInfo&)>;

  void Run(const std::stop_token& stop);
  void Work();
  void FillGaps(uint64_t settled);
  void TakeIn(Active& active, uint64_t until);
  void TakeTail(Recording& recording) const;
  void TakeWords(Active& active);
  void TakeVerdict(Active& active, const live::MapView& view);
  void Detect(uint64_t end);
  void FollowLoad(const LoadDetector::Change& change);
  Result<std::string> Begin(RunInfo info);
  void EndActive(Active& active, uint64_t end, RunState state);

  // With file_mutex_ held.
  void Checkpoint(const std::string& id, bool final_one);
  Status Write(const std::string& id, const Snapshot& snapshot, const RunSummary& summary,
               Active& facts);
  void MakeRoom();
  Status Adopt(const std::filesystem::path& path);

  // With mutex_ held.
  Active* Running();
  const Active* Running() const;
  Active* ActiveOf(const std::string& id);
  std::string Resolve(const std::string& id) const;
  void SetAlarm(const std::string& key, const std::string& text);
  SnapshotPtr Cached(const std::string& id) const;

  Result<RunSummary> Edit(const std::string& id, const EditInfo& edit);
  std::string PathOf(const std::string& id) const {
    return options_.folder + "/" + id + std::string(kRunSuffix);
  }

  const KeeperOptions options_;
  live::LiveState& live_;
  uint64_t lag_ = 11;  // seconds a second may still change

  mutable std::mutex file_mutex_;  // files; taken before mutex_
  mutable std::mutex mutex_;       // all below
  std::condition_variable ticked_;
  bool pending_ = false;
  std::map<std::string, std::unique_ptr<Active>> active_;
  std::map<std::string, Entry> index_;
  std::map<std::string, std::string> alarms_;
  mutable std::deque<std::pair<std::string, SnapshotPtr>> cache_;
  LoadDetector detector_;
  uint64_t detector_next_ = 0;
  std::jthread thread_;
};

}  // namespace pano::run
