// SPDX-License-Identifier: Apache-2.0
#include "cli/client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <iostream>

namespace pano::cli {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using Request = http::request<http::string_body>;

constexpr auto kPatience = std::chrono::seconds(35);
constexpr uint64_t kMaxAnswerBytes = uint64_t{256} << 20;

std::unexpected<Error> NobodyThere(const ServerAddress& server, const std::string& why) {
  return std::unexpected(Error{Code::kUnavailable,
                               fmt::format("nothing answers at {}: {}", server.url, why),
                               "start it with: sudo panoscope up     (or name it with --url)"});
}

Result<nlohmann::json> Decode(const http::response<http::string_body>& response) {
  auto json = nlohmann::json::parse(response.body(), nullptr, /*allow_exceptions=*/false);
  if (response.result_int() < 300) {
    if (json.is_discarded()) return Fail(Code::kInternal, "the server's answer is not JSON");
    return json;
  }
  Error error{Code::kInternal, fmt::format("the server answered {}", response.result_int()), {}};
  if (json.is_object() && json.contains("error") && json["error"].is_object()) {
    error.text = json["error"].value("message", error.text);
    error.hint = json["error"].value("hint", "");
    if (json["error"].value("code", "") == "invalid") error.code = Code::kInvalid;
    if (json["error"].value("code", "") == "not_found") error.code = Code::kNotFound;
  }
  if (response.result_int() == 401) error.hint = "pass the token with --token or PANOSCOPE_TOKEN";
  return std::unexpected(std::move(error));
}

Result<http::response<http::string_body>> Converse(const ServerAddress& server, Request request) {
  PANO_ASSIGN(const HostPort at, ParseUrl(server.url));
  request.set(http::field::host, at.host + ":" + at.port);
  request.set(http::field::user_agent, "panoscope");
  if (!server.token.empty()) request.set(http::field::authorization, "Bearer " + server.token);
  request.prepare_payload();

  boost::asio::io_context context;
  beast::tcp_stream stream(context);
  boost::system::error_code error;
  boost::asio::ip::tcp::resolver resolver(context);
  const auto addresses = resolver.resolve(at.host, at.port, error);
  if (error) return NobodyThere(server, error.message());

  // The asynchronous calls carry the deadline; run() ends when they have.
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxAnswerBytes);
  beast::flat_buffer buffer;
  stream.expires_after(kPatience);
  stream.async_connect(addresses, [&](beast::error_code e, const auto&) {
    error = e;
    if (error) return;
    http::async_write(stream, request, [&](beast::error_code write_error, size_t) {
      error = write_error;
      if (error) return;
      http::async_read(stream, buffer, parser,
                       [&](beast::error_code read_error, size_t) { error = read_error; });
    });
  });
  context.run();
  if (error) return NobodyThere(server, error.message());
  return parser.release();
}

Result<nlohmann::json> Exchange(const ServerAddress& server, Request request) {
  PANO_ASSIGN(const auto response, Converse(server, std::move(request)));
  return Decode(response);
}

}  // namespace

Result<HostPort> ParseUrl(const std::string& url) {
  std::string_view rest = url;
  if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else if (rest.find("://") != std::string_view::npos) {
    return Fail(Code::kInvalid, "'{}' is not an http:// address", url);
  }
  rest = rest.substr(0, rest.find('/'));
  if (rest.empty()) return Fail(Code::kInvalid, "'{}' names no host", url);
  const size_t colon = rest.rfind(':');
  const bool bracket = rest.front() == '[';
  if (colon == std::string_view::npos || (bracket && rest.back() == ']')) {
    return HostPort{std::string(rest), "8686"};
  }
  std::string host(rest.substr(0, colon));
  if (bracket && host.size() > 2) host = host.substr(1, host.size() - 2);
  return HostPort{host, std::string(rest.substr(colon + 1))};
}

Result<nlohmann::json> Get(const ServerAddress& server, const std::string& target) {
  return Exchange(server, Request(http::verb::get, target, 11));
}

Result<std::string> GetText(const ServerAddress& server, const std::string& target) {
  PANO_ASSIGN(auto response, Converse(server, Request(http::verb::get, target, 11)));
  if (response.result_int() >= 300) return std::unexpected(Decode(response).error());
  return std::move(response.body());
}

namespace {
Result<nlohmann::json> Send(http::verb verb, const ServerAddress& server, const std::string& target,
                            const nlohmann::json& body) {
  Request request(verb, target, 11);
  request.set(http::field::content_type, "application/json");
  // Names and texts of the command line may be any bytes.
  request.body() = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return Exchange(server, std::move(request));
}
}  // namespace

Result<nlohmann::json> Post(const ServerAddress& server, const std::string& target,
                            const nlohmann::json& body) {
  return Send(http::verb::post, server, target, body);
}

Result<nlohmann::json> Patch(const ServerAddress& server, const std::string& target,
                             const nlohmann::json& body) {
  return Send(http::verb::patch, server, target, body);
}

Result<nlohmann::json> Delete(const ServerAddress& server, const std::string& target) {
  return Exchange(server, Request(http::verb::delete_, target, 11));
}

void AddTimeOptions(CLI::App& command, AskedTime& time, bool one_time) {
  if (one_time) command.add_option("--at", time.at, "At a past time (unix seconds)");
  command.add_option("--from", time.from, "Begin of a range (unix seconds)");
  command.add_option("--to", time.to, "End of a range (unix seconds)");
}

std::string WithTime(std::string target, const AskedTime& time) {
  char separator = '?';
  const auto add = [&](const char* name, double value) {
    if (value < 0) return;
    target += fmt::format("{}{}={:.0f}", separator, name, value);
    separator = '&';
  };
  add("at", time.at);
  add("from", time.from);
  add("to", time.to);
  return target;
}

int PrintError(const Error& error) {
  std::cerr << "panoscope: " << error.text << "\n";
  if (!error.hint.empty()) std::cerr << "  " << error.hint << "\n";
  return kExitError;
}

void AddServerOptions(CLI::App& command, ServerAddress& address) {
  command.add_option("--url", address.url, "Address of the server")
      ->envname("PANOSCOPE_URL")
      ->capture_default_str();
  command.add_option("--token", address.token, "Token, where the server asks for one")
      ->envname("PANOSCOPE_TOKEN");
}

}  // namespace pano::cli
