// SPDX-License-Identifier: Apache-2.0
// hey: its summary, or its CSV (-o csv), one line per request.
#include <algorithm>

#include "server/run/loadgen/scan.h"

namespace pano::run {
namespace {

// "  Total:	10.0032 secs"
bool TakeSeconds(std::string_view line, std::string_view name, double& us) {
  const auto rest = After(line, name);
  if (!rest) return false;
  if (const auto value = DurationUs(*rest, 1e6)) us = *value;
  return true;
}

// "  [200]	97481 responses", "  [12]	Get http://...: connection refused"
bool TakeBracket(std::string_view line, double& number, std::string_view& rest) {
  line = Trim(line);
  if (!line.starts_with('[')) return false;
  line.remove_prefix(1);
  const auto value = TakeNumber(line);
  if (!value || !line.starts_with(']')) return false;
  number = *value;
  rest = Trim(line.substr(1));
  return true;
}

// Totals, latencies and percentiles: everything before the distributions.
Status TakeHead(std::string_view line, size_t number, double& total_us, LoadgenReport& report) {
  if (TakeSeconds(line, "Total:", total_us) || TakeSeconds(line, "Slowest:", report.max_us) ||
      TakeSeconds(line, "Average:", report.mean_us)) {
    return {};
  }
  if (auto rate = After(line, "Requests/sec:")) {
    const auto value = TakeNumber(*rate);
    if (!value) return Fail(Code::kInvalid, "line {}: hey: the rate cannot be read", number);
    report.rate = *value;
    return {};
  }
  if (auto bytes = After(line, "Total data:")) {
    if (const auto value = TakeNumber(*bytes)) report.bytes = *value;
    return {};
  }
  std::string_view rest = Trim(line);
  const auto percent = TakeNumber(rest);
  if (!percent || !rest.starts_with("% in ") || *percent < 0 || *percent > 100) return {};
  const auto us = DurationUs(Trim(rest.substr(5)), 1e6);
  if (!us) return Fail(Code::kInvalid, "line {}: hey: a percentile cannot be read", number);
  report.quantiles_us.emplace_back(*percent / 100, *us);
  return {};
}

void AddKind(std::string kind, double count, LoadgenReport& report) {
  constexpr size_t kMost = 50;
  if (report.error_kinds.size() >= kMost) return;
  report.error_kinds.emplace_back(std::move(kind), Whole(count));
}

Status ReadSummary(std::string_view text, LoadgenReport& report) {
  Lines lines(text);
  std::string_view line;
  enum class Part { kHead, kStatus, kErrors } part = Part::kHead;
  double total_us = analysis::kUnknown;
  double answered = 0;
  double failed = 0;
  double bad_status = 0;
  while (lines.Next(line)) {
    if (Trim(line).starts_with("Status code distribution")) part = Part::kStatus;
    if (Trim(line).starts_with("Error distribution")) part = Part::kErrors;
    if (part == Part::kHead) {
      PANO_TRY(TakeHead(line, lines.number(), total_us, report));
      continue;
    }
    double number = 0;
    std::string_view rest;
    if (!TakeBracket(line, number, rest)) continue;
    if (part == Part::kErrors) {
      failed += number;
      AddKind(std::string(rest.substr(0, 100)), number, report);
      continue;
    }
    const auto count = TakeNumber(rest);
    if (!count) {
      return Fail(Code::kInvalid, "line {}: hey: a status line cannot be read", lines.number());
    }
    answered += *count;
    if (number < 400) continue;
    bad_status += *count;
    AddKind(fmt::format("status {:.0f}", number), *count, report);
  }
  if (answered + failed == 0 || !analysis::Known(total_us)) {
    return Fail(Code::kInvalid, "line {}: hey: the summary is not complete", lines.number());
  }
  report.requests = answered + failed;
  report.errors = bad_status + failed;
  report.duration_s = total_us / 1e6;
  return {};
}

// response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset
Status ReadCsv(std::string_view text, const ReadOptions& options, LoadgenReport& report) {
  CsvRecords records(text);
  std::vector<std::string> fields;
  records.Next(fields);
  SampleSum sum(options);
  double last = 0;
  while (records.Next(fields)) {
    if (fields.size() == 1 && fields[0].empty()) continue;
    std::string_view time = fields.front();
    const auto latency = TakeNumber(time);
    if (fields.size() < 8 || !latency || *latency < 0) {
      return Fail(Code::kInvalid, "line {}: hey: not a request", records.line());
    }
    sum.Add(*latency * 1e6, 0, 0);
    std::string_view status = fields[6];
    std::string_view offset = fields[7];
    const auto code = TakeNumber(status);
    if (code && *code >= 400) sum.Error("status " + fields[6]);
    if (const auto began = TakeNumber(offset)) last = std::max(last, *began + *latency);
  }
  sum.Fill(report);
  if (last > 0) report.duration_s = last, report.rate = report.requests / last;
  report.notes.push_back("hey's CSV leaves out requests that failed without an answer");
  return {};
}

}  // namespace

Status ReadHey(std::string_view text, const ReadOptions& options, LoadgenReport& report) {
  if (Trim(text).starts_with("response-time")) return ReadCsv(text, options, report);
  return ReadSummary(text, report);
}

}  // namespace pano::run
