// SPDX-License-Identifier: Apache-2.0
// Writes JSON text front to back; commas and escapes are its business, structure is the caller's.
// Bodies of a thousand edges a second are written with it; small documents may use nlohmann::json.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace pano::api {

class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(std::string_view name);

  JsonWriter& Text(std::string_view value);
  // NaN and infinities are null. Six significant digits: what a screen needs.
  JsonWriter& Number(double value);
  JsonWriter& Exact(double value);  // shortest text that reads back the same
  template <std::integral T>
  JsonWriter& Integer(T value) {
    return Raw(std::to_string(value));
  }
  JsonWriter& Bool(bool value) { return Raw(value ? "true" : "false"); }
  JsonWriter& Null() { return Raw("null"); }
  JsonWriter& Raw(std::string_view json);  // one whole value

  void Reserve(size_t bytes) { out_.reserve(bytes); }
  std::string Take() { return std::move(out_); }

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  void Comma();

  std::string out_;
  bool comma_ = false;
};

}  // namespace pano::api
