// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace shop {

// Faults on demand: lines "NAME VALUE" in the file named by SHOP_FAULT_FILE, read at most twice a
// second. Any thread.
class Faults {
 public:
  static Faults& Instance();

  // Waits, leaks or locks as told. True: answer this call with an error.
  bool Suffer();

 private:
  double Value(const std::string& name);

  std::mutex mutex_;
  std::mutex held_;  // what the fault "lock" makes everyone wait for
  std::chrono::steady_clock::time_point read_{};
  std::map<std::string, double> values_;
  std::vector<std::string> leaked_;
};

std::string Setting(const char* name, const std::string& otherwise);
int Number(const char* name, int otherwise);

}  // namespace shop
