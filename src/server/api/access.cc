// SPDX-License-Identifier: Apache-2.0
#include "server/api/access.h"

#include <fmt/format.h>

#include <algorithm>

namespace pano::api {
namespace {

constexpr std::string_view kCookie = "panoscope_token=";

// Takes as long whether the first or the last character differs.
bool SameSecret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

std::string CookieToken(std::string_view cookies) {
  while (!cookies.empty()) {
    std::string_view one = cookies.substr(0, cookies.find(';'));
    cookies.remove_prefix(std::min(cookies.size(), one.size() + 1));
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    if (one.starts_with(kCookie)) return std::string(one.substr(kCookie.size()));
  }
  return {};
}

bool Writes(const Request& request) { return request.method != "GET" && request.method != "HEAD"; }

// "http://localhost:8686" of "localhost:8686"
bool SameOrigin(std::string_view origin, std::string_view host) {
  const size_t scheme = origin.find("://");
  return scheme != std::string_view::npos && origin.substr(scheme + 3) == host;
}

}  // namespace

bool IsLoopbackHost(std::string_view host) {
  if (host.starts_with('[')) {
    host = host.substr(0, host.find(']') + 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  if (host == "localhost" || host == "[::1]") return true;
  return host.starts_with("127.") &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool Access::HasToken(const Request& request) const {
  const std::string authorization = request.Header("authorization");
  constexpr std::string_view kBearer = "Bearer ";
  if (authorization.starts_with(kBearer)) {
    return SameSecret(std::string_view(authorization).substr(kBearer.size()), token_);
  }
  return SameSecret(CookieToken(request.Header("cookie")), token_);
}

std::optional<Response> Access::Refuse(const Request& request) const {
  const std::string host = request.Header("host");
  if (token_.empty()) {
    if (!IsLoopbackHost(host)) {
      return ErrorResponse({Code::kDenied, "this name is not served here",
                            "use http://127.0.0.1 or http://localhost"});
    }
  } else if (const auto given = request.Query("token"); given && request.method == "GET") {
    if (!SameSecret(*given, token_)) {
      return ErrorResponse({Code::kDenied, "the token is wrong", ""});
    }
    if (!request.path.starts_with("/api/")) {
      Response response;
      response.status = 303;
      response.headers = {
          {"Location", "/"},
          {"Cache-Control", "no-store"},
          {"Set-Cookie", fmt::format("{}{}; Path=/; HttpOnly; SameSite=Strict", kCookie, token_)}};
      return response;
    }
  } else if (request.path != "/healthz" && !HasToken(request)) {
    Response response =
        ErrorResponse({Code::kDenied, "a token is needed",
                       "send \"Authorization: Bearer TOKEN\" or open /?token=TOKEN"});
    response.status = 401;
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
  }
  // A page of another site may send simple requests here without asking; it may not write.
  const std::string origin = request.Header("origin");
  if (Writes(request) && !origin.empty() && !SameOrigin(origin, host)) {
    return ErrorResponse({Code::kDenied, "pages of other sites may not write here", ""});
  }
  return std::nullopt;
}

}  // namespace pano::api
