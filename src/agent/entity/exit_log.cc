// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/exit_log.h"

namespace pano::entity {

void ExitLog::OnExit(uint32_t tgid) {
  const std::lock_guard lock(mutex_);
  if (!exited_.insert(tgid).second) return;
  order_.push_back(tgid);
  if (order_.size() <= kMost) return;
  exited_.erase(order_.front());
  order_.pop_front();
}

void ExitLog::OnExec(uint32_t tgid) {
  const std::lock_guard lock(mutex_);
  if (exited_.erase(tgid) != 0) std::erase(order_, tgid);
}

bool ExitLog::Has(uint32_t tgid) const {
  const std::lock_guard lock(mutex_);
  return exited_.contains(tgid);
}

}  // namespace pano::entity
