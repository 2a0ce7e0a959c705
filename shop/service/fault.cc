// SPDX-License-Identifier: Apache-2.0
#include "shop/service/fault.h"

#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>

namespace shop {

namespace {
constexpr auto kMaxAge = std::chrono::milliseconds(500);
constexpr double kMebibyte = 1 << 20;

std::chrono::microseconds Millis(double ms) {
  return std::chrono::microseconds(static_cast<long>(ms * 1000));
}
}  // namespace

Faults& Faults::Instance() {
  static Faults faults;
  return faults;
}

double Faults::Value(const std::string& name) {
  std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now - read_ > kMaxAge) {
    read_ = now;
    values_.clear();
    std::ifstream file(Setting("SHOP_FAULT_FILE", ""));
    std::string fault;
    double value = 0;
    while (file >> fault >> value) {
      values_[fault] = value;
    }
  }
  const auto found = values_.find(name);
  return found == values_.end() ? 0 : found->second;
}

bool Faults::Suffer() {
  if (const double ms = Value("slow"); ms > 0) {
    std::this_thread::sleep_for(Millis(ms));
  }
  if (const double ms = Value("lock"); ms > 0) {
    std::lock_guard lock(held_);
    std::this_thread::sleep_for(Millis(ms));
  }
  if (const double mib = Value("leak"); mib > 0) {
    std::string block(static_cast<size_t>(mib * kMebibyte), 'x');
    std::lock_guard lock(mutex_);
    leaked_.push_back(std::move(block));
  }
  const double share = Value("errors");
  if (share <= 0) {
    return false;
  }
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<>{}(random) < share;
}

std::string Setting(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

int Number(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? std::atoi(value) : otherwise;
}

}  // namespace shop
