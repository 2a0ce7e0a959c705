// SPDX-License-Identifier: Apache-2.0
// For tests and benchmarks: reads recordings made by test/record/record_exchange.py.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "agent/session/exchange.h"

namespace pano::session {

inline std::string FromHex(std::string_view hex) {
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned value = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
    out += static_cast<char>(value);
  }
  return out;
}

inline std::vector<Turn> LoadExchange(const std::filesystem::path& file) {
  std::vector<Turn> turns;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    const size_t space = line.find(' ', 2);
    const uint64_t us = std::strtoull(line.c_str() + 2, nullptr, 10);
    turns.push_back({line[0] == '>', 1'000'000'000 + us * 1000, FromHex(line.substr(space + 1))});
  }
  return turns;
}

inline std::vector<std::filesystem::path> ExchangeFiles(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".txt") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace pano::session
