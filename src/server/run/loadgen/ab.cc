// SPDX-License-Identifier: Apache-2.0
// ab (ApacheBench): the text it prints at the end. Its percentiles are whole milliseconds.
#include "server/run/loadgen/scan.h"

namespace pano::run {

Status ReadAb(std::string_view text, const ReadOptions&, LoadgenReport& report) {
  Lines lines(text);
  std::string_view line;
  bool quantiles = false;
  double failed = 0;
  double bad_status = 0;
  const auto number = [&](std::string_view rest, double& into) -> Status {
    const auto value = TakeNumber(rest);
    if (!value || *value < 0)
      return Fail(Code::kInvalid, "line {}: ab: a number is missing", lines.number());
    into = *value;
    return {};
  };
  while (lines.Next(line)) {
    if (const auto users = After(line, "Concurrency Level:")) {
      PANO_TRY(number(*users, report.users));
    } else if (const auto seconds = After(line, "Time taken for tests:")) {
      PANO_TRY(number(*seconds, report.duration_s));
    } else if (const auto done = After(line, "Complete requests:")) {
      PANO_TRY(number(*done, report.requests));
    } else if (const auto bad = After(line, "Failed requests:")) {
      PANO_TRY(number(*bad, failed));
    } else if (const auto status = After(line, "Non-2xx responses:")) {
      PANO_TRY(number(*status, bad_status));
    } else if (const auto bytes = After(line, "Total transferred:")) {
      PANO_TRY(number(*bytes, report.bytes));
    } else if (const auto rate = After(line, "Requests per second:")) {
      PANO_TRY(number(*rate, report.rate));
    } else if (const auto mean = After(line, "Time per request:")) {
      if (mean->find("across") != std::string_view::npos) continue;
      PANO_TRY(number(*mean, report.mean_us));
      report.mean_us *= 1e3;
    } else if (Trim(line).starts_with("Percentage of the requests served")) {
      quantiles = true;
    } else if (quantiles) {
      std::string_view rest = Trim(line);
      const auto percent = TakeNumber(rest);
      if (!percent || !rest.starts_with('%') || *percent < 0 || *percent > 100) continue;
      rest = Trim(rest.substr(1));
      double ms = 0;
      PANO_TRY(number(rest, ms));
      report.quantiles_us.emplace_back(*percent / 100, ms * 1e3);
      if (*percent == 100) report.max_us = ms * 1e3;
    }
  }
  if (!analysis::Known(report.requests)) {
    return Fail(Code::kInvalid, "line {}: ab: no line says how many requests there were",
                lines.number());
  }
  report.errors = failed + bad_status;
  if (failed > 0) report.error_kinds.emplace_back("failed", Whole(failed));
  if (bad_status > 0) report.error_kinds.emplace_back("status", Whole(bad_status));
  report.notes.push_back("ab's percentiles are whole milliseconds");
  return {};
}

}  // namespace pano::run
