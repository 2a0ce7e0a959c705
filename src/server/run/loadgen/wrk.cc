// SPDX-License-Identifier: Apache-2.0
// wrk and wrk2: the text they print at the end. wrk2 sends by the clock and says so by its
// HdrHistogram.
#include "server/run/loadgen/scan.h"

namespace pano::run {
namespace {

std::unexpected<Error> Bad(const Lines& lines, std::string_view what) {
  return Fail(Code::kInvalid, "line {}: wrk: {} cannot be read", lines.number(), what);
}

// "Socket errors: connect 0, read 5, write 0, timeout 12"
Status TakeSocketErrors(std::string_view rest, const Lines& lines, LoadgenReport& report) {
  report.timeouts = report.connect_errors = 0;
  double other = 0;
  while (!rest.empty()) {
    std::string_view item = Trim(rest.substr(0, rest.find(',')));
    rest.remove_prefix(std::min(
        rest.size(), rest.find(',') == std::string_view::npos ? rest.size() : rest.find(',') + 1));
    const size_t space = item.find(' ');
    if (space == std::string_view::npos) return Bad(lines, "the socket errors");
    std::string_view number = item.substr(space + 1);
    const std::string kind(item.substr(0, space));
    const auto count = TakeNumber(number);
    if (!count || *count < 0) return Bad(lines, "the socket errors");
    if (kind == "connect") report.connect_errors = *count;
    if (kind == "timeout") report.timeouts = *count;
    if (kind == "read" || kind == "write") other += *count;
    if (*count > 0) report.error_kinds.emplace_back(kind, Whole(*count));
  }
  report.errors = (analysis::Known(report.errors) ? report.errors : 0) + other + report.timeouts +
                  report.connect_errors;
  return {};
}

// "  22464657 requests in 30.00s, 17.76GB read"
Status TakeTotals(std::string_view line, const Lines& lines, LoadgenReport& report) {
  std::string_view rest = Trim(line);
  const auto count = TakeNumber(rest);
  const size_t in = rest.find(" in ");
  const size_t comma = rest.find(',');
  if (!count || in == std::string_view::npos || comma == std::string_view::npos || comma < in) {
    return Bad(lines, "the number of requests");
  }
  const auto duration = DurationUs(Trim(rest.substr(in + 4, comma - in - 4)), 1e6);
  std::string_view read = Trim(rest.substr(comma + 1));
  read = Trim(read.substr(0, read.find(' ')));
  if (!duration) return Bad(lines, "the duration");
  report.requests = *count;
  report.duration_s = *duration / 1e6;
  if (const auto bytes = Scaled(read, 1024)) report.bytes = *bytes;
  return {};
}

// "     50%  250.00us" and wrk2's " 50.000%    1.30ms". False: another kind of line.
bool TakeQuantile(std::string_view line, LoadgenReport& report) {
  std::string_view rest = Trim(line);
  const auto percent = TakeNumber(rest);
  if (!percent || !rest.starts_with('%') || *percent < 0 || *percent > 100) return false;
  const auto us = DurationUs(Trim(rest.substr(1)), 1);
  if (!us) return false;
  report.quantiles_us.emplace_back(*percent / 100, *us);
  return true;
}

void TakeLatency(std::string_view rest, LoadgenReport& report) {
  std::vector<std::string_view> words;
  while (!rest.empty() && words.size() < 4) {
    words.push_back(rest.substr(0, rest.find(' ')));
    rest = Trim(rest.substr(words.back().size()));
  }
  if (words.size() < 3) return;
  if (const auto mean = DurationUs(words[0], 1)) report.mean_us = *mean;
  if (const auto max = DurationUs(words[2], 1)) report.max_us = *max;
}

}  // namespace

Status ReadWrk(std::string_view text, const ReadOptions&, LoadgenReport& report) {
  Lines lines(text);
  std::string_view line;
  bool quantiles = false;
  while (lines.Next(line)) {
    if (line.find("threads and") != std::string_view::npos) {
      std::string_view rest = line.substr(line.find("and") + 3);
      rest = Trim(rest);
      if (const auto users = TakeNumber(rest)) report.users = *users;
    } else if (line.find(" requests in ") != std::string_view::npos) {
      PANO_TRY(TakeTotals(line, lines, report));
    } else if (const auto latency = After(line, "Latency Distribution")) {
      quantiles = true;
      if (latency->find("HdrHistogram") != std::string_view::npos) report.open_loop = true;
    } else if (const auto columns = After(line, "Latency")) {
      TakeLatency(*columns, report);
    } else if (const auto errors = After(line, "Socket errors:")) {
      PANO_TRY(TakeSocketErrors(*errors, lines, report));
    } else if (const auto status = After(line, "Non-2xx or 3xx responses:")) {
      std::string_view rest = *status;
      const auto count = TakeNumber(rest);
      if (!count || *count < 0) return Bad(lines, "the number of error responses");
      report.errors = (analysis::Known(report.errors) ? report.errors : 0) + *count;
      report.error_kinds.emplace_back("status", Whole(*count));
    } else if (const auto rate = After(line, "Requests/sec:")) {
      std::string_view rest = *rate;
      const auto value = TakeNumber(rest);
      if (!value) return Bad(lines, "the rate");
      report.rate = *value;
    } else if (quantiles && !TakeQuantile(line, report)) {
      quantiles = false;
    }
  }
  if (!analysis::Known(report.requests)) {
    return Fail(Code::kInvalid, "line {}: wrk: no line says how many requests there were",
                lines.number());
  }
  if (!analysis::Known(report.errors)) report.errors = 0;
  if (!analysis::Known(report.connect_errors)) report.connect_errors = report.timeouts = 0;
  if (report.quantiles_us.empty()) report.notes.push_back("no percentiles: run wrk with --latency");
  return {};
}

}  // namespace pano::run
