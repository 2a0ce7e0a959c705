// SPDX-License-Identifier: Apache-2.0
#include "server/run/snapshot.h"

#include <algorithm>
#include <set>
#include <utility>

#include "server/analysis/diagnose.h"
#include "server/live/analysis_input.h"
#include "server/run/bucket_codec.h"
#include "server/run/window_fold.h"

namespace pano::run {
namespace {

// What was packed by this process, or checked when its file was read.
live::WindowSet Unpack(const PackedBucket& bucket) {
  static const MetricOrder kOwn = MetricOrder::Own();
  if (bucket.data == nullptr) return {};
  return UnpackBucket(AsBytes(*bucket.data), kOwn).value_or(live::WindowSet{});
}

}  // namespace

Snapshot::Snapshot(RunInfo info, std::shared_ptr<const live::Names> names,
                   std::vector<live::EdgeEntry> edges, std::vector<PackedBucket> buckets,
                   uint32_t bucket_seconds)
    : info_(std::move(info)),
      names_(std::move(names)),
      edges_(std::move(edges)),
      buckets_(std::move(buckets)),
      bucket_seconds_(bucket_seconds) {
  std::ranges::sort(edges_, {}, &live::EdgeEntry::id);
}

uint64_t Snapshot::end() const {
  const uint64_t data =
      buckets_.empty() ? info_.begin : buckets_.back().from + buckets_.back().seconds;
  return info_.end != 0 ? info_.end : data;
}

std::pair<size_t, size_t> Snapshot::RangeOf(uint64_t from, uint64_t to) const {
  const auto begins_before = [](const PackedBucket& b, uint64_t t) { return b.from < t; };
  const auto ends_before = [](const PackedBucket& b, uint64_t t) {
    return b.from + b.seconds <= t;
  };
  const auto first = std::lower_bound(buckets_.begin(), buckets_.end(), from, ends_before);
  const auto last = std::lower_bound(first, buckets_.end(), to, begins_before);
  return {static_cast<size_t>(first - buckets_.begin()),
          static_cast<size_t>(last - buckets_.begin())};
}

std::vector<uint32_t> Snapshot::EntryEdges() const {
  std::set<uint32_t> called;
  for (const live::EdgeEntry& e : edges_) {
    if (e.edge.client_service != e.edge.server_service) called.insert(e.edge.server_service);
  }
  std::vector<uint32_t> all;
  std::vector<uint32_t> generated;
  for (const live::EdgeEntry& e : edges_) {
    if (called.contains(e.edge.client_service)) continue;
    if (e.edge.l7_protocol == schema::L7Protocol::kDns) continue;
    all.push_back(e.id);
    const bool known = !info_.generator.empty();
    if (known && names_->ServiceName(e.edge.client_service) == info_.generator) {
      generated.push_back(e.id);
    }
  }
  return generated.empty() ? all : generated;
}

std::set<std::string> Snapshot::Loaded() const {
  std::set<uint32_t> reached;
  for (const uint32_t id : EntryEdges()) {
    const auto at = std::ranges::lower_bound(edges_, id, {}, &live::EdgeEntry::id);
    reached.insert({at->edge.client_service, at->edge.server_service});
  }
  for (size_t before = 0; before != reached.size();) {
    before = reached.size();
    for (const live::EdgeEntry& e : edges_) {
      if (reached.contains(e.edge.client_service)) reached.insert(e.edge.server_service);
      const bool waits = e.edge.l7_protocol == schema::L7Protocol::kKafka;
      if (waits && reached.contains(e.edge.server_service)) reached.insert(e.edge.client_service);
    }
  }
  std::set<std::string> names;
  for (const uint32_t id : reached) names.insert(names_->ServiceName(id));
  return names;
}

live::WindowSet Snapshot::Window(uint64_t from, uint64_t to) const {
  const auto [first, last] = RangeOf(from, to);
  WindowFold fold;
  for (size_t i = first; i < last; ++i) fold.Add(BucketAt(i), buckets_[i].watched);
  live::WindowSet out = fold.Take();
  if (first == last) out.from = from, out.to = to;
  return out;
}

live::WindowSet Snapshot::BucketAt(size_t index) const {
  const PackedBucket& bucket = buckets_[index];
  live::WindowSet window = Unpack(bucket);
  window.from = bucket.from;
  window.to = bucket.from + bucket.seconds;
  std::erase_if(window.edges, [&](live::EdgeEntry& e) {
    const auto at = std::ranges::lower_bound(edges_, e.id, {}, &live::EdgeEntry::id);
    if (at == edges_.end() || at->id != e.id) return true;
    e.edge = at->edge;
    e.window.seconds = bucket.watched;
    return false;
  });
  return window;
}

std::vector<live::WindowSet> Snapshot::Series(uint64_t from, uint64_t to) const {
  const auto [first, last] = RangeOf(from, to);
  std::vector<live::WindowSet> out;
  out.reserve(last - first);
  for (size_t i = first; i < last; ++i) out.push_back(BucketAt(i));
  return out;
}

analysis::Input Snapshot::Input(uint64_t from, uint64_t to) const {
  const auto [first, last] = RangeOf(from, to);
  std::vector<double> watched;
  for (size_t i = first; i < last; ++i) watched.push_back(buckets_[i].watched);
  return live::InputFromSeries(Series(from, to), watched, *names_);
}

live::MapView Snapshot::Map(uint64_t from, uint64_t to) const {
  live::MapView map = live::BuildMap(Window(from, to), names_, info_.limits);
  live::ApplyVerdict(map, std::make_shared<const analysis::Diagnosis>(
                              analysis::Diagnose(Input(from, to), info_.limits)));
  map.tier = info_.tier;
  return map;
}

}  // namespace pano::run
