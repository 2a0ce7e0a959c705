// SPDX-License-Identifier: Apache-2.0
// One HTTP request and its response as the resources see them: no sockets, no library types.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pano::api {

struct Request {
  std::string method;                          // "GET"
  std::string path;                            // decoded, without query
  std::map<std::string, std::string> query;    // decoded; the first of a name wins
  std::map<std::string, std::string> headers;  // lower-case names; only those asked for anywhere
  std::string body;

  std::string Header(const std::string& name) const {
    const auto at = headers.find(name);
    return at == headers.end() ? std::string() : at->second;
  }
  std::optional<std::string> Query(const std::string& name) const {
    const auto at = query.find(name);
    if (at == query.end()) return std::nullopt;
    return at->second;
  }
  // A query parameter as a number; `fallback` when absent, an error when it is no number.
  Result<double> Number(const std::string& name, double fallback) const;
};

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// Splits and decodes a request target (RFC 3986); nothing when it is malformed or holds a NUL.
struct Target {
  std::string path;
  std::map<std::string, std::string> query;
};
std::optional<Target> ParseTarget(std::string_view target);

unsigned HttpStatus(Code code);
Response ErrorResponse(const Error& error);
Response JsonResponse(std::string body, unsigned status = 200);

}  // namespace pano::api
