// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/translation_table.h"

#include <mutex>

namespace pano::entity {

size_t TranslationTable::ViewHash::operator()(const ClientView& view) const noexcept {
  const std::hash<IpAddress> hash;
  size_t h = hash(view.client.ip) ^ (hash(view.server.ip) * 0x9e3779b97f4a7c15u);
  h ^= (size_t{view.client.port} << 32) ^ (size_t{view.server.port} << 16) ^
       static_cast<size_t>(view.l4_protocol);
  return h * 0xc2b2ae3d27d4eb4fu;
}

void TranslationTable::Put(const ClientView& view, const Translation& translation) {
  const std::unique_lock lock(mutex_);
  if (held_.size() >= capacity_ && !held_.contains(view)) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  held_[view] = Held{translation, 0};
  if (translation.server == view.server) return;
  const ClientView address{view.l4_protocol, {}, view.server};
  if (behind_.size() < capacity_ / 16 || behind_.contains(address)) {
    behind_[address] = translation.server;
  }
}

void TranslationTable::End(const ClientView& view, uint64_t now_ns) {
  const std::unique_lock lock(mutex_);
  if (const auto found = held_.find(view); found != held_.end()) found->second.ended_ns = now_ns;
}

void TranslationTable::Purge(uint64_t now_ns) {
  const std::unique_lock lock(mutex_);
  std::erase_if(held_, [now_ns](const auto& item) {
    return item.second.ended_ns != 0 && now_ns - item.second.ended_ns > kGraceNs;
  });
}

std::optional<Translation> TranslationTable::Find(const ClientView& view) const {
  const std::shared_lock lock(mutex_);
  const auto found = held_.find(view);
  if (found == held_.end()) return std::nullopt;
  return found->second.translation;
}

std::optional<AddressPort> TranslationTable::Behind(schema::L4Protocol l4,
                                                    const AddressPort& address) const {
  const std::shared_lock lock(mutex_);
  const auto found = behind_.find(ClientView{l4, {}, address});
  if (found == behind_.end()) return std::nullopt;
  return found->second;
}

size_t TranslationTable::size() const {
  const std::shared_lock lock(mutex_);
  return held_.size();
}

}  // namespace pano::entity
