// SPDX-License-Identifier: Apache-2.0
// in: Observation each second, words of people  out: alerts, groups, messages on their way
// Rules, routes, silences, what fires and its history, of one data folder. Thread safe. Two threads
// of its own: one evaluates and writes, one carries messages; neither is ever waited for by Tick.
// Calls of people may write files: they belong on threads that may wait. Bodies and answers are the
// JSON of docs/api.md.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/alert/observation.h"

namespace pano::alert {

struct KeeperOptions {
  std::string folder;        // of alerts.json and alerts.sqlite; empty: memory only
  std::string provisioned;   // a YAML or JSON file of rules, routes, silences; empty: none
  std::string external_url;  // of the page, for links; empty: no links
  // The runs to judge, asked now and then on a thread that may wait; may be empty.
  std::function<std::vector<RunFacts>()> runs;
};

struct HistoryQuery {
  uint64_t from = 0;
  uint64_t to = 0;   // 0: no end
  std::string kind;  // "alert", "message"; empty: both
  std::string rule;
  std::string route;
  std::string service;
  size_t limit = 200;
  uint64_t before = 0;  // entry number; 0: from the newest
};

// For /metrics.
struct AlertCounts {
  size_t pending = 0;
  size_t firing = 0;
  size_t silenced = 0;
  uint64_t sent = 0;
  uint64_t failed = 0;     // attempts
  uint64_t unwatched = 0;  // observations the evaluating thread had no room for
};

enum class Kept : uint8_t { kRules, kRoutes, kSilences };

class AlertKeeper {
 public:
  // Reads the folder; what cannot be read is set aside and told by Alarms().
  static Result<std::unique_ptr<AlertKeeper>> Open(KeeperOptions options);
  ~AlertKeeper();  // ends what is on its way
  AlertKeeper(const AlertKeeper&) = delete;
  AlertKeeper& operator=(const AlertKeeper&) = delete;

  // A second was completed. Any thread; never waits.
  void Tick(Observation observation);

  nlohmann::json Now() const;  // GET /api/v1/alerts
  Result<nlohmann::json> History(const HistoryQuery& query) const;
  AlertCounts Counts() const;

  nlohmann::json List(Kept what) const;
  Result<nlohmann::json> Find(Kept what, const std::string& id) const;
  // `id` empty: a new one, its id from the body or made. Else replaced, or made with that id.
  Result<nlohmann::json> Put(Kept what, const std::string& id, std::string_view body);
  Result<nlohmann::json> Remove(Kept what, const std::string& id);
  // Sends one test message and waits for the answer, at most the route's timeout.
  Result<nlohmann::json> Test(const std::string& route);

  // What does not work, for people.
  std::vector<std::string> Alarms() const;

 private:
  class Impl;
  explicit AlertKeeper(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

bool ValidId(std::string_view id);  // [0-9a-z-]{1,40}

}  // namespace pano::alert
