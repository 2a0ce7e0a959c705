// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/json_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace pano::analysis {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kLongestName = 60;  // of a key or value quoted in a message

void AppendUtf8(std::string& out, unsigned c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

}  // namespace

void JsonReader::SkipSpace() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
    ++at_;
  }
}

bool JsonReader::Take(char c) {
  SkipSpace();
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

bool JsonReader::TakeWord(std::string_view word) {
  SkipSpace();
  if (text_.substr(at_, word.size()) != word) return false;
  at_ += word.size();
  return true;
}

std::string_view JsonReader::Kind() {
  SkipSpace();
  if (at_ >= text_.size()) return "the end of the file";
  switch (text_[at_]) {
    case '{':
      return "an object";
    case '[':
      return "an array";
    case '"':
      return "a string";
    case 't':
    case 'f':
      return "true or false";
    case 'n':
      return "null";
    case '}':
    case ']':
    case ',':
    case ':':
      return "a stray mark";
    default:
      return "a number";
  }
}

size_t JsonReader::Line() const {
  return 1 + static_cast<size_t>(std::count(
                 text_.begin(), text_.begin() + static_cast<ptrdiff_t>(std::min(at_, text_.size())),
                 '\n'));
}

std::string JsonReader::Place() const {
  std::string place;
  for (const Part& part : path_) {
    if (part.is_index) {
      place += fmt::format("[{}]", part.index);
    } else {
      if (!place.empty()) place += '.';
      place += part.key.substr(0, kLongestName);
    }
  }
  return place.empty() ? "the file" : place;
}

std::unexpected<Error> JsonReader::FailHere(std::string_view text) const {
  return Fail(Code::kInvalid, "{} (line {}): {}", Place(), Line(), text);
}

std::unexpected<Error> JsonReader::FailAt(std::string_view field, std::string_view text) const {
  const std::string place = path_.empty() ? std::string() : Place() + ".";
  return Fail(Code::kInvalid, "{}{} (line {}): {}", place, field, Line(), text);
}

std::unexpected<Error> JsonReader::FailExpected(std::string_view wanted) {
  const std::string_view kind = Kind();
  if (kind == "a stray mark") {
    return FailHere(fmt::format("expected {}, found '{}'", wanted, text_[at_]));
  }
  return FailHere(fmt::format("expected {}, found {}", wanted, kind));
}

Status JsonReader::ReadObject(const std::function<Status(std::string_view)>& field) {
  if (path_.size() >= kMaxDepth) return FailHere("nested too deeply");
  if (!Take('{')) return FailExpected("an object");
  if (Take('}')) return {};
  for (;;) {
    SkipSpace();
    if (at_ >= text_.size() || text_[at_] != '"') return FailExpected("a key in double quotes");
    PANO_ASSIGN(std::string key, ReadString());
    if (!Take(':'))
      return FailExpected(fmt::format("':' after \"{}\"", key.substr(0, kLongestName)));
    path_.push_back({std::move(key), 0, false});
    // `field` may keep no view: the path moves on.
    const std::string name = path_.back().key;
    PANO_TRY(field(name));
    path_.pop_back();
    if (Take('}')) return {};
    if (!Take(','))
      return FailExpected(fmt::format("',' or '}}' after \"{}\"", name.substr(0, kLongestName)));
  }
}

Status JsonReader::ReadArray(const std::function<Status(size_t)>& element) {
  if (path_.size() >= kMaxDepth) return FailHere("nested too deeply");
  if (!Take('[')) return FailExpected("an array");
  if (Take(']')) return {};
  for (size_t i = 0;; ++i) {
    path_.push_back({{}, i, true});
    PANO_TRY(element(i));
    path_.pop_back();
    if (Take(']')) return {};
    if (!Take(',')) return FailExpected("',' or ']'");
  }
}

Result<unsigned> JsonReader::ReadHex4() {
  unsigned value = 0;
  const char* begin = text_.data() + at_;
  const size_t left = text_.size() - at_;
  if (left < 4 || std::from_chars(begin, begin + 4, value, 16).ptr != begin + 4) {
    return FailHere("\\u needs four hexadecimal digits");
  }
  at_ += 4;
  return value;
}

Status JsonReader::ReadEscape(std::string& out) {
  if (at_ >= text_.size()) return FailHere("a string that does not end");
  const char c = text_[at_++];
  constexpr std::string_view kFrom = "\"\\/bfnrt";
  constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
  if (const size_t i = kFrom.find(c); i != std::string_view::npos) {
    out += kTo[i];
    return {};
  }
  if (c != 'u') return FailHere(fmt::format("unknown escape \\{}", c));
  PANO_ASSIGN(unsigned code, ReadHex4());
  if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
    const size_t back = at_;
    at_ += 2;
    PANO_ASSIGN(const unsigned low, ReadHex4());
    if (low >= 0xDC00 && low < 0xE000) {
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else {
      at_ = back;
    }
  }
  AppendUtf8(out, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
  return {};
}

Result<std::string> JsonReader::ReadString() {
  if (!Take('"')) return FailExpected("a string");
  std::string out;
  while (at_ < text_.size()) {
    const char c = text_[at_++];
    if (c == '"') return out;
    if (c == '\\') {
      PANO_TRY(ReadEscape(out));
    } else if (c == '\n') {
      break;
    } else {
      out += c;
    }
  }
  return FailHere("a string that does not end");
}

Result<double> JsonReader::ReadNumber() {
  SkipSpace();
  if (TakeWord("NaN")) return kNaN;
  if (TakeWord("Infinity") || TakeWord("-Infinity")) return kNaN;
  const char first = at_ < text_.size() ? text_[at_] : ' ';
  if (first != '-' && (first < '0' || first > '9')) return FailExpected("a number");
  double value = 0;
  const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
  if (error == std::errc::result_out_of_range) {
    value = kNaN;  // no measured value is that large or that near to 0
  } else if (error != std::errc()) {
    return FailHere("not a number");
  }
  at_ = static_cast<size_t>(end - text_.data());
  return value;
}

bool JsonReader::ReadNull() { return TakeWord("null"); }

Status JsonReader::ReadNumbers(std::vector<double>& out) {
  out.clear();
  if (!Take('[')) return FailExpected("an array of numbers");
  if (Take(']')) return {};
  for (size_t i = 0;; ++i) {
    if (ReadNull()) {
      out.push_back(kNaN);
    } else if (auto value = ReadNumber()) {
      out.push_back(*value);
    } else {
      path_.push_back({{}, i, true});
      return FailExpected("a number or null");
    }
    if (Take(']')) return {};
    if (!Take(',')) return FailExpected("',' or ']'");
  }
}

Status JsonReader::Skip() {
  SkipSpace();
  const char c = at_ < text_.size() ? text_[at_] : '\0';
  if (c == '{') {
    return ReadObject([this](std::string_view) { return Skip(); });
  }
  if (c == '[') {
    return ReadArray([this](size_t) { return Skip(); });
  }
  if (c == '"') {
    PANO_TRY(ReadString());
    return {};
  }
  if (TakeWord("true") || TakeWord("false") || ReadNull()) return {};
  if (!ReadNumber()) return FailExpected("a value");
  return {};
}

Status JsonReader::ReadEnd() {
  SkipSpace();
  if (at_ < text_.size()) return FailHere("something follows after the end of the object");
  return {};
}

}  // namespace pano::analysis
