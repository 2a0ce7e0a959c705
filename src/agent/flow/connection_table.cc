// SPDX-License-Identifier: Apache-2.0
#include "agent/flow/connection_table.h"

#include <algorithm>
#include <utility>

namespace pano::flow {

ConnectionTable::ConnectionTable(size_t capacity, Evicted evicted)
    : capacity_(std::max<size_t>(capacity, 1)), evict_(std::move(evicted)) {}

ConnectionTable::~ConnectionTable() = default;

Connection* ConnectionTable::Find(uint64_t id) {
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? nullptr : at->second.get();
}

Connection& ConnectionTable::Add(uint64_t id) {
  if (by_id_.size() >= capacity_ && oldest_ != nullptr) {
    Connection& victim = *oldest_;
    ++evicted_count_;
    evict_(victim);
    Remove(victim.id);
  }
  auto owned = std::make_unique<Connection>();
  Connection& c = *owned;
  c.id = id;
  c.socket = id;
  by_id_[id] = std::move(owned);
  Link(c);
  return c;
}

void ConnectionTable::Touch(Connection& c, uint64_t now_ns) {
  c.last_ns = std::max(c.last_ns, now_ns);
  if (newest_ == &c) return;
  Unlink(c);
  Link(c);
}

void ConnectionTable::Remove(uint64_t id) {
  const auto at = by_id_.find(id);
  if (at == by_id_.end()) return;
  Unlink(*at->second);
  by_id_.erase(at);
}

void ConnectionTable::Link(Connection& c) {
  c.newer = nullptr;
  c.older = newest_;
  if (newest_ != nullptr) newest_->newer = &c;
  newest_ = &c;
  if (oldest_ == nullptr) oldest_ = &c;
}

void ConnectionTable::Unlink(Connection& c) {
  if (c.newer != nullptr) c.newer->older = c.older;
  if (c.older != nullptr) c.older->newer = c.newer;
  if (newest_ == &c) newest_ = c.older;
  if (oldest_ == &c) oldest_ = c.newer;
  c.newer = c.older = nullptr;
}

}  // namespace pano::flow
