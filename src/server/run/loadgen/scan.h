// SPDX-License-Identifier: Apache-2.0
// Reading text line by line, and what the readers share. Private to this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/run/loadgen/report_reader.h"

namespace pano::run {

// Lines without their end; the number of the last one taken counts from 1.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  bool Next(std::string_view& line);
  size_t number() const { return number_; }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  size_t number_ = 0;
};

// Records of RFC 4180: quoted fields may hold commas, quotes and line ends. Fields are valid until
// the next record; at most kMaxFields, each cut at kMaxField bytes.
class CsvRecords {
 public:
  explicit CsvRecords(std::string_view text, char separator = ',')
      : rest_(text), separator_(separator) {}
  // False at the end. A quote that never ends makes failed() true.
  bool Next(std::vector<std::string>& fields);
  size_t line() const { return line_; }  // where the last record began, from 1
  bool failed() const { return failed_; }

 private:
  static constexpr size_t kMaxFields = 200;
  static constexpr size_t kMaxField = 4096;
  bool TakeField(std::string& field);

  std::string_view rest_;
  char separator_;
  size_t line_ = 0;
  size_t next_line_ = 1;
  bool failed_ = false;
};

std::string_view Trim(std::string_view text);
// The text after `prefix` once both are trimmed; nothing when it does not begin so.
std::optional<std::string_view> After(std::string_view line, std::string_view prefix);
// A number at the beginning of `text`; what follows is left there.
std::optional<double> TakeNumber(std::string_view& text);
// "635.91us", "1.2ms", "3s", "2m", "1h" in microseconds; a bare number is `bare` microseconds.
std::optional<double> DurationUs(std::string_view text, double bare_us);
// "56.20k", "1.3M", "17.76GB" (powers of 1000 for counts, of 1024 for bytes).
std::optional<double> Scaled(std::string_view text, double step);
// Not negative and far from overflow, whatever a file says; 0 for what is no number.
uint64_t Whole(double value);
// RFC 3339, "2017-05-09T14:34:45.625742514+02:00", in unix seconds.
std::optional<double> Rfc3339(std::string_view text);

// Latencies and outcomes one by one.
class SampleSum {
 public:
  explicit SampleSum(const ReadOptions& options) : options_(options) {}
  // `time` in unix seconds; unknown: 0. False: outside of what is asked for.
  bool InWindow(double time) const;
  void Add(double latency_us, double begin, double end);
  void Error(const std::string& kind, uint64_t count = 1);
  // What the samples say: requests, errors, latencies, times.
  void Fill(LoadgenReport& report) const;
  uint64_t count() const { return count_; }

 private:
  const ReadOptions& options_;
  ExpHistogram histogram_;
  uint64_t count_ = 0;
  uint64_t errors_ = 0;
  double sum_us_ = 0;
  double max_us_ = 0;
  double first_ = 0;
  double last_ = 0;
  std::map<std::string, uint64_t> kinds_;
};

// The quantiles worth telling, of a histogram.
void FillQuantiles(LoadgenReport& report);

// The readers. Each is given a report with its tool and file set.
Status ReadWrk(std::string_view text, const ReadOptions& options, LoadgenReport& report);
Status ReadHey(std::string_view text, const ReadOptions& options, LoadgenReport& report);
Status ReadK6(std::string_view text, const ReadOptions& options, LoadgenReport& report);
Status ReadJmeter(std::string_view text, const ReadOptions& options, LoadgenReport& report);
Status ReadLocust(std::string_view text, const ReadOptions& options, LoadgenReport& report);
Status ReadVegeta(std::string_view text, const ReadOptions& options, LoadgenReport& report);
Status ReadAb(std::string_view text, const ReadOptions& options, LoadgenReport& report);
Status ReadShop(std::string_view text, const ReadOptions& options, LoadgenReport& report);

}  // namespace pano::run
