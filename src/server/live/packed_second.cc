// SPDX-License-Identifier: Apache-2.0
#include "server/live/packed_second.h"

#include <algorithm>

#include "base/varint.h"

namespace pano::live {
namespace {

// What this process wrote is read back: no checks beyond the end of the data are needed.

template <size_t kSize>
void TakeValues(const char*& at, std::array<uint64_t, kSize>& values) {
  const uint64_t present = TakeOwnVarint(at);
  for (size_t i = 0; i < kSize; ++i) values[i] = (present >> i & 1) != 0 ? TakeOwnVarint(at) : 0;
}

void PutHistogram(std::string& out, const ExpHistogram& histogram) {
  PutVarint(out, histogram.entries().size());
  for (const HistogramEntry& e : histogram.entries()) {
    PutVarint(out, e.bucket);
    PutVarint(out, e.count);
  }
}

void TakeHistogram(const char*& at, ExpHistogram& histogram) {
  for (uint64_t left = TakeOwnVarint(at); left > 0; --left) {
    const auto bucket = static_cast<uint16_t>(TakeOwnVarint(at));
    histogram.AddBucket(bucket, static_cast<uint32_t>(TakeOwnVarint(at)));
  }
}

void PutSide(std::string& out, const SideWindow& side) {
  out.push_back(side.seen ? 1 : 0);
  if (!side.seen) return;
  PutSparse(out, side.values);
  PutHistogram(out, side.rrt);
  PutHistogram(out, side.rtt);
}

void TakeSide(const char*& at, SideWindow& side) {
  side = {};
  side.seen = *at++ != 0;
  if (!side.seen) return;
  TakeValues(at, side.values);
  TakeHistogram(at, side.rrt);
  TakeHistogram(at, side.rtt);
}

}  // namespace

PackedSecond::PackedSecond(uint64_t second, const OpenSecond& from, SecondVerdict verdict)
    : second_(second), watched_(!from.agents.empty()), verdict_(verdict) {
  edges_.reserve(from.edges.size());
  for (const auto& [id, sides] : from.edges) {
    edges_.push_back({id, static_cast<uint32_t>(data_.size())});
    PutSide(data_, sides.client);
    PutSide(data_, sides.server);
  }
  nodes_.reserve(from.nodes.size());
  for (const auto& [id, node] : from.nodes) {
    nodes_.push_back({id, static_cast<uint32_t>(data_.size())});
    data_.push_back(node.seconds > 0 ? 1 : 0);
    PutVarint(data_, node.replicas);
    PutSparse(data_, node.values);
  }
  data_.shrink_to_fit();
  losses_.assign(from.losses.begin(), from.losses.end());
}

size_t PackedSecond::bytes() const {
  return sizeof *this + data_.capacity() + (edges_.size() + nodes_.size()) * sizeof(Entry) +
         losses_.size() * 64;
}

const PackedSecond::Entry* PackedSecond::Find(const std::vector<Entry>& entries, uint32_t id) {
  const auto at = std::ranges::lower_bound(entries, id, {}, &Entry::id);
  return at == entries.end() || at->id != id ? nullptr : &*at;
}

std::vector<uint32_t> PackedSecond::EdgeIds() const {
  std::vector<uint32_t> ids(edges_.size());
  std::ranges::transform(edges_, ids.begin(), &Entry::id);
  return ids;
}

std::vector<uint32_t> PackedSecond::NodeIds() const {
  std::vector<uint32_t> ids(nodes_.size());
  std::ranges::transform(nodes_, ids.begin(), &Entry::id);
  return ids;
}

bool PackedSecond::Edge(uint32_t id, SideWindow& client, SideWindow& server) const {
  const Entry* entry = Find(edges_, id);
  if (entry == nullptr) return false;
  const char* at = data_.data() + entry->offset;
  TakeSide(at, client);
  TakeSide(at, server);
  return true;
}

bool PackedSecond::Node(uint32_t service, NodeWindow& out) const {
  const Entry* entry = Find(nodes_, service);
  if (entry == nullptr) return false;
  const char* at = data_.data() + entry->offset;
  out = {};
  out.seconds = *at++ != 0 ? 1 : 0;
  out.replicas = static_cast<uint32_t>(TakeOwnVarint(at));
  TakeValues(at, out.values);
  return true;
}

}  // namespace pano::live
