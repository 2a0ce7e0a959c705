// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/host_watch.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "base/clock.h"

namespace pano::entity {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

uint64_t ThreadCpuUs() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000 + static_cast<uint64_t>(t.tv_nsec) / 1000;
}

}  // namespace

HostWatch::HostWatch(Registry& registry) : registry_(registry), queue_(16'384) {}

HostWatch::~HostWatch() { Stop(); }

void HostWatch::Start() {
  LookAround();
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void HostWatch::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  queue_.Close();
  thread_.join();
}

void HostWatch::OnExec(uint32_t tgid) {
  if (!queue_.Push({tgid, true})) ++dropped_;
}

void HostWatch::OnExit(uint32_t tgid) {
  if (!queue_.Push({tgid, false})) ++dropped_;
}

void HostWatch::LookAround() { registry_.Scan(MonotonicNs()); }

void HostWatch::Run(const std::stop_token& stop) {
  // Aligned to wall seconds, so that saturation covers the second its samples are stored under.
  uint64_t next_wall_ns = (WallNs() / kSecond + 1) * kSecond;
  while (!stop.stop_requested()) {
    const uint64_t now = WallNs();
    if (now >= next_wall_ns) {
      LookAround();
      cpu_us_ = ThreadCpuUs();
      next_wall_ns = (WallNs() / kSecond + 1) * kSecond;
      continue;
    }
    const auto wait = std::chrono::milliseconds((next_wall_ns - now) / 1'000'000 + 1);
    const auto event = queue_.Pop(wait);
    if (!event) continue;
    if (event->exec) {
      registry_.OnExec(event->tgid, MonotonicNs());
    } else {
      registry_.OnExit(event->tgid, MonotonicNs());
    }
  }
}

std::vector<wire::InstanceSample> HostWatch::TakeSaturation() {
  const std::lock_guard lock(mutex_);
  return std::exchange(saturation_, {});
}

}  // namespace pano::entity
