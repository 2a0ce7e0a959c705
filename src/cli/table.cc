// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pano::cli {
namespace {
constexpr std::string_view kUnknown = "–";

std::string Scaled(double value, double step, const std::array<std::string_view, 5>& units) {
  size_t unit = 0;
  while (value >= step && unit + 1 < units.size()) {
    value /= step;
    ++unit;
  }
  const int digits = value >= 100 || value == 0 ? 0 : value >= 10 ? 1 : 2;
  return fmt::format("{:.{}f} {}", value, digits, units[unit]);
}
}  // namespace

Table::Table(std::vector<std::pair<std::string, Align>> columns) : columns_(std::move(columns)) {}

void Table::Add(std::vector<std::string> row) {
  row.resize(columns_.size());
  rows_.push_back(std::move(row));
}

std::string Table::ToString() const {
  std::vector<size_t> widths;
  for (size_t c = 0; c < columns_.size(); ++c) {
    size_t width = DisplayWidth(columns_[c].first);
    for (const auto& row : rows_) width = std::max(width, DisplayWidth(row[c]));
    widths.push_back(width);
  }
  std::string out;
  const auto line = [&](const auto& cell) {
    std::string text;
    for (size_t c = 0; c < columns_.size(); ++c) {
      const std::string& value = cell(c);
      const std::string pad(widths[c] - DisplayWidth(value), ' ');
      if (c != 0) text += "  ";
      text += columns_[c].second == Align::kRight ? pad + value : value + pad;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  line([this](size_t c) -> const std::string& { return columns_[c].first; });
  for (const auto& row : rows_) line([&row](size_t c) -> const std::string& { return row[c]; });
  return out;
}

std::string Duration(const nlohmann::json& microseconds) {
  if (!microseconds.is_number()) return std::string(kUnknown);
  const double us = microseconds.get<double>();
  if (us >= 1e6) return fmt::format("{:.{}f} s", us / 1e6, us >= 1e7 ? 1 : 2);
  if (us >= 1e3) return fmt::format("{:.{}f} ms", us / 1e3, us >= 1e5 ? 0 : 1);
  return us == 0 ? "0" : fmt::format("{:.2f} ms", us / 1e3);
}

std::string Rate(const nlohmann::json& per_second) {
  if (!per_second.is_number()) return std::string(kUnknown);
  const double rate = per_second.get<double>();
  if (rate == 0) return "0";
  return fmt::format("{:.{}f}/s", rate, rate >= 100 ? 0 : rate >= 10 ? 1 : 2);
}

std::string ByteRate(const nlohmann::json& per_second) {
  if (!per_second.is_number()) return std::string(kUnknown);
  return Scaled(per_second.get<double>(), 1000, {"B/s", "kB/s", "MB/s", "GB/s", "TB/s"});
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    // East Asian wide blocks begin at U+1100; in UTF-8 their lead byte is 0xe3..0xed or 0xf0.
    width += (lead >= 0xe3 && lead <= 0xed) || lead == 0xf0 ? 2 : 1;
    i += length;
  }
  return width;
}

}  // namespace pano::cli
