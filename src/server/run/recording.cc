// SPDX-License-Identifier: Apache-2.0
#include "server/run/recording.h"

#include <algorithm>
#include <utility>

#include "server/run/bucket_codec.h"

namespace pano::run {
namespace {

constexpr size_t kMaxInstances = 50;  // of a service, in the file

live::WindowSet Unpack(const PackedBucket& bucket) {
  static const MetricOrder kOwn = MetricOrder::Own();
  live::WindowSet out;
  if (bucket.data != nullptr) {
    out = UnpackBucket(AsBytes(*bucket.data), kOwn).value_or(live::WindowSet{});
  }
  out.from = bucket.from;
  out.to = bucket.from + bucket.seconds;
  return out;
}

bool SamePlace(const tag::EdgeId& a, const tag::EdgeId& b) {
  return a.client_service == b.client_service && a.server_service == b.server_service &&
         a.server_port == b.server_port && a.l4_protocol == b.l4_protocol;
}

bool Vague(schema::L7Protocol p) {
  return p == schema::L7Protocol::kUnknown || p == schema::L7Protocol::kHttp2;
}

bool SameEdge(const tag::EdgeId& a, const tag::EdgeId& b) {
  return SamePlace(a, b) &&
         (a.l7_protocol == b.l7_protocol || Vague(a.l7_protocol) || Vague(b.l7_protocol));
}

template <typename Map>
uint32_t FreeId(const Map& taken, uint32_t wanted) {
  if (!taken.contains(wanted)) return wanted;
  return taken.rbegin()->first + 1;
}

// How telling a state is when two stretches become one.
int Weight(analysis::State s) {
  return s == analysis::State::kOver   ? 4
         : s == analysis::State::kNear ? 3
         : s == analysis::State::kOk   ? 2
         : s == analysis::State::kIdle ? 1
                                       : 0;
}

}  // namespace

Recording::Recording(RunInfo info, RecordingLimits limits)
    : info_(std::move(info)), limits_(limits), next_(info_.begin) {}

Recording::Recording(const Snapshot& snapshot, RecordingLimits limits)
    : info_(snapshot.info()),
      limits_(limits),
      names_(*snapshot.names()),
      full_(snapshot.buckets()),
      bucket_seconds_(snapshot.bucket_seconds()),
      next_(info_.begin) {
  for (const live::EdgeEntry& e : snapshot.edges()) edges_[e.id] = e;
  if (!full_.empty() && full_.back().seconds < bucket_seconds_) {
    open_facts_ = full_.back();
    full_.pop_back();
    open_.Add(Unpack(open_facts_), open_facts_.watched);
    open_facts_.data = nullptr;
    next_ = open_facts_.from + open_facts_.seconds;
  } else if (!full_.empty()) {
    next_ = full_.back().from + full_.back().seconds;
  }
  for (const PackedBucket& b : full_) bytes_ += b.data == nullptr ? 0 : b.data->size();
}

void Recording::CountLoss(const char* cause) {
  const auto at = std::ranges::find(info_.losses, cause, [](const auto& l) { return l.first; });
  if (at == info_.losses.end()) {
    info_.losses.emplace_back(cause, 1);
  } else {
    ++at->second;
  }
}

uint32_t Recording::NodeOf(uint32_t live_id, const live::Names& names) {
  if (live_id == 0) return 0;
  const auto live = names.services.find(live_id);
  if (live == names.services.end()) return 0;
  auto at = node_of_.find(live_id);
  if (at == node_of_.end()) {
    const auto known = std::ranges::find_if(names_.services, [&](const auto& s) {
      return s.second.name == live->second.name && s.second.name_space == live->second.name_space;
    });
    if (known == names_.services.end() && names_.services.size() >= limits_.nodes) {
      CountLoss("run_nodes_full");
      return 0;
    }
    const uint32_t id =
        known != names_.services.end() ? known->first : FreeId(names_.services, live_id);
    at = node_of_.emplace(live_id, id).first;
  }
  tag::Service& own = names_.services[at->second];
  own = live->second;
  own.id = at->second;
  return at->second;
}

uint32_t Recording::EdgeOf(uint32_t live_id, const tag::EdgeId& live_edge,
                           const live::Names& names) {
  tag::EdgeId edge = live_edge;
  edge.client_service = NodeOf(edge.client_service, names);
  edge.server_service = NodeOf(edge.server_service, names);
  if (edge.client_service == 0 || edge.server_service == 0) return 0;
  auto at = edge_of_.find(live_id);
  if (at == edge_of_.end()) {
    const auto known =
        std::ranges::find_if(edges_, [&](const auto& e) { return SameEdge(e.second.edge, edge); });
    if (known == edges_.end() && edges_.size() >= limits_.edges) {
      CountLoss("run_edges_full");
      return 0;
    }
    const uint32_t id = known != edges_.end() ? known->first : FreeId(edges_, live_id);
    at = edge_of_.emplace(live_id, id).first;
  }
  edges_[at->second] = {at->second, edge, {}};
  return at->second;
}

// From the live state's ids to the run's own, ascending.
void Recording::Translate(live::WindowSet& second, const live::Names& names) {
  for (live::EdgeEntry& e : second.edges) e.id = EdgeOf(e.id, e.edge, names);
  for (live::NodeEntry& n : second.nodes) {
    const uint32_t live_id = n.service;
    n.service = NodeOf(live_id, names);
    if (n.service == 0) continue;
    if (const auto at = names.instances.find(live_id); at != names.instances.end()) {
      std::vector<live::MapInstance>& own = names_.instances[n.service];
      own = at->second;
      if (own.size() > kMaxInstances) own.resize(kMaxInstances);
    }
  }
  std::erase_if(second.edges, [](const live::EdgeEntry& e) { return e.id == 0; });
  std::erase_if(second.nodes, [](const live::NodeEntry& n) { return n.service == 0; });
  std::ranges::sort(second.edges, {}, &live::EdgeEntry::id);
  std::ranges::sort(second.nodes, {}, &live::NodeEntry::service);
}

void Recording::SkipTo(uint64_t second) {
  // A gap of days must not take as many steps: it is folded as one stretch in the end.
  while (next_ < second) {
    live::WindowSet empty;
    empty.from = next_;
    empty.to = next_ + 1;
    AddSecond(empty, false, {});
  }
}

void Recording::Take(const live::PackedSecond& second, const live::Names& names,
                     const live::EdgeIdOf& edge_of) {
  if (second.second() < next_) return;
  SkipTo(second.second());
  live::WindowSet window;
  window.from = second.second();
  window.to = window.from + 1;
  for (const uint32_t id : second.EdgeIds()) {
    live::EdgeEntry entry{id, edge_of(id), {}};
    second.Edge(id, entry.window.client, entry.window.server);
    window.edges.push_back(std::move(entry));
  }
  for (const uint32_t id : second.NodeIds()) {
    live::NodeEntry entry{id, {}};
    second.Node(id, entry.window);
    window.nodes.push_back(entry);
  }
  window.losses = second.losses();
  live::SecondVerdict verdict = second.verdict();
  Translate(window, names);
  verdict.bottleneck = NodeOf(verdict.bottleneck, names);
  AddSecond(window, second.watched(), verdict);
}

void Recording::Take(live::WindowSet second, const live::Names& names) {
  if (second.from < next_) return;
  SkipTo(second.from);
  Translate(second, names);
  AddSecond(second, true, {});
}

void Recording::AddSecond(const live::WindowSet& second, bool watched,
                          live::SecondVerdict verdict) {
  if (open_.empty()) open_facts_ = {next_, 0, 0, analysis::State::kNoData, 0, nullptr};
  open_.Add(second, watched ? 1 : 0);
  ++open_facts_.seconds;
  open_facts_.watched += watched ? 1 : 0;
  if (Weight(verdict.state) >= Weight(open_facts_.state)) open_facts_.state = verdict.state;
  open_facts_.bottleneck = verdict.bottleneck;
  ++next_;
  if (open_facts_.seconds < bucket_seconds_) return;
  CloseBucket();
  while (full_.size() >= limits_.buckets ||
         (bytes_ > limits_.bytes && full_.size() > limits_.least_buckets)) {
    FoldPairs();
  }
}

PackedBucket Recording::OpenBucket() const {
  PackedBucket bucket = open_facts_;
  WindowFold copy = open_;
  bucket.data = std::make_shared<const std::string>(PackBucket(copy.Take()));
  return bucket;
}

void Recording::CloseBucket() {
  full_.push_back(OpenBucket());
  open_ = {};
  bytes_ += full_.back().data->size();
}

void Recording::FoldPairs() {
  ++generation_;
  bucket_seconds_ *= 2;
  std::vector<PackedBucket> folded;
  bytes_ = 0;
  for (size_t i = 0; i + 1 < full_.size(); i += 2) {
    const PackedBucket& a = full_[i];
    const PackedBucket& b = full_[i + 1];
    WindowFold fold;
    fold.Add(Unpack(a), a.watched);
    fold.Add(Unpack(b), b.watched);
    const analysis::State state = Weight(a.state) > Weight(b.state) ? a.state : b.state;
    folded.push_back({a.from, a.seconds + b.seconds, a.watched + b.watched, state, b.bottleneck,
                      std::make_shared<const std::string>(PackBucket(fold.Take()))});
    bytes_ += folded.back().data->size();
  }
  if (full_.size() % 2 == 1) {
    open_facts_ = full_.back();
    open_.Add(Unpack(open_facts_), open_facts_.watched);
    open_facts_.data = nullptr;
  }
  full_ = std::move(folded);
}

SnapshotPtr Recording::Freeze() const {
  std::vector<PackedBucket> buckets = full_;
  if (!open_.empty()) buckets.push_back(OpenBucket());
  std::vector<live::EdgeEntry> edges;
  edges.reserve(edges_.size());
  for (const auto& [id, entry] : edges_) edges.push_back(entry);
  return std::make_shared<const Snapshot>(info_, std::make_shared<const live::Names>(names_),
                                          std::move(edges), std::move(buckets), bucket_seconds_);
}

}  // namespace pano::run
