// SPDX-License-Identifier: Apache-2.0
// in: MapView each second  out: docs/api.md over HTTP/1.1
// A few threads serve all sockets; what may wait for the store runs on its own few threads. Slow
// clients are cut off by timeouts, streams that cannot keep up get a fresh snapshot later instead
// of a growing queue. Every bound that is hit is counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "server/api/access.h"
#include "server/api/context.h"

namespace pano::api {

struct HttpOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 8686;  // 0: any
  std::string token;     // needed beyond loopback
  std::string ui_dir;    // serve the page from this folder instead of from the binary
  unsigned threads = 2;
  unsigned store_threads = 2;
  size_t max_connections = 512;
  size_t max_streams = 128;
  size_t max_waiting = 64;  // requests waiting for the store
  uint32_t max_header_bytes = 16 * 1024;
  uint64_t max_body_bytes = uint64_t{1} << 20;
  std::chrono::milliseconds read_timeout{30'000};
  std::chrono::milliseconds write_timeout{10'000};
  size_t max_stream_queue = 8;  // events
  std::chrono::milliseconds stream_comment{10'000};
};

class HttpServer {
 public:
  // `context` must outlive the server. Refuses an address beyond loopback without a token.
  static Result<std::unique_ptr<HttpServer>> Start(const HttpOptions& options, Context& context);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // A new second: ticks go out. Any thread; does not wait.
  void Publish(std::shared_ptr<const live::MapView> view);
  // Ends every connection; returns when all threads are done. Idempotent.
  void Stop();

  uint16_t port() const;
  std::string url() const;  // "http://127.0.0.1:8686"

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pano::api
