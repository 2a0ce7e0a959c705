// SPDX-License-Identifier: Apache-2.0
#include "shop/loadgenerator/report.h"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>

namespace shop {

namespace {
constexpr int kFirstErrorStatus = 400;
}

Report::Report(const std::string& path) : file_(std::fopen(path.c_str(), "ae")) {
  if (file_ == nullptr) {
    throw std::runtime_error("cannot write " + path);
  }
}

Report::~Report() { std::fclose(file_); }

void Report::Started() {
  Roll();
  ++started_;
}

void Report::Completed(int status, std::int64_t latency_us) {
  Roll();
  latencies_us_.push_back(latency_us);
  if (status >= kFirstErrorStatus) {
    ++errors_[status];
  }
}

void Report::ConnectFailed() {
  Roll();
  ++connect_errors_;
}

void Report::Broken() {
  Roll();
  ++broken_;
}

void Report::Tick(int users, int connected) {
  Roll();
  users_ = users;
  connected_ = connected;
}

void Report::Roll() {
  using std::chrono::system_clock;
  const auto now =
      std::chrono::floor<std::chrono::seconds>(system_clock::now()).time_since_epoch().count();
  if (now == second_) {
    return;
  }
  if (second_ != 0) {
    Write();
  }
  second_ = now;
  started_ = connect_errors_ = broken_ = 0;
  errors_.clear();
  latencies_us_.clear();
}

void Report::Write() {
  std::string errors;
  for (const auto& [status, count] : errors_) {
    errors += fmt::format("{}\"{}\":{}", errors.empty() ? "" : ",", status, count);
  }
  const std::string line = fmt::format(
      "{{\"second\":{},\"users\":{},\"connected\":{},\"started\":{},\"completed\":{},\"errors\":{{{"
      "}}},"
      "\"connect_errors\":{},\"broken\":{},\"latencies_us\":[{}]}}\n",
      second_, users_, connected_, started_, latencies_us_.size(), errors, connect_errors_, broken_,
      fmt::join(latencies_us_, ","));
  std::fwrite(line.data(), 1, line.size(), file_);
  std::fflush(file_);
}

}  // namespace shop
