// SPDX-License-Identifier: Apache-2.0
#include "server/store/engine_error.h"

#include <charconv>

namespace pano::store {
namespace {

// The first "Code: N" of the text; 0 when there is none.
int CodeNumber(std::string_view text) {
  constexpr std::string_view kMark = "Code: ";
  const size_t at = text.find(kMark);
  if (at == std::string_view::npos) return 0;
  int code = 0;
  const char* begin = text.data() + at + kMark.size();
  std::from_chars(begin, text.data() + text.size(), code);
  return code;
}

constexpr int kNotEnoughSpace = 243;

// Numbers of ClickHouse's ErrorCodes; they are stable by its policy.
Code Translate(int number) {
  switch (number) {
    case 60:  // UNKNOWN_TABLE
    case 81:  // UNKNOWN_DATABASE
      return Code::kNotFound;
    case 159:  // TIMEOUT_EXCEEDED
    case 160:  // TOO_SLOW
    case 394:  // QUERY_WAS_CANCELLED
      return Code::kTimeout;
    case 164:  // READONLY
    case 497:  // ACCESS_DENIED
    case 193:  // WRONG_PASSWORD
    case 194:  // REQUIRED_PASSWORD
    case 516:  // AUTHENTICATION_FAILED
      return Code::kDenied;
    case 158:  // TOO_MANY_ROWS
    case 241:  // MEMORY_LIMIT_EXCEEDED
    case 307:  // TOO_MANY_BYTES
    case 396:  // TOO_MANY_ROWS_OR_BYTES
    case 202:  // TOO_MANY_SIMULTANEOUS_QUERIES
    case kNotEnoughSpace:
      return Code::kExhausted;
    case 74:   // CANNOT_READ_FROM_FILE_DESCRIPTOR
    case 75:   // CANNOT_WRITE_TO_FILE_DESCRIPTOR
    case 209:  // SOCKET_TIMEOUT
    case 210:  // NETWORK_ERROR
    case 242:  // TABLE_IS_READ_ONLY
    case 252:  // TOO_MANY_PARTS
    case 425:  // SYSTEM_ERROR
      return Code::kUnavailable;
    case 49:    // LOGICAL_ERROR
    case 1001:  // STD_EXCEPTION
    case 1002:  // UNKNOWN_EXCEPTION
      return Code::kInternal;
    default:
      return Code::kInvalid;
  }
}

bool SaysNoSpace(std::string_view text) {
  return text.find("No space left on device") != std::string_view::npos ||
         CodeNumber(text) == kNotEnoughSpace;
}

}  // namespace

Error EngineError(std::string_view text) {
  Code code = Translate(CodeNumber(text));
  if (SaysNoSpace(text)) code = Code::kExhausted;
  return Error{code, std::string(text), {}};
}

bool IsDiskFull(const Error& error) {
  return error.code == Code::kExhausted && SaysNoSpace(error.text);
}

std::string EscapeParameter(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (const char c : value) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\0':
        out += "\\0";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace pano::store
