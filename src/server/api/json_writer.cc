// SPDX-License-Identifier: Apache-2.0
#include "server/api/json_writer.h"

#include <charconv>
#include <cmath>

namespace pano::api {
namespace {

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 when it is none
// (RFC 3629 section 4).
size_t Utf8Length(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = at(0);
  const size_t length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead >= 0x80 && (lead < 0xc2 || lead > 0xf4)) return 0;
  if (length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  if (length == 3 && lead == 0xe0 && at(1) < 0xa0) return 0;
  if (length == 3 && lead == 0xed && at(1) > 0x9f) return 0;
  if (length == 4 && lead == 0xf0 && at(1) < 0x90) return 0;
  if (length == 4 && lead == 0xf4 && at(1) > 0x8f) return 0;
  return length;
}

void AppendEscaped(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  while (!text.empty()) {
    const char c = text.front();
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<uint8_t>(c) < 0x20) {
      out += "\\u00";
      out += {kHex[c >> 4], kHex[c & 15]};
    } else if (const size_t length = Utf8Length(text); length > 0) {
      out.append(text.substr(0, length));
      text.remove_prefix(length);
      continue;
    } else {
      out += "\xef\xbf\xbd";  // names come from captured bytes: what is not UTF-8 shows as such
    }
    text.remove_prefix(1);
  }
}

}  // namespace

void JsonWriter::Comma() {
  if (comma_) out_ += ',';
  comma_ = true;
}

JsonWriter& JsonWriter::Open(char bracket) {
  Comma();
  out_ += bracket;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view name) {
  Text(name);
  out_ += ':';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Text(std::string_view value) {
  Comma();
  out_ += '"';
  AppendEscaped(out_, value);
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view json) {
  Comma();
  out_ += json;
  return *this;
}

JsonWriter& JsonWriter::Number(double value) {
  if (!std::isfinite(value)) return Null();
  if (value == std::floor(value) && std::fabs(value) < 1e15) {
    return Integer(static_cast<int64_t>(value));
  }
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::general, 6);
  return Raw({text, static_cast<size_t>(end.ptr - text)});
}

JsonWriter& JsonWriter::Exact(double value) {
  if (!std::isfinite(value)) return Null();
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value);
  return Raw({text, static_cast<size_t>(end.ptr - text)});
}

}  // namespace pano::api
