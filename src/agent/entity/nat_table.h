// SPDX-License-Identifier: Apache-2.0
// Translated connections of this host: original tuple -> the ends that packets really go between.
// Thread safe; bounded, and what does not fit is counted.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/ip_address.h"
#include "schema/tag.h"

namespace pano::entity {

struct NatTuple {
  IpAddress source;
  IpAddress target;
  uint16_t source_port = 0;
  uint16_t target_port = 0;
  schema::L4Protocol l4_protocol = schema::L4Protocol::kTcp;
  bool operator==(const NatTuple&) const = default;
};

struct NatEnds {
  IpAddress client;
  IpAddress server;
  uint16_t client_port = 0;
  uint16_t server_port = 0;
};

class NatTable {
 public:
  explicit NatTable(size_t capacity = 262'144) : capacity_(capacity) {}

  void Put(const NatTuple& original, const NatEnds& ends);
  void Remove(const NatTuple& original);
  std::optional<NatEnds> Find(const NatTuple& original) const;
  size_t size() const;
  uint64_t dropped() const;

 private:
  struct Hash {
    size_t operator()(const NatTuple& t) const noexcept;
  };
  const size_t capacity_;
  mutable std::mutex mutex_;
  std::unordered_map<NatTuple, NatEnds, Hash> entries_;
  uint64_t dropped_ = 0;
};

}  // namespace pano::entity
