// SPDX-License-Identifier: Apache-2.0
#include "agent/l7/http2_block.h"

#include <array>
#include <charconv>

#include "agent/l7/trace_context.h"

namespace pano::l7 {
namespace {

int ToCode(std::string_view text) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

bool IsTrace(std::string_view name) {
  return name == "traceparent" || name == "b3" || name == "sw8" || name.starts_with("x-b3-") ||
         name == "x-request-id";
}

}  // namespace

std::string_view GrpcStatusName(int code) {
  constexpr std::array<std::string_view, 17> kNames{"OK",
                                                    "CANCELLED",
                                                    "UNKNOWN",
                                                    "INVALID_ARGUMENT",
                                                    "DEADLINE_EXCEEDED",
                                                    "NOT_FOUND",
                                                    "ALREADY_EXISTS",
                                                    "PERMISSION_DENIED",
                                                    "RESOURCE_EXHAUSTED",
                                                    "FAILED_PRECONDITION",
                                                    "ABORTED",
                                                    "OUT_OF_RANGE",
                                                    "UNIMPLEMENTED",
                                                    "INTERNAL",
                                                    "UNAVAILABLE",
                                                    "DATA_LOSS",
                                                    "UNAUTHENTICATED"};
  return code >= 0 && static_cast<size_t>(code) < kNames.size() ? kNames[static_cast<size_t>(code)]
                                                                : "UNKNOWN";
}

schema::ResponseStatus GrpcStatus(int code) {
  constexpr uint32_t kClient =
      1u << 1 | 1u << 3 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 9 | 1u << 11 | 1u << 16;
  if (code == 0) return schema::ResponseStatus::kOk;
  return code > 0 && code < 32 && (kClient >> code & 1) ? schema::ResponseStatus::kClientError
                                                        : schema::ResponseStatus::kServerError;
}

schema::ResponseStatus HttpStatus(int code) {
  return code >= 500   ? schema::ResponseStatus::kServerError
         : code >= 400 ? schema::ResponseStatus::kClientError
         : code > 0    ? schema::ResponseStatus::kOk
                       : schema::ResponseStatus::kUnknown;
}

void Http2Block::OnField(const HeaderField& f) {
  ++fields;
  if (f.name.empty()) {
    unresolved = true;
    if (f.value_known && f.value.size() <= 2) nameless_number = ToCode(f.value);
    return;
  }
  if (!f.value_known) return;
  switch (f.name.size()) {
    case 5:
      if (f.name == ":path") path = m_.Keep(f.value);
      break;
    case 7:
      if (f.name == ":method") method = m_.Keep(f.value);
      if (f.name == ":status") status = ToCode(f.value);
      break;
    case 10:
      if (f.name == ":authority") m_.domain = m_.Keep(f.value);
      break;
    case 11:
      if (f.name == "grpc-status") grpc_status = ToCode(f.value);
      break;
    case 12:
      if (f.name == "content-type") grpc = f.value.starts_with("application/grpc");
      if (f.name == "grpc-message") m_.exception = m_.Keep(f.value);
      break;
    case 4:
      if (f.name == "host" && m_.domain.empty()) m_.domain = m_.Keep(f.value);
      break;
    default:
      break;
  }
  const char c = f.name[0];
  if (c == 't' || c == 'x' || c == 's' || c == 'b') {
    const HeaderField kept{f.name, {}, true};
    if (IsTrace(kept.name)) TakeTraceHeader(kept.name, m_.Keep(f.value), m_);
  }
}

}  // namespace pano::l7
