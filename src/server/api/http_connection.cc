// SPDX-License-Identifier: Apache-2.0
#include "server/api/http_connection.h"

#include <fmt/format.h>

#include <array>
#include <tuple>
#include <utility>
#include <vector>

#include "server/api/gzip.h"

namespace pano::api {
namespace {

constexpr size_t kGzipFrom = 4096;
constexpr size_t kMaxDrained = size_t{8} << 20;  // of a refused request
constexpr auto kDrainTime = std::chrono::seconds(2);

// The headers resources look at.
constexpr std::array kHeaders = std::to_array<std::pair<http::field, const char*>>({
    {http::field::host, "host"},
    {http::field::accept, "accept"},
    {http::field::accept_encoding, "accept-encoding"},
    {http::field::authorization, "authorization"},
    {http::field::cookie, "cookie"},
    {http::field::origin, "origin"},
    {http::field::if_none_match, "if-none-match"},
});

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

// StreamHub

void StreamHub::Take(tcp::socket socket) {
  auto connection = std::make_shared<Connection>(std::move(socket), *this);
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || connections_.size() >= options_.max_connections) {
      ++context_.counters.refused;
      return;  // closes it
    }
    connections_.insert(connection.get());
    context_.counters.connections = static_cast<int64_t>(connections_.size());
  }
  connection->Start();
}

bool StreamHub::AddStream(const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex_);
  if (closed_ || streams_.size() >= options_.max_streams) return false;
  streams_.insert(connection.get());
  context_.counters.streams = static_cast<int64_t>(streams_.size());
  return true;
}

void StreamHub::Forget(Connection* connection) {
  const std::lock_guard lock(mutex_);
  connections_.erase(connection);
  streams_.erase(connection);
  context_.counters.connections = static_cast<int64_t>(connections_.size());
  context_.counters.streams = static_cast<int64_t>(streams_.size());
}

void StreamHub::Publish(const std::shared_ptr<const live::MapView>& view) {
  std::vector<std::shared_ptr<Connection>> streams;
  {
    const std::lock_guard lock(mutex_);
    // One that is being destroyed waits for this lock in Forget(): weak_from_this tells.
    for (Connection* c : streams_) {
      if (auto alive = c->weak_from_this().lock()) streams.push_back(std::move(alive));
    }
  }
  if (streams.empty()) return;
  const std::shared_ptr<const Rendered> rendered = context_.renderer.Of(view);
  for (const auto& connection : streams) connection->SendTick(rendered);
}

void StreamHub::SendComments() {
  std::vector<std::shared_ptr<Connection>> streams;
  {
    const std::lock_guard lock(mutex_);
    for (Connection* c : streams_) {
      if (auto alive = c->weak_from_this().lock()) streams.push_back(std::move(alive));
    }
  }
  for (const auto& connection : streams) connection->SendComment();
}

void StreamHub::StartComments(asio::io_context& io) {
  if (comment_timer_ == nullptr) comment_timer_ = std::make_unique<asio::steady_timer>(io);
  comment_timer_->expires_after(options_.stream_comment);
  comment_timer_->async_wait([this, &io](beast::error_code error) {
    if (error) return;
    SendComments();
    StartComments(io);
  });
}

void StreamHub::CloseAll() {
  std::vector<std::shared_ptr<Connection>> all;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (Connection* c : connections_) {
      if (auto alive = c->weak_from_this().lock()) all.push_back(std::move(alive));
    }
  }
  for (const auto& connection : all) connection->Close();
}

// Connection: requests and answers

void Connection::Start() {
  asio::dispatch(stream_.get_executor(), [self = shared_from_this()] { self->Read(); });
}

void Connection::Close() {
  asio::dispatch(stream_.get_executor(), [self = shared_from_this()] { self->Shut(); });
}

void Connection::Shut() {
  beast::error_code error;
  std::ignore = stream_.socket().shutdown(tcp::socket::shutdown_send, error);
  stream_.close();
}

