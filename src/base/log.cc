// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <unistd.h>

#include <ctime>
#include <string>

#include "base/clock.h"

namespace pano {
namespace {
std::atomic<LogLevel> g_level{LogLevel::kInfo};
constexpr std::string_view kNames[] = {"debug", "info", "warn", "error"};
}  // namespace

void SetLogLevel(LogLevel level) { g_level.store(level, std::memory_order_relaxed); }
bool LogEnabled(LogLevel level) { return level >= g_level.load(std::memory_order_relaxed); }

void LogLine(LogLevel level, std::string_view component, std::string_view text) {
  const uint64_t now = WallNs();
  const std::time_t seconds = static_cast<std::time_t>(now / 1'000'000'000u);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  std::string line = fmt::format("{:02}:{:02}:{:02}.{:03} {:5} {}: {}\n", parts.tm_hour,
                                 parts.tm_min, parts.tm_sec, now / 1'000'000u % 1000u,
                                 kNames[static_cast<size_t>(level)], component, text);
  // One write call keeps lines whole between threads and processes.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

bool LogEvery::Due() {
  const uint64_t now = MonotonicNs();
  uint64_t next = next_ns_.load(std::memory_order_relaxed);
  return now >= next &&
         next_ns_.compare_exchange_strong(next, now + interval_ns_, std::memory_order_relaxed);
}

}  // namespace pano
