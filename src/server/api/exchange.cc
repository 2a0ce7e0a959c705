// SPDX-License-Identifier: Apache-2.0
#include "server/api/exchange.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "server/api/json_writer.h"

namespace pano::api {
namespace {

constexpr size_t kMaxQueryFields = 64;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> Decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    out.push_back(c);
  }
  return out;
}

}  // namespace

std::optional<Target> ParseTarget(std::string_view target) {
  if (target.empty() || target.front() != '/') return std::nullopt;
  target = target.substr(0, target.find('#'));
  const size_t question = target.find('?');
  Target out;
  auto path = Decode(target.substr(0, question), false);
  if (!path) return std::nullopt;
  out.path = std::move(*path);
  if (question == std::string_view::npos) return out;
  std::string_view rest = target.substr(question + 1);
  while (!rest.empty()) {
    const std::string_view field = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), field.size() + 1));
    if (field.empty()) continue;
    const size_t equals = field.find('=');
    auto name = Decode(field.substr(0, equals), true);
    auto value = equals == std::string_view::npos ? std::optional<std::string>("")
                                                  : Decode(field.substr(equals + 1), true);
    if (!name || !value || out.query.size() >= kMaxQueryFields) return std::nullopt;
    out.query.emplace(std::move(*name), std::move(*value));
  }
  return out;
}

Result<double> Request::Number(const std::string& name, double fallback) const {
  const auto text = Query(name);
  if (!text) return fallback;
  double value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || !std::isfinite(value)) {
    return Fail(Code::kInvalid, "{}: not a number: \"{}\"", name, text->substr(0, 40));
  }
  return value;
}

unsigned HttpStatus(Code code) {
  switch (code) {
    case Code::kInvalid:
      return 400;
    case Code::kNotFound:
      return 404;
    case Code::kDenied:
      return 403;
    case Code::kUnavailable:
      return 503;
    case Code::kUnsupported:
      return 501;
    case Code::kExhausted:
      return 429;
    case Code::kTimeout:
      return 504;
    case Code::kInternal:
      return 500;
  }
  return 500;
}

Response JsonResponse(std::string body, unsigned status) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Response ErrorResponse(const Error& error) {
  JsonWriter out;
  out.BeginObject().Key("error").BeginObject();
  out.Key("code").Text(CodeName(error.code)).Key("message").Text(error.text);
  out.Key("hint").Text(error.hint).EndObject().EndObject();
  return JsonResponse(out.Take(), HttpStatus(error.code));
}

}  // namespace pano::api
