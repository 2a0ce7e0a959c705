// SPDX-License-Identifier: Apache-2.0
// Locust: `--csv` writes NAME_stats.csv (totals) and NAME_stats_history.csv (once a second, with
// --csv-full-history per name). The row named Aggregated counts. Times are milliseconds.
#include <algorithm>

#include "server/run/loadgen/scan.h"

namespace pano::run {
namespace {

using Fields = std::vector<std::string>;

struct Header {
  Fields names;
  size_t Of(std::string_view name) const {
    const auto at = std::ranges::find(names, name);
    return at == names.end() ? SIZE_MAX : static_cast<size_t>(at - names.begin());
  }
  double Number(const Fields& row, std::string_view name) const {
    const size_t column = Of(name);
    if (column >= row.size()) return analysis::kUnknown;
    std::string_view text = row[column];
    return TakeNumber(text).value_or(analysis::kUnknown);
  }
};

void TakeQuantiles(const Header& header, const Fields& row, LoadgenReport& report) {
  report.quantiles_us.clear();
  for (const std::string& name : header.names) {
    std::string_view text = name;
    const auto percent = TakeNumber(text);
    if (!percent || text != "%" || *percent < 0 || *percent > 100) continue;
    const double ms = header.Number(row, name);
    if (analysis::Known(ms)) report.quantiles_us.emplace_back(*percent / 100, ms * 1e3);
  }
}

Status ReadTotals(const Header& header, CsvRecords& records, LoadgenReport& report) {
  Fields row;
  while (records.Next(row)) {
    const size_t name = header.Of("Name");
    if (name >= row.size() || row[name] != "Aggregated") continue;
    report.requests = header.Number(row, "Request Count");
    report.errors = header.Number(row, "Failure Count");
    report.mean_us = header.Number(row, "Average Response Time") * 1e3;
    report.max_us = header.Number(row, "Max Response Time") * 1e3;
    report.rate = header.Number(row, "Requests/s");
    if (!analysis::Known(report.requests) || !analysis::Known(report.errors)) {
      return Fail(Code::kInvalid, "line {}: locust: the totals cannot be read", records.line());
    }
    if (report.rate > 0) report.duration_s = report.requests / report.rate;
    TakeQuantiles(header, row, report);
    return {};
  }
  return Fail(Code::kInvalid, "line {}: locust: there is no row named Aggregated", records.line());
}

Status ReadHistory(const Header& header, CsvRecords& records, const ReadOptions& options,
                   LoadgenReport& report) {
  Fields row;
  Fields last;
  double begin = 0;
  double end = 0;
  while (records.Next(row)) {
    const size_t name = header.Of("Name");
    if (name >= row.size() || row[name] != "Aggregated") continue;
    const double time = header.Number(row, "Timestamp");
    if (!analysis::Known(time)) {
      return Fail(Code::kInvalid, "line {}: locust: the time cannot be read", records.line());
    }
    if (options.to != 0 &&
        (time < static_cast<double>(options.from) || time >= static_cast<double>(options.to)))
      continue;
    if (begin == 0) begin = time;
    end = time;
    const double users = header.Number(row, "User Count");
    if (analysis::Known(users)) {
      report.users = std::max(analysis::Known(report.users) ? report.users : 0, users);
    }
    last = row;
  }
  if (last.empty()) {
    return Fail(Code::kInvalid, "line {}: locust: there is no row named Aggregated",
                records.line());
  }
  report.requests = header.Number(last, "Total Request Count");
  report.errors = header.Number(last, "Total Failure Count");
  report.mean_us = header.Number(last, "Total Average Response Time") * 1e3;
  report.max_us = header.Number(last, "Total Max Response Time") * 1e3;
  report.begin = Whole(begin);
  report.end = Whole(end) + 1;
  report.duration_s = end - begin;
  if (report.duration_s > 0) report.rate = report.requests / report.duration_s;
  report.notes.push_back(
      "the history's percentiles are of its last ten seconds: attach _stats.csv for the whole");
  return {};
}

}  // namespace

Status ReadLocust(std::string_view text, const ReadOptions& options, LoadgenReport& report) {
  CsvRecords records(text);
  Header header;
  if (!records.Next(header.names)) return Fail(Code::kInvalid, "line 1: locust: the file is empty");
  if (header.Of("Timestamp") != SIZE_MAX) return ReadHistory(header, records, options, report);
  if (header.Of("Request Count") == SIZE_MAX) {
    return Fail(Code::kInvalid, "line 1: locust: neither _stats.csv nor _stats_history.csv");
  }
  return ReadTotals(header, records, report);
}

}  // namespace pano::run
