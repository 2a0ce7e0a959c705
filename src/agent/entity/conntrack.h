// SPDX-License-Identifier: Apache-2.0
// Address translation of every network namespace on this host, from ctnetlink
// (linux/netfilter/nfnetlink_conntrack.h): what exists at start, then events. Joins a connection to
// a ClusterIP with the real server's socket. A thread of its own follows the kernel; questions are
// thread safe and never wait for it. Bounded; what does not fit is counted.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>

#include "agent/entity/translation_table.h"
#include "base/result.h"

namespace pano::entity {

// Network namespaces of this host: inode -> a path that can be opened and entered.
using NamespaceLister = std::function<std::unordered_map<uint32_t, std::string>()>;

class Conntrack {
 public:
  // `lister` is called on the thread, every two seconds; namespaces named below /run/netns are
  // found besides. kUnsupported when this kernel has no ctnetlink, kDenied without CAP_NET_ADMIN.
  static Result<std::unique_ptr<Conntrack>> Start(NamespaceLister lister,
                                                  size_t capacity = 262'144);
  ~Conntrack();
  Conntrack(const Conntrack&) = delete;
  Conntrack& operator=(const Conntrack&) = delete;

  const TranslationTable& table() const { return table_; }
  // The first look at every namespace is over.
  bool ready() const { return ready_.load(std::memory_order_acquire); }
  // Namespaces that translate addresses and are followed.
  size_t followed() const { return followed_.load(std::memory_order_relaxed); }
  uint64_t events_lost() const { return events_lost_.load(std::memory_order_relaxed); }

 private:
  struct Namespace;

  Conntrack(NamespaceLister lister, size_t capacity);
  void Run(const std::stop_token& stop);
  void FindNamespaces(uint64_t now_ns);
  void Visit(Namespace& space, uint64_t now_ns);
  void Follow(Namespace& space);
  void Drain(Namespace& space);

  const NamespaceLister lister_;
  TranslationTable table_;
  std::unordered_map<uint32_t, std::unique_ptr<Namespace>> namespaces_;  // by inode
  std::atomic<bool> ready_{false};
  std::atomic<size_t> followed_{0};
  std::atomic<uint64_t> events_lost_{0};
  std::jthread thread_;
};

}  // namespace pano::entity
