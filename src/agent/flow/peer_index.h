// SPDX-License-Identifier: Apache-2.0
// The sockets of this host by their two ends after NAT, so that the two sockets of one connection
// find each other whatever namespaces and shards they live in. Thread safe; bounded.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "agent/flow/connection.h"

namespace pano::flow {

struct PeerSocket {
  uint64_t socket = 0;
  uint32_t tgid = 0;
  uint32_t netns = 0;
  uint64_t closed_ns = 0;  // 0 while it is open
};

class PeerIndex {
 public:
  explicit PeerIndex(size_t capacity) : capacity_per_stripe_(capacity / kStripes + 1) {}

  // `local` and `remote` after NAT, as the owner of the socket stands.
  void Put(const Endpoint& local, const Endpoint& remote, schema::L4Protocol l4,
           const PeerSocket& socket);
  void Remove(const Endpoint& local, const Endpoint& remote, schema::L4Protocol l4, uint32_t netns,
              uint64_t socket);
  // It stays to be found, as the peer of what was open beside it.
  void Close(const Endpoint& local, const Endpoint& remote, schema::L4Protocol l4, uint32_t netns,
             uint64_t socket, uint64_t time_ns);
  // The socket whose remote end is (local) and whose local end is (remote).
  std::optional<PeerSocket> FindPeer(const Endpoint& local, const Endpoint& remote,
                                     schema::L4Protocol l4, uint32_t netns) const;
  uint64_t dropped() const;

 private:
  struct Key {
    Endpoint local;
    Endpoint remote;
    uint32_t netns = 0;  // of loopback addresses, which mean something else in each namespace
    schema::L4Protocol l4 = schema::L4Protocol::kTcp;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& k) const noexcept;
  };
  struct Stripe {
    mutable std::mutex mutex;
    std::unordered_map<Key, PeerSocket, KeyHash> sockets;
    uint64_t dropped = 0;
  };
  static constexpr size_t kStripes = 16;

  static Key MakeKey(const Endpoint& local, const Endpoint& remote, schema::L4Protocol l4,
                     uint32_t netns);

  const size_t capacity_per_stripe_;
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace pano::flow
