// SPDX-License-Identifier: Apache-2.0
// One line per event on stderr: time, level, component, text. Thread safe. Repeated lines from one
// place are limited by the caller (see LogEvery).
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <string_view>

namespace pano {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarn, kError };

void SetLogLevel(LogLevel level);
bool LogEnabled(LogLevel level);
void LogLine(LogLevel level, std::string_view component, std::string_view text);

template <typename... Args>
void Log(LogLevel level, std::string_view component, fmt::format_string<Args...> format,
         Args&&... args) {
  if (LogEnabled(level))
    LogLine(level, component, fmt::format(format, std::forward<Args>(args)...));
}

// Lets one line through per interval: `static LogEvery every(1'000'000'000); if (every.Due()) ...`
class LogEvery {
 public:
  explicit LogEvery(uint64_t interval_ns) : interval_ns_(interval_ns) {}
  bool Due();

 private:
  uint64_t interval_ns_;
  std::atomic<uint64_t> next_ns_{0};
};

}  // namespace pano
