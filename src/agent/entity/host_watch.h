// SPDX-License-Identifier: Apache-2.0
// The thread that keeps the registry, the listeners and the instances' saturation up to date.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "agent/entity/conntrack.h"
#include "agent/entity/listener_owners.h"
#include "agent/entity/registry.h"
#include "agent/entity/saturation.h"
#include "agent/entity/saturation_outbox.h"
#include "base/queue.h"
#include "wire/batch.h"

namespace pano::entity {

class HostWatch {
 public:
  explicit HostWatch(Registry& registry);
  HostWatch(const HostWatch&) = delete;
  HostWatch& operator=(const HostWatch&) = delete;
  ~HostWatch();

  // Looks once at everything, then goes on in a thread until Stop.
  void Start();
  void Stop();

  // From any thread. A full queue drops the event: the next scan finds the process too.
  void OnExec(uint32_t tgid);
  void OnExit(uint32_t tgid);

  // Address translation of this host; false where none is known. Any thread.
  bool Translate(const ClientView& view, Translation& out) const;
  uint64_t translations_dropped() const { return conntrack_ ? conntrack_->table().dropped() : 0; }
  uint64_t translations_lost() const { return conntrack_ ? conntrack_->events_lost() : 0; }

  // Saturation of every used instance in that second (Unix time), and what came too late for
  // those before. Waits a moment for what is being measured.
  std::vector<wire::InstanceSample> TakeSaturation(uint64_t second);
  uint64_t dropped() const { return dropped_; }
  uint64_t cpu_us() const { return cpu_us_; }  // of its thread, since start

 private:
  struct ProcessEvent {
    uint32_t tgid = 0;
    bool exec = false;
  };
  void Run(const std::stop_token& stop);
  void LookAround();
  void Measure(uint64_t second);

  Registry& registry_;
  std::unique_ptr<Conntrack> conntrack_;  // null where this kernel or these rights have none
  ListenerOwners listeners_;
  SaturationCollector saturation_collector_;
  unsigned looks_ = 0;
  BoundedQueue<ProcessEvent> queue_;
  std::atomic<uint64_t> dropped_{0};
  std::atomic<uint64_t> cpu_us_{0};
  SaturationOutbox saturation_;
  std::jthread thread_;
};

}  // namespace pano::entity
