// SPDX-License-Identifier: Apache-2.0
#include "server/run/loadgen/scan.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>

namespace pano::run {
namespace {
constexpr size_t kMaxKinds = 50;
constexpr double kMaxUs = 4294967295.0;  // of a histogram's value
constexpr std::array kQuantiles{0.5, 0.75, 0.9, 0.95, 0.99, 0.999};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// `count` digits at `at`; -1 when they are none.
int Digits(std::string_view text, size_t at, size_t count) {
  if (at + count > text.size()) return -1;
  int value = 0;
  for (size_t i = at; i < at + count; ++i) {
    if (!IsDigit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}
}  // namespace

bool Lines::Next(std::string_view& line) {
  if (rest_.empty()) return false;
  const size_t end = rest_.find('\n');
  line = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  ++number_;
  return true;
}

bool CsvRecords::TakeField(std::string& field) {
  field.clear();
  const auto put = [&field](char c) {
    if (field.size() < kMaxField) field.push_back(c);
  };
  if (rest_.starts_with('"')) {
    rest_.remove_prefix(1);
    while (true) {
      if (rest_.empty()) return failed_ = true, false;
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '\n') ++next_line_;
      if (c != '"') {
        put(c);
      } else if (rest_.starts_with('"')) {
        put('"');
        rest_.remove_prefix(1);
      } else {
        break;
      }
    }
  }
  while (!rest_.empty() && rest_.front() != separator_ && rest_.front() != '\n') {
    if (rest_.front() != '\r') put(rest_.front());
    rest_.remove_prefix(1);
  }
  if (rest_.empty()) return false;
  const bool more = rest_.front() == separator_;
  if (!more) ++next_line_;
  rest_.remove_prefix(1);
  return more;
}

bool CsvRecords::Next(std::vector<std::string>& fields) {
  if (failed_ || rest_.empty()) return false;
  line_ = next_line_;
  size_t count = 0;
  for (bool more = true; more;) {
    if (count < fields.size()) {
      more = TakeField(fields[count]);
    } else {
      std::string field;
      more = TakeField(field);
      if (count < kMaxFields) fields.push_back(std::move(field));
    }
    ++count;
  }
  fields.resize(std::min(count, kMaxFields));
  return !failed_;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::optional<std::string_view> After(std::string_view line, std::string_view prefix) {
  line = Trim(line);
  if (!line.starts_with(prefix)) return std::nullopt;
  return Trim(line.substr(prefix.size()));
}

std::optional<double> TakeNumber(std::string_view& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

std::optional<double> DurationUs(std::string_view text, double bare_us) {
  const auto value = TakeNumber(text);
  if (!value || *value < 0) return std::nullopt;
  text = Trim(text);
  if (text.empty()) return *value * bare_us;
  const std::pair<std::string_view, double> units[] = {{"us", 1},    {"µs", 1},   {"ms", 1e3},
                                                       {"ns", 1e-3}, {"s", 1e6},  {"secs", 1e6},
                                                       {"m", 6e7},   {"h", 3.6e9}};
  for (const auto& [unit, us] : units) {
    if (text == unit) return *value * us;
  }
  return std::nullopt;
}

std::optional<double> Scaled(std::string_view text, double step) {
  const auto value = TakeNumber(text);
  if (!value) return std::nullopt;
  text = Trim(text);
  if (text.ends_with('B')) text.remove_suffix(1);
  double factor = 1;
  for (const char unit : std::string_view("kMGT")) {
    factor *= step;
    if (text == std::string_view(&unit, 1) || (unit == 'k' && text == "K")) return *value * factor;
  }
  return text.empty() ? value : std::nullopt;
}

std::optional<double> Rfc3339(std::string_view text) {
  std::tm parts{};
  const int year = Digits(text, 0, 4);
  parts.tm_year = year - 1900;
  parts.tm_mon = Digits(text, 5, 2) - 1;
  parts.tm_mday = Digits(text, 8, 2);
  parts.tm_hour = Digits(text, 11, 2);
  parts.tm_min = Digits(text, 14, 2);
  parts.tm_sec = Digits(text, 17, 2);
  if (year < 1970 || parts.tm_mon < 0 || parts.tm_mon > 11 || parts.tm_mday < 1 ||
      parts.tm_hour < 0 || parts.tm_min < 0 || parts.tm_sec < 0) {
    return std::nullopt;
  }
  auto seconds = static_cast<double>(timegm(&parts));
  std::string_view rest = text.substr(19);
  if (rest.starts_with('.')) {
    double unit = 0.1;
    for (rest.remove_prefix(1); !rest.empty() && IsDigit(rest.front()); rest.remove_prefix(1)) {
      seconds += (rest.front() - '0') * unit;
      unit /= 10;
    }
  }
  if (rest.starts_with('+') || rest.starts_with('-')) {
    const int hours = Digits(rest, 1, 2);
    const int minutes = Digits(rest, 4, 2);
    if (hours < 0 || minutes < 0) return std::nullopt;
    seconds -= (rest.front() == '+' ? 1 : -1) * (hours * 3600.0 + minutes * 60.0);
  }
  return seconds;
}

uint64_t Whole(double value) {
  return value > 0 ? static_cast<uint64_t>(std::min(value, 1e18)) : 0;
}

bool SampleSum::InWindow(double time) const {
  if (options_.to == 0 || time == 0) return true;
  return time >= static_cast<double>(options_.from) && time < static_cast<double>(options_.to);
}

void SampleSum::Add(double latency_us, double begin, double end) {
  ++count_;
  sum_us_ += latency_us;
  max_us_ = std::max(max_us_, latency_us);
  histogram_.Add(static_cast<uint64_t>(std::clamp(latency_us, 0.0, kMaxUs)));
  if (begin > 0 && (first_ == 0 || begin < first_)) first_ = begin;
  last_ = std::max(last_, end);
}

void SampleSum::Error(const std::string& kind, uint64_t count) {
  errors_ += count;
  const std::string key = kind.substr(0, 100);
  if (kinds_.size() < kMaxKinds || kinds_.contains(key)) kinds_[key] += count;
}

void SampleSum::Fill(LoadgenReport& report) const {
  report.requests = static_cast<double>(count_);
  report.errors = static_cast<double>(errors_);
  report.error_kinds.assign(kinds_.begin(), kinds_.end());
  if (count_ > 0) report.mean_us = sum_us_ / static_cast<double>(count_);
  if (count_ > 0) report.max_us = max_us_;
  report.latency = histogram_;
  if (first_ > 0 && last_ > first_) {
    report.begin = Whole(first_);
    report.end = Whole(last_) + 1;
    report.duration_s = last_ - first_;
    report.rate = report.requests / report.duration_s;
  }
  FillQuantiles(report);
}

void FillQuantiles(LoadgenReport& report) {
  if (report.latency.empty()) return;
  report.quantiles_us.clear();
  for (const double q : kQuantiles) report.quantiles_us.emplace_back(q, report.latency.Quantile(q));
}

}  // namespace pano::run
