// SPDX-License-Identifier: Apache-2.0
#include "server/api/http_server.h"

#include <boost/asio.hpp>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>
#include <vector>

#include "server/api/http_connection.h"

namespace pano::api {

class HttpServer::Impl {
 public:
  Impl(const HttpOptions& options, Context& context)
      : strand_(asio::make_strand(io_)),
        acceptor_(strand_),
        hub_(options, context, store_threads_pool_(options)) {}

  Status Listen(const HttpOptions& options);
  void Run(unsigned threads);
  void Stop();
  StreamHub& hub() { return hub_; }
  tcp::endpoint endpoint() const { return endpoint_; }
  asio::io_context& io() { return io_; }

 private:
  asio::thread_pool& store_threads_pool_(const HttpOptions& options) {
    store_pool_ = std::make_unique<asio::thread_pool>(options.store_threads);
    return *store_pool_;
  }
  void Accept();

  asio::io_context io_;
  std::unique_ptr<asio::thread_pool> store_pool_;
  asio::strand<asio::io_context::executor_type> strand_;  // of the acceptor
  tcp::acceptor acceptor_;
  StreamHub hub_;
  tcp::endpoint endpoint_;
  std::vector<std::jthread> threads_;
  std::once_flag stopped_;
};

Status HttpServer::Impl::Listen(const HttpOptions& options) {
  boost::system::error_code error;
  const asio::ip::address address = asio::ip::make_address(options.address, error);
  if (error) return Fail(Code::kInvalid, "not an address to listen on: {}", options.address);
  if (!address.is_loopback() && options.token.empty()) {
    return std::unexpected(Error{Code::kDenied, "listening beyond loopback needs a token",
                                 "give one with --token, or listen on 127.0.0.1"});
  }
  const tcp::endpoint endpoint(address, options.port);
  std::ignore = acceptor_.open(endpoint.protocol(), error);
  if (!error) std::ignore = acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) std::ignore = acceptor_.bind(endpoint, error);
  if (!error) std::ignore = acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return std::unexpected(Error{
        Code::kUnavailable,
        fmt::format("cannot listen on {}:{}: {}", options.address, options.port, error.message()),
        "another server may run there: choose --listen ADDRESS:PORT"});
  }
  endpoint_ = acceptor_.local_endpoint(error);
  return {};
}

void HttpServer::Impl::Accept() {
  acceptor_.async_accept(asio::make_strand(io_), [this](boost::system::error_code error,
                                                        tcp::socket socket) {
    if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
    if (error) {
      // Out of descriptors: try again later instead of spinning.
      auto timer = std::make_shared<asio::steady_timer>(strand_, std::chrono::milliseconds(100));
      timer->async_wait([this, timer](boost::system::error_code) {
        if (acceptor_.is_open()) Accept();
      });
      return;
    }
    hub_.Take(std::move(socket));
    Accept();
  });
}

void HttpServer::Impl::Run(unsigned threads) {
  hub_.StartComments(io_);
  asio::dispatch(strand_, [this] { Accept(); });
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { io_.run(); });
}

void HttpServer::Impl::Stop() {
  std::call_once(stopped_, [this] {
    asio::post(strand_, [this] {
      boost::system::error_code error;
      std::ignore = acceptor_.close(error);
    });
    hub_.CloseAll();
    store_pool_->join();  // answers under way come to their end, nothing new starts
    io_.stop();
    threads_.clear();
    // What was cancelled ends here: handlers own connections, and those know the hub.
    do {
      io_.restart();
    } while (io_.poll() > 0);
  });
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() { Stop(); }

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpOptions& options,
                                                      Context& context) {
  constexpr std::string_view kTokenCharacters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  if (options.token.find_first_not_of(kTokenCharacters) != std::string::npos) {
    return Fail(Code::kInvalid, "a token is made of letters, digits and -._~");
  }
  auto impl = std::make_unique<Impl>(options, context);
  PANO_TRY(impl->Listen(options));
  impl->Run(options.threads);
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

void HttpServer::Publish(std::shared_ptr<const live::MapView> view) {
  asio::post(impl_->io(), [this, view = std::move(view)] { impl_->hub().Publish(view); });
}

void HttpServer::Stop() { impl_->Stop(); }

uint16_t HttpServer::port() const { return impl_->endpoint().port(); }

std::string HttpServer::url() const {
  const asio::ip::address address = impl_->endpoint().address();
  const std::string host = address.is_unspecified() ? "127.0.0.1" : address.to_string();
  const bool bracketed = address.is_v6() && !address.is_unspecified();
  return bracketed ? fmt::format("http://[{}]:{}", host, port())
                   : fmt::format("http://{}:{}", host, port());
}

}  // namespace pano::api
