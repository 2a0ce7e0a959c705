// SPDX-License-Identifier: Apache-2.0
#include "server/live/window.h"

#include <algorithm>

namespace pano::live {
namespace {
using schema::EdgeMetric;
using schema::InstanceMetric;

bool KnowsRequests(const SideWindow& side) {
  return side.seen && (side[EdgeMetric::kRequest] > 0 || side[EdgeMetric::kResponse] > 0 ||
                       side[EdgeMetric::kInFlight] > 0 || side[EdgeMetric::kTimeout] > 0);
}
}  // namespace

void SideWindow::AddAcross(const SideWindow& other) {
  if (!other.seen) return;
  seen = true;
  schema::FoldAcross(values, other.values);
  rrt.Merge(other.rrt);
  rtt.Merge(other.rtt);
}

void SideWindow::AddLater(const SideWindow& later) {
  seen = seen || later.seen;
  schema::FoldOverTime(values, later.values);
  rrt.Merge(later.rrt);
  rtt.Merge(later.rtt);
}

const SideWindow& EdgeWindow::Requests() const {
  if (!client.seen) return server;
  return !KnowsRequests(client) && KnowsRequests(server) ? server : client;
}

const SideWindow& EdgeWindow::Transport() const { return client.seen ? client : server; }

void EdgeWindow::AddAcross(const EdgeWindow& other) {
  seconds = std::max(seconds, other.seconds);
  // Sides are chosen per edge before they are added up, else a request seen twice counts twice.
  const SideWindow& requests = other.Requests();
  if (&requests == &other.client || !other.client.seen) {
    client.AddAcross(requests);
  } else {
    SideWindow joined = other.server;
    for (const EdgeMetric m :
         {EdgeMetric::kRttSum, EdgeMetric::kRttCount, EdgeMetric::kRttMax, EdgeMetric::kRetransSyn,
          EdgeMetric::kTcpEstablishFail, EdgeMetric::kServerReset}) {
      joined.values[static_cast<size_t>(m)] = other.client[m];
    }
    joined.rtt = other.client.rtt;
    client.AddAcross(joined);
  }
  server.AddAcross(other.server);
}

void NodeWindow::AddInstance(const schema::InstanceValues& instance, bool first) {
  const schema::InstanceValues before = values;
  schema::FoldAcross(values, instance);
  const auto at = [](InstanceMetric m) { return static_cast<size_t>(m); };
  for (const InstanceMetric m : {InstanceMetric::kCpuQuota, InstanceMetric::kMemoryLimit}) {
    // A service of which one instance is unlimited has no limit.
    if (instance[at(m)] == 0 || (!first && before[at(m)] == 0)) values[at(m)] = 0;
  }
  for (const InstanceMetric m :
       {InstanceMetric::kPsiCpuSome, InstanceMetric::kPsiMemorySome, InstanceMetric::kPsiIoSome}) {
    values[at(m)] = std::max(before[at(m)], instance[at(m)]);
  }
  seconds = std::max(seconds, 1.0);
}

void NodeWindow::AddLater(const NodeWindow& later) {
  replicas = later.replicas;
  if (later.seconds == 0) return;
  schema::FoldOverTime(values, later.values);
  seconds += later.seconds;
}

}  // namespace pano::live
