// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace shop {

// One line of JSON per wall-clock second: what was sent, what came back, and every latency.
class Report {
 public:
  explicit Report(const std::string& path);
  ~Report();
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  // Each counts in the wall-clock second it is called in.
  void Started();
  void Completed(int status, std::int64_t latency_us);
  void ConnectFailed();
  void Broken();

  // Call at least once a second, so that every second gets its line.
  void Tick(int users, int connected);

 private:
  void Roll();  // writes the second that ended, if one did
  void Write();

  std::FILE* file_;
  std::int64_t second_ = 0;  // since the epoch
  int users_ = 0;
  int connected_ = 0;
  int started_ = 0;
  int connect_errors_ = 0;
  int broken_ = 0;  // the connection ended before the response did
  std::map<int, int> errors_;
  std::vector<std::int64_t> latencies_us_;
};

}  // namespace shop
