// SPDX-License-Identifier: Apache-2.0
// The keeper's inside. alert_keeper.cc is its thread and its files, alert_keeper_views.cc what
// people read of it.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/queue.h"
#include "server/alert/alert_keeper.h"
#include "server/alert/dispatch.h"
#include "server/alert/history.h"
#include "server/alert/kept_entries.h"
#include "server/alert/receiver/receiver.h"
#include "server/alert/watch.h"

namespace pano::alert {

inline uint64_t NowSeconds() { return WallNs() / 1'000'000'000u; }

// What came back of a message; made on the courier's thread.
struct Answer {
  Due due;
  Route route;
  Severity severity = Severity::kInfo;
  std::string title;
  Reply reply;
};

class AlertKeeper::Impl {
 public:
  explicit Impl(KeeperOptions options) : options_(std::move(options)), waiting_(kMaxWaiting) {}
  ~Impl();

  Status Open();
  void Tick(Observation observation);
  nlohmann::json Now() const;
  AlertCounts Counts() const;
  nlohmann::json List(Kept what) const;
  Result<nlohmann::json> Find(Kept what, const std::string& id) const;
  Result<nlohmann::json> Put(Kept what, const std::string& id, std::string_view body);
  Result<nlohmann::json> Remove(Kept what, const std::string& id);
  Result<nlohmann::json> Test(const std::string& id);
  std::vector<std::string> Alarms() const;

  std::unique_ptr<alert::History> history_;

 private:
  static constexpr size_t kMaxWaiting = 16;  // observations

  void Run(const std::stop_token& stop);
  void Observe(Observation observation);
  void TakeAnswers();
  void SendDue();
  void Reload();
  bool Load(const std::string& path, uint64_t& stamp, Entries& into, bool provisioned);
  void SaveState();
  void SetAlarm(const std::string& what, const Status& status);
  void Record(const nlohmann::json& entry);
  Status Commit(Entries next);  // with edit_mutex_ held

  // With mutex_ held.
  void Apply();
  Message MessageOf(const Due& due) const;
  nlohmann::json Public(const Rule& rule) const;
  nlohmann::json Public(const Route& route) const;
  nlohmann::json Public(const Silence& silence) const;

  std::string EntryPath() const {
    return options_.folder.empty() ? "" : options_.folder + "/alerts.json";
  }

  const KeeperOptions options_;
  BoundedQueue<Observation> waiting_;
  std::atomic<uint64_t> unwatched_{0};
  std::atomic<bool> testing_{false};

  std::mutex edit_mutex_;  // one change at a time; taken before mutex_
  mutable std::mutex mutex_;
  KeptEntries kept_;
  uint64_t own_stamp_ = 0;
  uint64_t fixed_stamp_ = 0;
  Watch watch_;
  Dispatcher dispatcher_;
  std::map<std::string, std::string> alarms_;
  bool dirty_ = false;
  bool applied_ = false;  // written under both locks
  uint64_t sent_ = 0;
  uint64_t failed_ = 0;

  std::vector<RunFacts> runs_;  // the thread's
  uint64_t runs_asked_ = 0;

  std::mutex answers_mutex_;
  std::vector<Answer> answers_;  // at most as many as are under way

  std::unique_ptr<Courier> courier_;
  std::jthread thread_;
};

}  // namespace pano::alert
