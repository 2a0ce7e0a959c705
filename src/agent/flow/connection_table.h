// SPDX-License-Identifier: Apache-2.0
// Connections by id, bounded; the one idle longest makes room. One thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>

#include "agent/flow/connection.h"

namespace pano::flow {

class ConnectionTable {
 public:
  using Evicted = std::function<void(Connection&)>;

  ConnectionTable(size_t capacity, Evicted evicted);
  ~ConnectionTable();
  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;

  Connection* Find(uint64_t id);
  // A new connection; the table must not hold `id` yet. May evict another.
  Connection& Add(uint64_t id);
  void Touch(Connection& connection, uint64_t now_ns);
  void Remove(uint64_t id);

  size_t size() const { return by_id_.size(); }
  uint64_t evicted() const { return evicted_count_; }

  // Every connection, most recently active first. `visit` may remove the one it is given.
  template <typename Visit>
  void ForEach(Visit&& visit) {
    for (Connection* c = newest_; c != nullptr;) {
      Connection* next = c->older;
      visit(*c);
      c = next;
    }
  }

 private:
  void Link(Connection& c);
  void Unlink(Connection& c);

  size_t capacity_;
  Evicted evict_;
  uint64_t evicted_count_ = 0;
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> by_id_;
  Connection* newest_ = nullptr;
  Connection* oldest_ = nullptr;
};

}  // namespace pano::flow
