// SPDX-License-Identifier: Apache-2.0
// Connections whose addresses are translated on their way: what the client's socket says against
// what the server's socket says. Thread safe, bounded; what does not fit is counted.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <shared_mutex>
#include <unordered_map>

#include "base/ip_address.h"
#include "schema/tag.h"

namespace pano::entity {

struct AddressPort {
  IpAddress ip;
  uint16_t port = 0;  // host order
  bool operator==(const AddressPort&) const = default;
};

// A connection as its client's socket names it.
struct ClientView {
  schema::L4Protocol l4_protocol = schema::L4Protocol::kTcp;
  AddressPort client;
  AddressPort server;
  bool operator==(const ClientView&) const = default;
};

// The same connection as its server's socket names it.
struct Translation {
  AddressPort client;
  AddressPort server;
};

class TranslationTable {
 public:
  explicit TranslationTable(size_t capacity) : capacity_(capacity) {}

  void Put(const ClientView& view, const Translation& translation);
  // Kept for `kGraceNs` more, for events that come late.
  void End(const ClientView& view, uint64_t now_ns);
  void Purge(uint64_t now_ns);

  std::optional<Translation> Find(const ClientView& view) const;
  // A server that was last seen behind a translated address: names the service of a ClusterIP
  // even when a connection to it left no trace.
  std::optional<AddressPort> Behind(schema::L4Protocol l4, const AddressPort& address) const;
  size_t size() const;
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  static constexpr uint64_t kGraceNs = 15'000'000'000u;
  struct ViewHash {
    size_t operator()(const ClientView& view) const noexcept;
  };
  struct Held {
    Translation translation;
    uint64_t ended_ns = 0;
  };

  const size_t capacity_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<ClientView, Held, ViewHash> held_;
  std::unordered_map<ClientView, AddressPort, ViewHash> behind_;  // client part empty
  std::atomic<uint64_t> dropped_{0};
};

}  // namespace pano::entity
