// SPDX-License-Identifier: Apache-2.0
#include "agent/l7/endpoint.h"

#include <array>

namespace pano::l7 {
namespace {

constexpr size_t kMaxSegments = 12;     // a deeper path ends in "..."
constexpr size_t kMaxSegmentText = 48;  // a longer segment is an identifier, whatever it holds

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHex(char c) { return IsDigit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

bool IsUuid(std::string_view s) {
  if (s.size() != 36) return false;
  for (size_t i = 0; i < s.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? s[i] != '-' : !IsHex(s[i])) return false;
  }
  return true;
}

// Words of a route are lower case with few digits ("v1", "oauth2", "my-file.min.js"); identifiers
// are digits, hex, or capitals mixed with digits.
bool Varies(std::string_view s) {
  size_t digits = 0;
  size_t upper = 0;
  size_t hex = 0;
  size_t odd = 0;
  for (const char c : s) {
    if (IsDigit(c)) ++digits;
    if (c >= 'A' && c <= 'Z') ++upper;
    if (IsHex(c)) ++hex;
    if (c == '%' || c == '=' || c == '@') ++odd;
  }
  if (s.size() > kMaxSegmentText) return true;
  if (digits == s.size()) return true;
  if (digits > 0 && s[0] != 'v' && digits * 2 >= s.size()) return true;
  if (digits > 0 && hex == s.size() && s.size() >= 8) return true;
  if (digits > 0 && upper > 0 && digits + upper == s.size() && s.size() >= 6) return true;
  if (upper == s.size() && s.size() >= 8) return true;
  if (digits > 0 && upper > 0 && s.size() >= 16) return true;
  return odd > 1 || IsUuid(s);
}

bool LooksSecret(std::string_view name) {
  constexpr std::array<std::string_view, 9> kWords{
      "token", "secret", "passw", "passwd", "apikey", "api_key", "auth", "session", "signature"};
  std::array<char, 64> lower{};
  const size_t size = std::min(name.size(), lower.size());
  for (size_t i = 0; i < size; ++i) {
    const char c = name[i];
    lower[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  const std::string_view text(lower.data(), size);
  if (text == "key" || text == "sig" || text == "pwd") return true;
  for (const std::string_view word : kWords) {
    if (text.find(word) != std::string_view::npos) return true;
  }
  return false;
}

// Appends to a bounded array.
struct Writer {
  std::array<char, kMaxText> data;
  size_t size = 0;
  void Add(std::string_view text) {
    const size_t take = std::min(text.size(), data.size() - size);
    std::copy_n(text.data(), take, data.data() + size);
    size += take;
  }
  std::string_view text() const { return {data.data(), size}; }
};

}  // namespace

std::string_view FoldPath(std::string_view path, Message& message) {
  // Absolute form: drop scheme and authority.
  if (const size_t scheme = path.find("://"); scheme < 8) {  // npos is not
    const size_t slash = path.find('/', scheme + 3);
    path = slash == std::string_view::npos ? std::string_view("/") : path.substr(slash);
  }
  if (const size_t end = path.find_first_of("?#;"); end != std::string_view::npos) {
    path = path.substr(0, end);
  }
  if (path.size() <= 1) return path;
  Writer out;
  size_t segments = 0;
  for (size_t at = 0; at < path.size();) {
    size_t next = path.find('/', at + 1);
    if (next == std::string_view::npos) next = path.size();
    const std::string_view segment = path.substr(at, next - at);  // with its leading slash
    at = next;
    if (++segments > kMaxSegments) {
      out.Add("/...");
      break;
    }
    const bool slash = segment[0] == '/';
    const std::string_view word = slash ? segment.substr(1) : segment;
    if (slash) out.Add("/");
    out.Add(!word.empty() && Varies(word) ? std::string_view("{id}") : word);
  }
  return message.Keep(out.text());
}

std::string_view MaskQuery(std::string_view target, Message& message) {
  const size_t query = target.find('?');
  if (query == std::string_view::npos) return target;
  bool secret = false;
  for (size_t at = query + 1; at < target.size() && !secret;) {
    const size_t end = std::min(target.find('&', at), target.size());
    secret = LooksSecret(target.substr(at, std::min(target.find('=', at), end) - at));
    at = end + 1;
  }
  if (!secret) return target;
  Writer out;
  out.Add(target.substr(0, query + 1));
  for (size_t at = query + 1; at < target.size();) {
    const size_t end = std::min(target.find('&', at), target.size());
    const size_t equals = std::min(target.find('=', at), end);
    const std::string_view name = target.substr(at, equals - at);
    if (at > query + 1) out.Add("&");
    out.Add(name);
    if (equals < end) out.Add(LooksSecret(name) ? "=***" : target.substr(equals, end - equals));
    at = end + 1;
  }
  return message.Keep(out.text());
}

}  // namespace pano::l7
