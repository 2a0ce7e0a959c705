// SPDX-License-Identifier: Apache-2.0
#include "agent/flow/peer_index.h"

namespace pano::flow {

size_t PeerIndex::KeyHash::operator()(const Key& k) const noexcept {
  size_t h = std::hash<IpAddress>()(k.local.ip) * 31 + k.local.port;
  h = h * 0x9e3779b97f4a7c15u ^ (std::hash<IpAddress>()(k.remote.ip) * 37 + k.remote.port);
  h ^= (size_t{k.netns} << 8) ^ static_cast<size_t>(k.l4);
  h *= 0xc2b2ae3d27d4eb4fu;
  return h ^ (h >> 32);
}

PeerIndex::Key PeerIndex::MakeKey(const Endpoint& local, const Endpoint& remote,
                                  schema::L4Protocol l4, uint32_t netns) {
  const bool same_netns = local.ip.IsLoopback() || remote.ip.IsLoopback() || local.ip == remote.ip;
  return {local, remote, same_netns ? netns : 0, l4};
}

void PeerIndex::Put(const Endpoint& local, const Endpoint& remote, schema::L4Protocol l4,
                    const PeerSocket& socket) {
  const Key key = MakeKey(local, remote, l4, socket.netns);
  Stripe& stripe = stripes_[KeyHash()(key) % kStripes];
  const std::lock_guard lock(stripe.mutex);
  const auto at = stripe.sockets.find(key);
  if (at != stripe.sockets.end()) {
    const uint32_t tgid =
        socket.tgid != 0 || at->second.socket != socket.socket ? socket.tgid : at->second.tgid;
    at->second = socket;
    at->second.tgid = tgid;
  } else if (stripe.sockets.size() >= capacity_per_stripe_) {
    ++stripe.dropped;
  } else {
    stripe.sockets.emplace(key, socket);
  }
}

void PeerIndex::Remove(const Endpoint& local, const Endpoint& remote, schema::L4Protocol l4,
                       uint32_t netns, uint64_t socket) {
  const Key key = MakeKey(local, remote, l4, netns);
  Stripe& stripe = stripes_[KeyHash()(key) % kStripes];
  const std::lock_guard lock(stripe.mutex);
  const auto at = stripe.sockets.find(key);
  // A newer socket may have taken the same ends.
  if (at != stripe.sockets.end() && at->second.socket == socket) stripe.sockets.erase(at);
}

void PeerIndex::Close(const Endpoint& local, const Endpoint& remote, schema::L4Protocol l4,
                      uint32_t netns, uint64_t socket, uint64_t time_ns) {
  const Key key = MakeKey(local, remote, l4, netns);
  Stripe& stripe = stripes_[KeyHash()(key) % kStripes];
  const std::lock_guard lock(stripe.mutex);
  const auto at = stripe.sockets.find(key);
  if (at != stripe.sockets.end() && at->second.socket == socket) at->second.closed_ns = time_ns;
}

std::optional<PeerSocket> PeerIndex::FindPeer(const Endpoint& local, const Endpoint& remote,
                                              schema::L4Protocol l4, uint32_t netns) const {
  const Key key = MakeKey(remote, local, l4, netns);
  const Stripe& stripe = stripes_[KeyHash()(key) % kStripes];
  const std::lock_guard lock(stripe.mutex);
  const auto at = stripe.sockets.find(key);
  if (at == stripe.sockets.end()) return std::nullopt;
  return at->second;
}

uint64_t PeerIndex::dropped() const {
  uint64_t total = 0;
  for (const Stripe& stripe : stripes_) {
    const std::lock_guard lock(stripe.mutex);
    total += stripe.dropped;
  }
  return total;
}

}  // namespace pano::flow
