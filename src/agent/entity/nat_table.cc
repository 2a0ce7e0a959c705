// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/nat_table.h"

namespace pano::entity {

size_t NatTable::Hash::operator()(const NatTuple& t) const noexcept {
  size_t h = std::hash<IpAddress>()(t.source) * 31 + t.source_port;
  h = h * 0x9e3779b97f4a7c15u ^ (std::hash<IpAddress>()(t.target) * 37 + t.target_port);
  h ^= static_cast<size_t>(t.l4_protocol) << 40;
  h *= 0xc2b2ae3d27d4eb4fu;
  return h ^ (h >> 31);
}

void NatTable::Put(const NatTuple& original, const NatEnds& ends) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(original);
  if (at != entries_.end()) {
    at->second = ends;
  } else if (entries_.size() >= capacity_) {
    ++dropped_;
  } else {
    entries_.emplace(original, ends);
  }
}

void NatTable::Remove(const NatTuple& original) {
  const std::lock_guard lock(mutex_);
  entries_.erase(original);
}

std::optional<NatEnds> NatTable::Find(const NatTuple& original) const {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(original);
  return at == entries_.end() ? std::nullopt : std::optional(at->second);
}

size_t NatTable::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

uint64_t NatTable::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace pano::entity
