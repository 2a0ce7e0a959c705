// SPDX-License-Identifier: Apache-2.0
// in: tag::TaggedBatch  out: MapView each second, the last 15 minutes in memory
// Seconds are collected as batches come, completed once, and corrected when a batch comes late.
// Threads: Load, Apply, Advance belong to one thread (the pipeline's); everything else is for any
// thread and never waits for that one.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/analysis/diagnose.h"
#include "server/analysis/state.h"
#include "server/live/edge_directory.h"
#include "server/live/event_log.h"
#include "server/live/history.h"
#include "server/live/map_view.h"
#include "server/live/published.h"

namespace pano::live {

struct LiveOptions {
  uint32_t window_seconds = 5;     // of the numbers on the live map
  uint32_t analysis_seconds = 15;  // what the diagnosis looks at
  uint32_t forget_seconds = 300;   // an edge without traffic or open connections leaves the map
  uint32_t late_seconds = 10;      // batches this late still correct their second
  size_t history_seconds = 900;
  size_t history_bytes = size_t{128} << 20;
};

struct AgentStatus {
  std::string agent;
  uint64_t last_second = 0;
  wire::AgentHealth health;
};

class LiveState {
 public:
  explicit LiveState(LiveOptions options = {});

  // Names from before this start.
  void Load(const std::vector<tag::Service>& services);
  void Apply(const tag::TaggedBatch& batch);
  // True once every agent that is alive delivered `second`.
  bool Complete(uint64_t second) const;
  // Completes `second` and publishes the map. Answers the events the server itself made of it.
  // Seconds must grow; those skipped count as unwatched.
  std::vector<tag::EventRow> Advance(uint64_t second);
  uint64_t last_second() const { return last_second_; }

  // Any thread.
  std::shared_ptr<const MapView> Latest() const { return latest_.Get(); }
  // The map of [from, to) from memory; kNotFound when memory does not reach back to `from`.
  Result<MapView> Over(uint64_t from, uint64_t to) const;
  // The map of what the store kept of some time.
  MapView FromStored(const WindowSet& windows) const;
  std::vector<SecondPtr> Seconds(uint64_t from, uint64_t to) const {
    return history_.Range(from, to);
  }
  std::pair<uint64_t, uint64_t> Span() const { return history_.Span(); }
  size_t history_bytes() const { return history_.bytes(); }
  EdgeDirectory& edge_directory() const { return directory_; }
  std::shared_ptr<const Names> names() const { return names_.Get(); }
  const LiveOptions& options() const { return options_; }

  void SetLimits(analysis::Limits limits);
  std::shared_ptr<const analysis::Limits> limits() const { return limits_.Get(); }

  MapEvent AddEvent(tag::EventRow row);
  const EventLog& events() const { return events_; }

  void CountLoss(const std::string& cause, uint64_t count = 1);
  std::vector<std::pair<std::string, uint64_t>> Losses() const;  // since start
  std::vector<AgentStatus> Agents() const;

 private:
  struct Presence {
    uint64_t last_active = 0;
    bool open = false;  // connections were open in that second, whoever saw them
  };

  void TakeNames(const tag::TaggedBatch& batch);
  void TakeRows(OpenSecond& open, const tag::TaggedBatch& batch);
  void ForgetGone(uint64_t second);
  std::vector<uint32_t> PresentEdges(uint64_t second);
  void Track(MapView& map, const WindowSet& last, uint64_t second);
  void TrackOne(analysis::StateTracker& tracker, Standing& standing, uint64_t second,
                const EdgeWindow& window, bool latency_counts, const analysis::LimitSet& limits);
  uint64_t TopologyOf(const MapView& map);
  std::vector<tag::EventRow> Notice(const MapView& before, const MapView& now);
  EdgeIdOf EdgeOf() const;

  const LiveOptions options_;
  mutable EdgeDirectory directory_;
  History history_;
  EventLog events_;
  Published<MapView> latest_;
  Published<Names> names_;
  Published<analysis::Limits> limits_;

  // The pipeline's thread only.
  Names working_names_;
  std::map<uint64_t, OpenSecond> open_;
  std::map<uint32_t, Presence> present_;
  std::map<uint32_t, analysis::StateTracker> edge_trackers_;
  std::map<uint32_t, analysis::StateTracker> node_trackers_;
  analysis::VerdictKeeper keeper_;
  std::atomic<uint64_t> last_second_{0};  // read by any thread
  uint64_t topology_ = 1;
  std::string topology_key_;
  uint64_t last_event_ = 0;

  mutable std::mutex counts_mutex_;
  std::map<std::string, uint64_t> losses_;
  std::map<std::string, AgentStatus> agents_;
};

}  // namespace pano::live
