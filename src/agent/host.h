// SPDX-License-Identifier: Apache-2.0
// What the agent knows of its host, behind the questions that flow and metric ask.
#pragma once

#include "agent/entity/nat_table.h"
#include "agent/entity/registry.h"
#include "agent/flow/connection.h"
#include "agent/metric/aggregator.h"
#include "base/clock.h"

namespace pano::agent {

class Host final : public flow::HostFacts, public metric::Directory {
 public:
  Host(entity::Registry& registry, const entity::NatTable& nat) : registry_(registry), nat_(nat) {}

  bool Translate(const decode::SocketTuple& view, Translation& out) const override {
    entity::NatTuple original;
    original.source = view.local;
    original.source_port = view.local_port;
    original.target = view.remote;
    original.target_port = view.remote_port;
    original.l4_protocol = view.l4_protocol;
    const auto found = nat_.Find(original);
    if (!found) return false;
    out.client = {found->client, found->client_port};
    out.server = {found->server, found->server_port};
    return true;
  }
  bool IsListening(uint32_t netns, uint16_t port) const override {
    return registry_.IsListening(netns, port);
  }
  uint32_t ListenerTgid(uint32_t netns, uint16_t port) const override {
    return registry_.ListenerTgid(netns, port);
  }
  uint32_t InstanceOf(uint32_t tgid) override { return registry_.InstanceOf(tgid, MonotonicNs()); }
  uint32_t InstanceAt(const IpAddress& ip, uint16_t port) override {
    return registry_.InstanceAt(ip, port);
  }

 private:
  entity::Registry& registry_;
  const entity::NatTable& nat_;
};

}  // namespace pano::agent
