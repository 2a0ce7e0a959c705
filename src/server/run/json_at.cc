// SPDX-License-Identifier: Apache-2.0
#include "server/run/json_at.h"

#include <cmath>

namespace pano::run {

using nlohmann::json;

namespace {
constexpr size_t kMaxCounts = 500;
constexpr uint64_t kLastTime = uint64_t{1} << 36;  // the year 4147
}  // namespace

std::string CleanText(std::string_view text, size_t most) {
  // The library's own repair of invalid UTF-8 (RFC 3629); control characters stay as they are.
  std::string clean =
      json(std::string(text.substr(0, most))).dump(-1, ' ', false, json::error_handler_t::ignore);
  const json back = json::parse(clean, nullptr, false);
  return back.is_string() ? back.get<std::string>() : std::string();
}

std::string TextAt(const json& object, const char* key, size_t most) {
  const auto at = object.find(key);
  if (at == object.end() || !at->is_string()) return {};
  return CleanText(at->get_ref<const std::string&>(), most);
}

double NumberAt(const json& object, const char* key, double fallback) {
  const auto at = object.find(key);
  return at != object.end() && at->is_number() ? at->get<double>() : fallback;
}

uint64_t CountAt(const json& object, const char* key) {
  const double value = NumberAt(object, key, 0);
  return value >= 0 && value < 1e18 ? static_cast<uint64_t>(value) : 0;
}

uint64_t TimeAt(const json& object, const char* key) {
  const uint64_t time = CountAt(object, key);
  return time <= kLastTime ? time : 0;
}

bool FlagAt(const json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_boolean() && at->get<bool>();
}

const json& ListAt(const json& object, const char* key) {
  static const json kEmpty = json::array();
  const auto at = object.find(key);
  return at != object.end() && at->is_array() ? *at : kEmpty;
}

const json& ObjectAt(const json& object, const char* key) {
  static const json kEmpty = json::object();
  const auto at = object.find(key);
  return at != object.end() && at->is_object() ? *at : kEmpty;
}

std::vector<std::pair<std::string, uint64_t>> CountsAt(const json& object, const char* key) {
  std::vector<std::pair<std::string, uint64_t>> out;
  for (const auto& [name, value] : ObjectAt(object, key).items()) {
    if (out.size() >= kMaxCounts) break;
    if (value.is_number_unsigned()) out.emplace_back(CleanText(name, 200), value.get<uint64_t>());
  }
  return out;
}

std::vector<std::string> TextsAt(const json& object, const char* key, size_t most) {
  std::vector<std::string> out;
  for (const json& text : ListAt(object, key)) {
    if (out.size() >= most) break;
    if (text.is_string()) out.push_back(CleanText(text.get_ref<const std::string&>(), kMaxText));
  }
  return out;
}

json NumberJson(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

json TimeJson(uint64_t time) { return time == 0 ? json(nullptr) : json(time); }

json TextOrNull(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

json CountsJson(const std::vector<std::pair<std::string, uint64_t>>& counts) {
  json out = json::object();
  for (const auto& [name, count] : counts) out[name] = count;
  return out;
}

}  // namespace pano::run
