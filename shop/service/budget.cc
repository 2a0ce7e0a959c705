// SPDX-License-Identifier: Apache-2.0
#include "shop/service/budget.h"

#include <time.h>

#include <algorithm>

namespace shop {

namespace {
constexpr int kWindowCalls = 50;  // between two adjustments

double CpuNs(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}
}  // namespace

Budget::Budget(int target_us)
    : target_ns_(target_us * 1000.0),
      work_ns_(target_ns_ * 3 / 4),
      overhead_ns_(target_ns_ / 4),
      used_ns_(CpuNs(CLOCK_PROCESS_CPUTIME_ID)) {}

void Budget::Spend(const std::function<void(int)>& step) {
  const double begin = CpuNs(CLOCK_THREAD_CPUTIME_ID);
  double spent = 0;
  for (int i = 0; i == 0 || spent < work_ns_; ++i) {
    step(i);
    spent = CpuNs(CLOCK_THREAD_CPUTIME_ID) - begin;
  }
  spent_ns_ += spent;
  if (++calls_ >= kWindowCalls) {
    Adjust();
  }
}

void Budget::Adjust() {
  const double now = CpuNs(CLOCK_PROCESS_CPUTIME_ID);
  overhead_ns_ += ((now - used_ns_ - spent_ns_) / calls_ - overhead_ns_) / 4;
  work_ns_ = std::max(target_ns_ / 4, target_ns_ - overhead_ns_);
  used_ns_ = now;
  spent_ns_ = 0;
  calls_ = 0;
}

}  // namespace shop
