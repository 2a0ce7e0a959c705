// SPDX-License-Identifier: Apache-2.0
// in: wire::Batch  out: the same, its edges' server_queue_lack settled against the kernel's count
// A listener's sk_drops tells where connections were dropped, yet also counts half-open ones that
// were dropped for other reasons. TcpExt ListenOverflows counts full accept queues alone, yet for a
// whole network namespace. So the namespace says how many, the listeners say where. Both are read
// at their own moments: what arrives first waits for the other. One thread.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "wire/batch.h"

namespace pano::metric {

class OverflowLedger {
 public:
  void Settle(wire::Batch& batch);

 private:
  struct Account {
    bool counted = false;  // its namespace's counters are known: they speak for it
    uint64_t credit = 0;   // overflows the kernel counted and no edge has yet
    uint64_t credit_since = 0;
    std::unordered_map<wire::EdgeKey, uint64_t> drops;  // of listeners, not yet placed
    uint64_t drops_since = 0;
    uint64_t last_second = 0;
  };

  void TakeDrops(wire::Batch& batch);
  void TakeCounters(const wire::Batch& batch);
  // Hands `amount` to the edges in proportion to their drops; no unit is lost in rounding.
  static void Place(Account& account, uint64_t amount, wire::Batch& batch);

  std::unordered_map<uint32_t, Account> accounts_;  // by server instance
};

}  // namespace pano::metric