void Connection::Read() {
  parser_.emplace();
  parser_->header_limit(hub_.options().max_header_bytes);
  parser_->body_limit(hub_.options().max_body_bytes);
  stream_.expires_after(hub_.options().read_timeout);
  http::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](beast::error_code error, size_t) { self->OnRead(error); });
}

void Connection::OnRead(beast::error_code error) {
  if (error == http::error::end_of_stream) return Shut();
  if (error) {
    keep_alive_ = head_ = false;
    linger_ = true;
    Response refusal = ErrorResponse({Code::kInvalid, error.message(), ""});
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      refusal.status = 431;
    } else if (error == http::error::body_limit) {
      refusal.status = 413;
    } else if (error.category() != http::make_error_code(http::error::bad_target).category()) {
      return Shut();  // the peer went away, or was too slow
    }
    return Send(std::move(refusal));
  }
  Dispatch();
}

void Connection::Dispatch() {
  const auto& message = parser_->get();
  keep_alive_ = message.keep_alive();
  head_ = message.method() == http::verb::head;
  request_ = {};
  request_.method = View(message.method_string());
  for (const auto& [field, name] : kHeaders) {
    if (const auto at = message.find(field); at != message.end()) {
      request_.headers[name] = View(at->value());
    }
  }
  request_.body = std::move(parser_->get().body());
  auto target = ParseTarget(View(message.target()));
  if (!target) {
    return Send(ErrorResponse({Code::kInvalid, "the request's target is malformed", ""}));
  }
  request_.path = std::move(target->path);
  request_.query = std::move(target->query);
  if (auto refusal = hub_.access().Refuse(request_)) return Send(std::move(*refusal));

  bool known_path = false;
  const Route* route = FindRoute(request_, known_path);
  if (route == nullptr) return Send(AnswerElse(hub_.context(), request_, known_path));
  if (route->kind == Kind::kStream) return BeginStream();
  const bool at_once =
      route->kind == Kind::kQuick || (route->kind == Kind::kLive && request_.query.empty());
  if (at_once) {
    return Send(route->answer(hub_.context(), request_));
  }
  AnswerLater(*route);
}

void Connection::AnswerLater(const Route& route) {
  if (hub_.waiting().fetch_add(1) >= hub_.options().max_waiting) {
    --hub_.waiting();
    ++hub_.context().counters.busy;
    return Send(ErrorResponse({Code::kExhausted, "too many requests wait for the store", ""}));
  }
  stream_.expires_never();  // the store has limits of its own
  asio::post(hub_.store_pool(), [self = shared_from_this(), &route] {
    Response response = route.answer(self->hub_.context(), self->request_);
    --self->hub_.waiting();
    asio::post(self->stream_.get_executor(), [self, response = std::move(response)]() mutable {
      self->Send(std::move(response));
    });
  });
}

