// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/words.h"

#include <fmt/format.h>

#include <cmath>

namespace pano::analysis {
namespace {

// `digits` after the point, trailing zeros dropped.
std::string Trimmed(double value, int digits) {
  std::string text = fmt::format("{:.{}f}", value, digits);
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

std::string SayNumber(double value) {
  if (!std::isfinite(value)) return "?";
  if (value >= 9.95 || value <= 0) return Trimmed(value, 0);
  if (value < 0.005) return "< 0.01";  // "0" would say that nothing happened
  return Trimmed(value, value >= 0.095 ? 1 : 2);
}

std::string SayDuration(double us) {
  if (!std::isfinite(us)) return "?";
  if (us < 1e3) return Trimmed(us / 1e3, us < 95 ? 2 : 1) + " ms";
  if (us < 999.5e3) return SayNumber(us / 1e3) + " ms";
  if (us < 119.5e6) return SayNumber(us / 1e6) + " s";
  return SayNumber(us / 60e6) + " min";
}

std::string SayPercent(double share) {
  if (!std::isfinite(share)) return "?";
  const double percent = 100 * share;
  if (percent > 0 && percent < 0.05) return "< 0.1 %";
  return Trimmed(percent, percent > 0 && percent < 0.95 ? 1 : 0) + " %";
}

std::string SayBytes(double bytes) {
  if (!std::isfinite(bytes)) return "?";
  constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB"};
  size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < std::size(kUnits)) bytes /= 1024, ++unit;
  return fmt::format("{} {}", SayNumber(bytes), kUnits[unit]);
}

std::string SayCount(double count, std::string_view one, std::string_view many) {
  const std::string number = SayNumber(count);
  return fmt::format("{} {}", number, number == "1" ? one : many);
}

}  // namespace pano::analysis
