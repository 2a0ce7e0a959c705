// SPDX-License-Identifier: Apache-2.0
// Fields of a JSON object that may come from anybody: one that is missing, of another type or out
// of bounds reads as nothing. Throws nothing.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/analysis/limits.h"

namespace pano::run {

inline constexpr size_t kMaxText = 500;

// Valid UTF-8 of at most `most` bytes: anything else is replaced or cut off.
std::string CleanText(std::string_view text, size_t most);

std::string TextAt(const nlohmann::json& object, const char* key, size_t most = kMaxText);
double NumberAt(const nlohmann::json& object, const char* key,
                double fallback = analysis::kUnknown);
// Whole, not negative, and far from overflow.
uint64_t CountAt(const nlohmann::json& object, const char* key);
// Unix seconds that a calendar has; 0 otherwise.
uint64_t TimeAt(const nlohmann::json& object, const char* key);
bool FlagAt(const nlohmann::json& object, const char* key);
const nlohmann::json& ListAt(const nlohmann::json& object, const char* key);
const nlohmann::json& ObjectAt(const nlohmann::json& object, const char* key);
std::vector<std::pair<std::string, uint64_t>> CountsAt(const nlohmann::json& object,
                                                       const char* key);
std::vector<std::string> TextsAt(const nlohmann::json& object, const char* key, size_t most);

template <typename Enum, size_t kSize>
Enum EnumOf(const nlohmann::json& object, const char* key, const std::array<Enum, kSize>& all,
            Enum fallback) {
  const auto at = object.find(key);
  if (at == object.end() || !at->is_string()) return fallback;
  for (const Enum e : all) {
    if (Name(e) == at->get_ref<const std::string&>()) return e;
  }
  return fallback;
}

// null where the value is not known.
nlohmann::json NumberJson(double value);
nlohmann::json TimeJson(uint64_t time);
nlohmann::json TextOrNull(const std::string& text);
nlohmann::json CountsJson(const std::vector<std::pair<std::string, uint64_t>>& counts);

}  // namespace pano::run
