// SPDX-License-Identifier: Apache-2.0
// The server on one screen: ingest -> tag -> { store writer, live -> analysis -> api }.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/analysis/limits.h"
#include "server/api/http_server.h"
#include "server/live/live_state.h"
#include "server/store/ddl.h"
#include "server/tag/tagger.h"
#include "wire/batch.h"

namespace pano::server {

struct ServerOptions {
  api::HttpOptions http;
  std::string data_dir;  // limits and the store; empty: nothing is kept
  bool store = true;
  bool recognise_runs = true;              // a load generator that comes and goes is a run
  std::string store_library;               // libchdb.so; empty: where it usually is
  std::vector<std::string> store_command;  // of the store's process; empty: this binary's
  std::string alerts_file;   // rules, routes and silences in YAML, read only; empty: none
  std::string external_url;  // of the page, for links in messages; empty: no links
  std::string version = "0.1.0";
  live::LiveOptions live;
  tag::TaggerLimits tagger;
  store::Retention retention;
  // Set at start over what was kept; without service, client and server: a default.
  std::vector<analysis::LimitOverride> limits;
  size_t ingest_capacity = 64;  // batches
};

class ServerPipeline {
 public:
  // Up and listening when it returns. A store that cannot be opened is no error: see warnings().
  static Result<std::unique_ptr<ServerPipeline>> Start(ServerOptions options);
  ~ServerPipeline();
  ServerPipeline(const ServerPipeline&) = delete;
  ServerPipeline& operator=(const ServerPipeline&) = delete;

  // Any thread; never waits. False: dropped and counted.
  bool Submit(wire::Batch batch);
  // The capture tier and what it cannot do here, in words; shown by /api/v1/status.
  void SetCapture(std::string tier, std::vector<std::string> missing);
  void Stop();  // idempotent

  std::string url() const;
  uint16_t port() const;
  // What does not work, for people: "no store: libchdb.so is missing".
  const std::vector<std::string>& warnings() const;
  live::LiveState& live();

 private:
  class Impl;
  explicit ServerPipeline(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pano::server
