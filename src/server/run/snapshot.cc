// SPDX-License-Identifier: Apache-2.0
#include "server/run/snapshot.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "server/analysis/diagnose.h"
#include "server/live/analysis_input.h"
#include "server/run/bucket_codec.h"

namespace pano::run {
namespace {

// What was packed by this process, or checked when its file was read.
live::WindowSet Unpack(const PackedBucket& bucket) {
  static const MetricOrder kOwn = MetricOrder::Own();
  if (bucket.data == nullptr) return {};
  return UnpackBucket(AsBytes(*bucket.data), kOwn).value_or(live::WindowSet{});
}

void AddLosses(std::map<std::string, uint64_t>& sum, const live::WindowSet& window) {
  for (const auto& [cause, count] : window.losses) sum[cause] += count;
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
  std::vector<uint32_t> out;
  for (const live::EdgeEntry& e : edges_) {
    if (!called.contains(e.edge.client_service)) out.push_back(e.id);
  }
  return out;
}

live::WindowSet Snapshot::Window(uint64_t from, uint64_t to) const {
  const auto [first, last] = RangeOf(from, to);
  live::WindowSet out;
  if (first == last) return out.from = from, out.to = to, out;
  out.from = buckets_[first].from;
  out.to = buckets_[last - 1].from + buckets_[last - 1].seconds;
  std::map<uint32_t, live::EdgeWindow> edges;
  std::map<uint32_t, live::NodeWindow> nodes;
  std::map<std::string, uint64_t> losses;
  double watched = 0;
  for (size_t i = first; i < last; ++i) {
    const live::WindowSet bucket = Unpack(buckets_[i]);
    watched += buckets_[i].watched;
    std::set<uint32_t> here;
    for (const live::EdgeEntry& e : bucket.edges) {
      live::EdgeWindow& sum = edges[e.id];
      sum.client.AddLater(e.window.client);
      sum.server.AddLater(e.window.server);
      here.insert(e.id);
    }
    for (auto& [id, sum] : edges) {
      if (here.contains(id)) continue;
      sum.client.AddLater({});  // quiet: its levels are 0 now
      sum.server.AddLater({});
    }
    for (const live::NodeEntry& n : bucket.nodes) nodes[n.service].AddLater(n.window);
    AddLosses(losses, bucket);
  }
  for (auto& [id, window] : edges) {
    const auto at = std::ranges::lower_bound(edges_, id, {}, &live::EdgeEntry::id);
    if (at == edges_.end() || at->id != id) continue;
    window.seconds = watched;
    out.edges.push_back({id, at->edge, std::move(window)});
  }
  for (auto& [id, window] : nodes) out.nodes.push_back({id, window});
  out.losses.assign(losses.begin(), losses.end());
  return out;
}

std::vector<live::WindowSet> Snapshot::Series(uint64_t from, uint64_t to) const {
  const auto [first, last] = RangeOf(from, to);
  std::vector<live::WindowSet> out;
  out.reserve(last - first);
  for (size_t i = first; i < last; ++i) {
    live::WindowSet& window = out.emplace_back(Unpack(buckets_[i]));
    window.from = buckets_[i].from;
    window.to = buckets_[i].from + buckets_[i].seconds;
    std::erase_if(window.edges, [&](live::EdgeEntry& e) {
      const auto at = std::ranges::lower_bound(edges_, e.id, {}, &live::EdgeEntry::id);
      if (at == edges_.end() || at->id != e.id) return true;
      e.edge = at->edge;
      e.window.seconds = buckets_[i].watched;
      return false;
    });
  }
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
