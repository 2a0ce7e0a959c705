// SPDX-License-Identifier: Apache-2.0
// Tables and quantities for people: aligned columns, units that fit.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace pano::cli {

enum class Align : uint8_t { kLeft, kRight };

class Table {
 public:
  explicit Table(std::vector<std::pair<std::string, Align>> columns);
  void Add(std::vector<std::string> row);  // missing cells are empty
  std::string ToString() const;
  size_t rows() const { return rows_.size(); }

 private:
  std::vector<std::pair<std::string, Align>> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Each answers "–" for null: not known is not zero.
std::string Duration(const nlohmann::json& microseconds);  // "11.0 s", "0.42 ms"
std::string Rate(const nlohmann::json& per_second);        // "1 120/s", "0.4/s"
std::string ByteRate(const nlohmann::json& per_second);    // "48.2 MB/s"
// Code points, so that names in any script align (wide characters count two).
size_t DisplayWidth(std::string_view text);

}  // namespace pano::cli
