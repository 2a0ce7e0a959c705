// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

namespace shop {

// Gives every call the same CPU time, all told: what a call costs beside the work (transport,
// connections) is measured as the process runs and taken off the work's share. So a pod's capacity
// is its CPU limit divided by the target, on any machine. One thread.
class Budget {
 public:
  explicit Budget(int target_us);

  // Repeats step(0), step(1) ... at least once, until this call's share is used up.
  void Spend(const std::function<void(int)>& step);

 private:
  void Adjust();

  double target_ns_;
  double work_ns_;       // what Spend may use now
  double overhead_ns_;   // per call, smoothed
  double used_ns_;       // by the process when the window began
  double spent_ns_ = 0;  // by Spend in this window
  int calls_ = 0;        // in this window
};

}  // namespace shop
