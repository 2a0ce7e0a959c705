// SPDX-License-Identifier: Apache-2.0
#include "server/tag/replica_watch.h"

#include <fmt/format.h>

#include <utility>

namespace pano::tag {
namespace {
constexpr uint64_t kSettleSeconds = 2;
// A service without any instance is given time to come back: a restart, not a scale to zero.
constexpr uint64_t kAbsentSeconds = 10;
constexpr size_t kMaxReady = 256;

EventRow MakeEvent(uint64_t second, schema::EventKind kind, uint32_t service, uint32_t instance,
                   std::string text) {
  return {second * 1'000'000'000u, kind, service, instance, std::move(text)};
}

// What tells one build of a service from another. A pod is named by its template: DEPLOYMENT-HASH
// and five letters of its own; anything else by what it runs.
std::string BuildOf(const Instance& instance) {
  const wire::InstanceInfo& info = instance.info;
  if (!info.pod_uid.empty()) return info.instance.substr(0, info.instance.rfind('-'));
  return info.executable + " " + info.command;
}
}  // namespace

ReplicaWatch::PerService& ReplicaWatch::Of(const Service& service) {
  PerService& s = services_[service.id];
  s.name = service.name;
  return s;
}

void ReplicaWatch::Up(uint64_t second, const Service& service, const Instance& instance,
                      bool quiet) {
  PerService& s = Of(service);
  if (!s.alive.insert(instance.id).second) return;
  if (quiet) {
    if (s.reported >= 0) ++s.reported;
    if (s.reported < 0) s.reported = static_cast<int64_t>(s.alive.size());
    return;
  }
  s.loud = true;
  s.build_come = BuildOf(instance);
  if (s.changed == 0) s.changed = second;
  ++s.ups;
  if (ready_.size() < kMaxReady) {
    ready_.push_back(MakeEvent(second, schema::EventKind::kInstanceUp, service.id, instance.id,
                               fmt::format("{} is up", instance.info.instance)));
  }
}

void ReplicaWatch::Down(uint64_t second, const Service& service, const Instance& instance,
                        bool quiet) {
  PerService& s = Of(service);
  if (s.alive.erase(instance.id) == 0) return;
  if (quiet) {
    if (s.reported > 0) --s.reported;
    return;
  }
  s.loud = true;
  s.build_gone = BuildOf(instance);
  if (s.changed == 0) s.changed = second;
  ++s.downs;
  if (ready_.size() < kMaxReady) {
    ready_.push_back(MakeEvent(second, schema::EventKind::kInstanceDown, service.id, instance.id,
                               fmt::format("{} ended{}", instance.info.instance,
                                           instance.info.oom_killed ? ", out of memory" : "")));
  }
}

uint32_t ReplicaWatch::Replicas(uint32_t service) const {
  const auto at = services_.find(service);
  return at == services_.end() ? 0 : static_cast<uint32_t>(at->second.alive.size());
}

std::vector<EventRow> ReplicaWatch::Take(uint64_t second) {
  for (auto& [id, s] : services_) {
    if (s.changed == 0) continue;
    const uint64_t wait = s.alive.empty() ? kAbsentSeconds : kSettleSeconds;
    if (second < s.changed + wait) continue;
    const auto now = static_cast<int64_t>(s.alive.size());
    if (s.ups > 0 && s.downs > 0 && s.build_come != s.build_gone) {
      ready_.push_back(MakeEvent(s.changed, schema::EventKind::kDeploy, id, 0,
                                 fmt::format("{} was deployed", s.name)));
    }
    if (s.reported >= 0 && now != s.reported) {
      ready_.push_back(MakeEvent(s.changed, schema::EventKind::kScale, id, 0,
                                 fmt::format("{} scaled from {} to {}", s.name, s.reported, now)));
    } else if (s.reported == now && s.ups > 0 && s.downs > 0 && s.build_come == s.build_gone) {
      ready_.push_back(MakeEvent(s.changed, schema::EventKind::kRestart, id, 0,
                                 fmt::format("{} restarted", s.name)));
    }
    s.reported = now;
    s.changed = 0;
    s.ups = s.downs = 0;
  }
  return std::exchange(ready_, {});
}

}  // namespace pano::tag
