// SPDX-License-Identifier: Apache-2.0
// What the agent knows of its host, behind the questions that flow and metric ask.
#pragma once

#include "agent/entity/exit_log.h"
#include "agent/entity/host_watch.h"
#include "agent/entity/registry.h"
#include "agent/flow/connection.h"
#include "agent/metric/aggregator.h"
#include "base/clock.h"

namespace pano::agent {

class Host final : public flow::HostFacts, public metric::Directory {
 public:
  Host(entity::Registry& registry, const entity::HostWatch& watch, const entity::ExitLog& exits)
      : registry_(registry), watch_(watch), exits_(exits) {}

  bool Translate(const decode::SocketTuple& view, Translation& out) const override {
    const entity::ClientView asked{
        view.l4_protocol, {view.local, view.local_port}, {view.remote, view.remote_port}};
    entity::Translation found;
    if (!watch_.Translate(asked, found)) return false;
    out.client = {found.client.ip, found.client.port};
    out.server = {found.server.ip, found.server.port};
    return true;
  }
  bool IsListening(uint32_t netns, uint16_t port) const override {
    return registry_.IsListening(netns, port);
  }
  uint32_t ListenerTgid(uint32_t netns, uint16_t port) const override {
    return registry_.ListenerTgid(netns, port);
  }
  // A process of this host whose end the kernel has told.
  bool HasExited(uint32_t tgid) const { return exits_.Has(tgid); }
  uint32_t InstanceOf(uint32_t tgid) override { return registry_.InstanceOf(tgid, MonotonicNs()); }
  uint32_t InstanceAt(const IpAddress& ip, uint16_t port) override {
    return registry_.InstanceAt(ip, port);
  }

 private:
  entity::Registry& registry_;
  const entity::HostWatch& watch_;
  const entity::ExitLog& exits_;
};

}  // namespace pano::agent
