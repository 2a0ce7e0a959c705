// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/host_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

#include "base/clock.h"
#include "base/log.h"

namespace pano::entity {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr std::chrono::milliseconds kPatience{250};  // with a measurement that is under way

uint64_t ThreadCpuUs() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000 + static_cast<uint64_t>(t.tv_nsec) / 1000;
}

// The root of a hierarchy is everybody's and says nothing of one instance.
CgroupPlaces PlacesOf(const std::vector<CgroupPath>& cgroups) {
  CgroupPlaces places;
  for (const CgroupPath& c : cgroups) {
    if (c.path.size() <= 1) continue;
    if (c.controllers.empty()) places.unified = c.path;
    for (const std::string& controller : c.controllers) {
      if (controller == "cpu") places.cpu = c.path;
      if (controller == "memory") places.memory = c.path;
    }
  }
  return places;
}

}  // namespace

HostWatch::HostWatch(Registry& registry) : registry_(registry), queue_(16'384) {}

HostWatch::~HostWatch() { Stop(); }

void HostWatch::Start() {
  LookAround();
  auto conntrack = Conntrack::Start([this] {
    std::unordered_map<uint32_t, std::string> paths;
    for (const auto& [netns, pid] : registry_.NetnsProcesses()) {
      paths.emplace(netns, fmt::format("/proc/{}/ns/net", pid));
    }
    return paths;
  });
  if (conntrack) {
    conntrack_ = std::move(*conntrack);
    // Edges of existing connections should go to their real servers from the first second on.
    const uint64_t patience = MonotonicNs() + 2 * kSecond;
    while (!conntrack_->ready() && MonotonicNs() < patience) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  } else {
    Log(LogLevel::kWarn, "entity", "{}", conntrack.error().ToString());
  }
  saturation_.SetOpen(true);
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void HostWatch::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  queue_.Close();
  thread_.join();
  saturation_.SetOpen(false);
}

void HostWatch::OnExec(uint32_t tgid) {
  if (!queue_.Push({tgid, true})) ++dropped_;
}

void HostWatch::OnExit(uint32_t tgid) {
  if (!queue_.Push({tgid, false})) ++dropped_;
}

void HostWatch::LookAround() {
  registry_.Scan(MonotonicNs());
  // New listeners matter for roles and for refused connects: every other second is soon enough.
  if (looks_++ % 2 == 0) registry_.SetListeners(listeners_.Look(registry_.ProcessesByNetns()));
}

bool HostWatch::Translate(const ClientView& view, Translation& out) const {
  if (!conntrack_) return false;
  const auto found = conntrack_->table().Find(view);
  if (found) out = *found;
  return found.has_value();
}

void HostWatch::Measure(uint64_t second) {
  std::vector<Target> targets;
  for (InstanceProcesses& i : registry_.UsedInstances()) {
    Target& t = targets.emplace_back();
    t.instance = i.id;
    t.pids = std::move(i.pids);
    t.own_cgroup = i.own_cgroup;
    t.own_netns = i.own_netns;
    t.cgroup = PlacesOf(i.cgroups);
  }
  std::vector<wire::InstanceSample> samples = saturation_collector_.Collect(targets);
  for (const wire::InstanceSample& s : samples) {
    if (s.values[static_cast<size_t>(schema::InstanceMetric::kOomKill)] > 0) {
      registry_.OnOomKill(s.instance);
    }
  }
  saturation_.Put(second, samples);
}

void HostWatch::Run(const std::stop_token& stop) {
  // Aligned to wall seconds, so that saturation covers the second its samples are stored under.
  uint64_t next_wall_ns = (WallNs() / kSecond + 1) * kSecond;
  while (!stop.stop_requested()) {
    const uint64_t now = WallNs();
    if (now >= next_wall_ns) {
      Measure(next_wall_ns / kSecond - 1);
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

std::vector<wire::InstanceSample> HostWatch::TakeSaturation(uint64_t second) {
  return saturation_.Take(second, kPatience);
}

}  // namespace pano::entity
