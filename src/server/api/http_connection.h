// SPDX-License-Identifier: Apache-2.0
// Connections of the HTTP server. Private to the two http_*.cc files: the only ones that see Beast.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "server/api/http_server.h"
#include "server/api/routes.h"

namespace pano::api {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

class Connection;

// Owns what connections share: limits, counts, the streams. Thread safe.
class StreamHub {
 public:
  StreamHub(const HttpOptions& options, Context& context, asio::thread_pool& store_pool)
      : options_(options), context_(context), access_(options.token), store_pool_(store_pool) {}

  void Take(tcp::socket socket);
  void Publish(const std::shared_ptr<const live::MapView>& view);
  void StartComments(asio::io_context& io);
  void CloseAll();

  const HttpOptions& options() const { return options_; }
  Context& context() { return context_; }
  const Access& access() const { return access_; }
  asio::thread_pool& store_pool() { return store_pool_; }
  std::atomic<size_t>& waiting() { return waiting_; }

  // False: too many streams.
  bool AddStream(const std::shared_ptr<Connection>& connection);
  void Forget(Connection* connection);

 private:
  void SendComments();

  const HttpOptions options_;
  Context& context_;
  const Access access_;
  asio::thread_pool& store_pool_;
  std::atomic<size_t> waiting_{0};
  std::unique_ptr<asio::steady_timer> comment_timer_;
  std::mutex mutex_;
  bool closed_ = false;
  std::set<Connection*> connections_;
  std::set<Connection*> streams_;
};

// One socket. All its members belong to its strand.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, StreamHub& hub) : stream_(std::move(socket)), hub_(hub) {}
  ~Connection() { hub_.Forget(this); }

  void Start();
  void Close();
  // Any thread: one more event for the stream, which tells of `topology`.
  void SendTick(std::shared_ptr<const Rendered> rendered);
  void SendComment();

 private:
  using StringResponse = http::response<http::string_body>;

  void Read();
  void OnRead(beast::error_code error);
  void Dispatch();
  void AnswerLater(const Route& route);
  void Send(Response response);
  void OnWritten(beast::error_code error);
  void Drain();
  void BeginStream();
  void AwaitEnd();
  void Enqueue(std::shared_ptr<const std::string> text);
  void WriteNext();
  void Shut();

  beast::tcp_stream stream_;
  StreamHub& hub_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  Request request_;
  std::shared_ptr<StringResponse> response_;
  bool keep_alive_ = false;
  bool head_ = false;
  bool linger_ = false;  // bytes of a refused request may still be on their way
  size_t drained_ = 0;
  std::array<char, 512> discarded_;  // what nobody looks at

  // Streams only.
  std::deque<std::shared_ptr<const std::string>> queue_;
  bool writing_ = false;
  bool resync_ = false;  // the queue overflowed: a snapshot comes next
  uint64_t topology_ = 0;
};

}  // namespace pano::api
