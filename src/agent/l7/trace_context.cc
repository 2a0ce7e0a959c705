// SPDX-License-Identifier: Apache-2.0
#include "agent/l7/trace_context.h"

#include <array>
#include <cstdint>

namespace pano::l7 {
namespace {

// 00-<32 hex>-<16 hex>-<2 hex>, W3C Trace Context 3.2.
void TakeTraceparent(std::string_view value, Message& m) {
  if (value.size() < 55 || value[2] != '-' || value[35] != '-' || value[52] != '-') return;
  m.trace_id = value.substr(3, 32);
  m.span_id = value.substr(36, 16);
}

// <trace>-<span>[-<sampled>[-<parent>]]
void TakeB3(std::string_view value, Message& m) {
  const size_t first = value.find('-');
  if (first != 16 && first != 32) return;
  if (m.trace_id.empty()) m.trace_id = value.substr(0, first);
  const std::string_view rest = value.substr(first + 1);
  if (m.span_id.empty()) m.span_id = rest.substr(0, 16);
  const size_t parent = rest.rfind('-');
  if (parent != std::string_view::npos && rest.size() - parent - 1 == 16) {
    m.parent_span_id = rest.substr(parent + 1);
  }
}

std::string_view DecodeBase64(std::string_view text, Message& m) {
  std::array<char, 128> out{};
  size_t size = 0;
  uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    uint32_t value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = static_cast<uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      value = static_cast<uint32_t>(c - 'a' + 26);
    } else if (c >= '0' && c <= '9') {
      value = static_cast<uint32_t>(c - '0' + 52);
    } else if (c == '+' || c == '-') {
      value = 62;
    } else if (c == '/' || c == '_') {
      value = 63;
    } else {
      break;
    }
    bits = bits << 6 | value;
    have += 6;
    if (have >= 8) {
      have -= 8;
      if (size == out.size()) break;
      out[size++] = static_cast<char>(bits >> have & 0xff);
    }
  }
  return m.Keep({out.data(), size});
}

// 1-<base64 trace>-<base64 segment>-<span index>-..., SkyWalking cross-process headers v3.
void TakeSw8(std::string_view value, Message& m) {
  std::array<std::string_view, 4> part;
  for (std::string_view& p : part) {
    const size_t dash = value.find('-');
    if (dash == std::string_view::npos) return;
    p = value.substr(0, dash);
    value = value.substr(dash + 1);
  }
  m.trace_id = DecodeBase64(part[1], m);
  m.span_id = m.Join(DecodeBase64(part[2], m), "-", part[3]);
}

}  // namespace

bool EqualsIgnoreCase(std::string_view a, std::string_view lower) {
  if (a.size() != lower.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const char c = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] + 32) : a[i];
    if (c != lower[i]) return false;
  }
  return true;
}

void TakeTraceHeader(std::string_view name, std::string_view value, Message& m) {
  switch (name.size()) {
    case 2:
      if (EqualsIgnoreCase(name, "b3")) TakeB3(value, m);
      break;
    case 3:
      if (EqualsIgnoreCase(name, "sw8")) TakeSw8(value, m);
      break;
    case 11:
      if (EqualsIgnoreCase(name, "traceparent")) TakeTraceparent(value, m);
      if (EqualsIgnoreCase(name, "x-b3-spanid") && m.span_id.empty()) m.span_id = value;
      break;
    case 12:
      if (EqualsIgnoreCase(name, "x-request-id")) m.x_request_id = value;
      if (EqualsIgnoreCase(name, "x-b3-traceid") && m.trace_id.empty()) m.trace_id = value;
      break;
    case 17:
      if (EqualsIgnoreCase(name, "x-b3-parentspanid")) m.parent_span_id = value;
      break;
    default:
      break;
  }
}

}  // namespace pano::l7
