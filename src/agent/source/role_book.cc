// SPDX-License-Identifier: Apache-2.0
#include "agent/source/role_book.h"

namespace pano::source {

void RoleBook::Listens(uint64_t socket, const pano_tuple& tuple) {
  const uint64_t key = Key(tuple.netns, tuple.local_port);
  const auto [at, fresh] = listeners_.try_emplace(socket, key);
  if (fresh) ++ports_[key];
}

void RoleBook::Closed(uint64_t socket) {
  const auto at = listeners_.find(socket);
  if (at == listeners_.end()) return;
  const auto port = ports_.find(at->second);
  if (port != ports_.end() && --port->second == 0) ports_.erase(port);
  listeners_.erase(at);
}

uint8_t RoleBook::RoleOf(const pano_tuple& tuple) const {
  constexpr uint8_t kTcp = 6;
  if (tuple.role != PANO_ROLE_UNKNOWN || tuple.l4_protocol != kTcp) return tuple.role;
  return ports_.contains(Key(tuple.netns, tuple.local_port)) ? PANO_ROLE_SERVER : PANO_ROLE_CLIENT;
}

}  // namespace pano::source
