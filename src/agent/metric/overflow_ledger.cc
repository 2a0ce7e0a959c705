// SPDX-License-Identifier: Apache-2.0
#include "agent/metric/overflow_ledger.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace pano::metric {
namespace {

using schema::EdgeMetric;
using schema::InstanceMetric;

constexpr uint64_t kPatience = 3;    // seconds one side waits for the other
constexpr uint64_t kForget = 60;     // seconds without anything
constexpr size_t kMaxEdges = 1'024;  // with drops of one instance

uint64_t& QueueLack(wire::EdgeSample& edge) {
  return edge.values[static_cast<size_t>(EdgeMetric::kServerQueueLack)];
}

}  // namespace

void OverflowLedger::Settle(wire::Batch& batch) {
  TakeDrops(batch);
  TakeCounters(batch);
  const uint64_t now = batch.second;
  for (auto& [instance, account] : accounts_) {
    const bool drops_waited = !account.drops.empty() && now >= account.drops_since + kPatience;
    if (account.credit > 0 && !account.drops.empty()) {
      Place(account, std::exchange(account.credit, 0), batch);
    } else if (drops_waited && account.counted) {
      account.drops.clear();  // half-open connections: the accept queue had room
    } else if (drops_waited) {
      // Nobody counts for this listener alone: its drops are the best that is known.
      uint64_t sum = 0;
      for (const auto& [key, amount] : account.drops) sum += amount;
      Place(account, sum, batch);
    } else if (account.credit > 0 && now >= account.credit_since + kPatience) {
      // The listener was not seen dropping; its namespace has served someone, though.
      const auto edge = std::ranges::find_if(batch.edges, [id = instance](const auto& e) {
        return e.key.server_instance == id &&
               e.key.point == schema::ObservationPoint::kServerProcess;
      });
      if (edge != batch.edges.end()) QueueLack(*edge) += std::exchange(account.credit, 0);
    }
  }
  std::erase_if(accounts_,
                [now](const auto& item) { return now > item.second.last_second + kForget; });
}

void OverflowLedger::TakeDrops(wire::Batch& batch) {
  for (wire::EdgeSample& edge : batch.edges) {
    uint64_t& amount = QueueLack(edge);
    if (amount == 0 || edge.key.server_instance == 0) continue;
    Account& account = accounts_[edge.key.server_instance];
    account.last_second = batch.second;
    if (account.drops.empty()) account.drops_since = batch.second;
    if (account.drops.size() >= kMaxEdges && !account.drops.contains(edge.key)) continue;
    account.drops[edge.key] += std::exchange(amount, 0);
  }
}

void OverflowLedger::TakeCounters(const wire::Batch& batch) {
  for (const wire::InstanceSample& sample : batch.saturation) {
    const uint64_t overflows = sample.values[static_cast<size_t>(InstanceMetric::kListenOverflow)];
    const uint64_t drops = sample.values[static_cast<size_t>(InstanceMetric::kListenDrop)];
    const bool quiet = overflows == 0 && drops == 0;
    // A namespace of the instance's own tells how long its queues may be, too: it speaks for its
    // listeners even while its counters stand still.
    const bool own = sample.values[static_cast<size_t>(InstanceMetric::kAcceptQueueLimit)] > 0;
    if (quiet && (!own || !accounts_.contains(sample.instance))) continue;
    Account& account = accounts_[sample.instance];
    if (!quiet) account.last_second = batch.second;
    account.counted = true;
    if (overflows > 0 && account.credit == 0) account.credit_since = batch.second;
    account.credit += overflows;
  }
}

void OverflowLedger::Place(Account& account, uint64_t amount, wire::Batch& batch) {
  uint64_t weights = 0;
  for (const auto& [key, drops] : account.drops) weights += drops;
  for (const auto& [key, drops] : account.drops) {
    if (weights == 0) return;
    // What is left over what weights are left: exact in sum, whatever the rounding.
    const auto part =
        static_cast<uint64_t>(static_cast<unsigned __int128>(amount) * drops / weights);
    weights -= drops;
    amount -= part;
    if (part == 0) continue;
    auto edge = std::ranges::find(batch.edges, key, &wire::EdgeSample::key);
    if (edge == batch.edges.end()) {
      batch.edges.emplace_back().key = key;
      edge = std::prev(batch.edges.end());
    }
    QueueLack(*edge) += part;
  }
  account.drops.clear();
}

}  // namespace pano::metric