void Connection::Send(Response response) {
  ++hub_.context().counters.requests;
  if (response.status >= 400) ++hub_.context().counters.errors;
  bool encoded = false;
  for (const auto& [name, value] : response.headers)
    encoded = encoded || name == "Content-Encoding";
  if (!encoded && response.body.size() >= kGzipFrom &&
      AcceptsGzip(request_.Header("accept-encoding"))) {
    if (std::string packed = Gzip(response.body); !packed.empty()) {
      response.body = std::move(packed);
      response.headers.emplace_back("Content-Encoding", "gzip");
    }
  }
  response_ = std::make_shared<StringResponse>();
  response_->version(11);
  response_->result(response.status);
  response_->set(http::field::server, "panoscope");
  if (!response.body.empty() || response.status != 304) {
    response_->set(http::field::content_type, response.content_type);
  }
  response_->set("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) response_->set(name, value);
  response_->keep_alive(keep_alive_);
  response_->body() = std::move(response.body);
  response_->prepare_payload();
  if (head_) response_->body().clear();  // the length stays
  stream_.expires_after(hub_.options().write_timeout);
  http::async_write(
      stream_, *response_,
      [self = shared_from_this()](beast::error_code error, size_t) { self->OnWritten(error); });
}

void Connection::OnWritten(beast::error_code error) {
  response_.reset();
  if (!error && linger_) {
    std::ignore = stream_.socket().shutdown(tcp::socket::shutdown_send, error);
    stream_.expires_after(kDrainTime);
    return Drain();
  }
  if (error || !keep_alive_) return Shut();
  Read();
}

// Closing a socket with unread bytes resets it, and the peer may lose the answer.
void Connection::Drain() {
  stream_.async_read_some(asio::buffer(discarded_),
                          [self = shared_from_this()](beast::error_code error, size_t size) {
                            self->drained_ += size;
                            if (error || self->drained_ > kMaxDrained) return self->Shut();
                            self->Drain();
                          });
}

// Connection: the map stream

void Connection::BeginStream() {
  if (!hub_.AddStream(shared_from_this())) {
    return Send(ErrorResponse({Code::kExhausted, "too many streams are open", ""}));
  }
  ++hub_.context().counters.requests;
  const auto rendered = hub_.context().renderer.Of(hub_.context().live->Latest());
  topology_ = rendered->view->topology;
  // Ends with the connection (RFC 9112 6.3), so events need no chunks.
  Enqueue(std::make_shared<const std::string>(
      "HTTP/1.1 200 OK\r\nServer: panoscope\r\nContent-Type: text/event-stream\r\n"
      "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\n"
      "Connection: close\r\n\r\nretry: 1000\n\n" +
      (head_ ? std::string() : rendered->snapshot_event)));
  AwaitEnd();
}

// Between two ticks this read alone keeps the connection alive, and tells when the peer goes.
void Connection::AwaitEnd() {
  stream_.socket().async_read_some(asio::buffer(discarded_),
                                   [self = shared_from_this()](beast::error_code error, size_t) {
                                     if (error) return self->Shut();
                                     self->AwaitEnd();
                                   });
}

void Connection::SendTick(std::shared_ptr<const Rendered> rendered) {
  asio::post(stream_.get_executor(), [self = shared_from_this(), rendered = std::move(rendered)] {
    const bool whole = self->resync_ || rendered->view->topology != self->topology_;
    if (self->queue_.size() + (whole ? 2 : 1) > self->hub_.options().max_stream_queue) {
      // Too slow: what waits is worth nothing by the time it arrives. The one being written stays.
      if (!self->resync_) ++self->hub_.context().counters.stream_resyncs;
      self->queue_.resize(std::min<size_t>(self->queue_.size(), 1));
      self->resync_ = true;
      return;
    }
    self->resync_ = false;
    self->topology_ = rendered->view->topology;
    if (whole) {
      self->Enqueue(std::shared_ptr<const std::string>(rendered, &rendered->snapshot_event));
    }
    self->Enqueue(std::shared_ptr<const std::string>(rendered, &rendered->tick_event));
  });
}

void Connection::SendComment() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    static const auto kComment = std::make_shared<const std::string>(": still here\n\n");
    if (self->queue_.empty()) self->Enqueue(kComment);
  });
}

void Connection::Enqueue(std::shared_ptr<const std::string> text) {
  queue_.push_back(std::move(text));
  if (!writing_) WriteNext();
}

void Connection::WriteNext() {
  if (queue_.empty() || !stream_.socket().is_open()) return;
  writing_ = true;
  stream_.expires_after(hub_.options().write_timeout);
  asio::async_write(stream_, asio::buffer(*queue_.front()),
                    [self = shared_from_this()](beast::error_code error, size_t) {
                      self->writing_ = false;
                      if (error) return self->Shut();
                      self->queue_.pop_front();
                      self->stream_.expires_never();
                      self->WriteNext();
                    });
}

}  // namespace pano::api
