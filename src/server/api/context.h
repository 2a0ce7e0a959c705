// SPDX-License-Identifier: Apache-2.0
// What the resources work on. Made once by the pipeline, shared by all requests; every part of it
// is thread safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/alert/alert_keeper.h"
#include "server/api/archive.h"
#include "server/api/static_files.h"
#include "server/live/live_state.h"
#include "server/run/run_keeper.h"

namespace pano::api {

struct HttpCounters {
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> errors{0};          // answers of 400 and above
  std::atomic<uint64_t> refused{0};         // connections beyond the limit
  std::atomic<uint64_t> busy{0};            // requests refused because too many wait for the store
  std::atomic<uint64_t> stream_resyncs{0};  // clients too slow for the ticks
  std::atomic<int64_t> connections{0};
  std::atomic<int64_t> streams{0};
};

// The live map's bodies, made once per second however many ask.
struct Rendered {
  std::shared_ptr<const live::MapView> view;
  std::string map;
  std::string map_gzip;
  std::string snapshot_event;  // as sent on the stream
  std::string tick_event;
};

class Renderer {
 public:
  std::shared_ptr<const Rendered> Of(const std::shared_ptr<const live::MapView>& view);

 private:
  std::mutex mutex_;
  std::shared_ptr<const Rendered> last_;
};

// Told by who runs the agent in this process.
struct CaptureNote {
  std::string tier = "none";
  std::vector<std::string> missing;  // what this tier cannot do here, in words
};

struct Context {
  live::LiveState* live = nullptr;
  Archive* archive = nullptr;            // null: no store
  run::RunKeeper* runs = nullptr;        // never null while requests are answered
  alert::AlertKeeper* alerts = nullptr;  // null: this server has none
  const StaticFiles* files = nullptr;
  std::function<Status(const analysis::Limits&)> set_limits;
  std::function<live::MapEvent(tag::EventRow)> add_event;
  std::function<uint64_t()> ingest_backlog;
  live::Published<CaptureNote> capture{std::make_shared<const CaptureNote>()};
  std::string version;
  uint64_t started_ns = 0;  // monotonic
  HttpCounters counters;
  Renderer renderer;
};

}  // namespace pano::api
