// SPDX-License-Identifier: Apache-2.0
#include "server/live/live_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "server/live/analysis_input.h"

namespace pano::live {
namespace {

using analysis::Metric;
using analysis::State;
using schema::EdgeMetric;

// An agent silent for longer is not waited for.
constexpr uint64_t kAgentAliveSeconds = 5;
constexpr uint64_t kGoneShownSeconds = 60;
// A quiet edge of an outside peer leaves the map this soon: addresses seen before their translation
// was known are no one's name, and must not stay.
constexpr uint64_t kKeepOutsideSeconds = 10;
constexpr size_t kMaxInstancesPerNode = 200;
// A batch from the future is a wrong clock.
constexpr uint64_t kMaxAheadSeconds = 60;
constexpr size_t kMaxLossCauses = 500;

std::string DurationText(double us) {
  if (us >= 1e6) return fmt::format("{:.1f} s", us / 1e6);
  return fmt::format("{:.1f} ms", us / 1e3);
}

std::string WorstText(const analysis::Worst& worst) {
  const bool time = worst.metric == Metric::kLatency || worst.metric == Metric::kConnectLatency;
  std::string name(analysis::Name(worst.metric));
  std::ranges::replace(name, '_', ' ');
  return fmt::format("{} {}", name,
                     time ? DurationText(worst.value) : fmt::format("{:.1f}/s", worst.value));
}

}  // namespace

LiveState::LiveState(LiveOptions options)
    : options_(options),
      history_(options.history_seconds, options.history_bytes),
      latest_(std::make_shared<const MapView>()),
      names_(std::make_shared<const Names>()),
      limits_(std::make_shared<const analysis::Limits>()) {
  // A map before the first second: empty, but with all that readers may follow.
  auto empty = std::make_shared<MapView>();
  empty->live = true;
  empty->names = names_.Get();
  empty->verdict = std::make_shared<const analysis::Diagnosis>(
      analysis::Diagnose(analysis::Input{}, *limits_.Get()));
  latest_.Set(std::move(empty));
}

EdgeIdOf LiveState::EdgeOf() const {
  return [this](uint32_t id) { return directory_.Find(id).value_or(tag::EdgeId{}); };
}

void LiveState::Load(const std::vector<tag::Service>& services) {
  for (const tag::Service& s : services) working_names_.services[s.id] = s;
  names_.Set(std::make_shared<const Names>(working_names_));
}

void LiveState::SetLimits(analysis::Limits limits) {
  limits_.Set(std::make_shared<const analysis::Limits>(std::move(limits)));
}

void LiveState::CountLoss(const std::string& cause, uint64_t count) {
  const std::lock_guard lock(counts_mutex_);
  if (losses_.size() < kMaxLossCauses || losses_.contains(cause)) losses_[cause] += count;
}

std::vector<std::pair<std::string, uint64_t>> LiveState::Losses() const {
  const std::lock_guard lock(counts_mutex_);
  return {losses_.begin(), losses_.end()};
}

std::vector<AgentStatus> LiveState::Agents() const {
  const std::lock_guard lock(counts_mutex_);
  std::vector<AgentStatus> out;
  out.reserve(agents_.size());
  for (const auto& [name, status] : agents_) out.push_back(status);
  return out;
}

MapEvent LiveState::AddEvent(tag::EventRow row) {
  const std::shared_ptr<const Names> names = names_.Get();
  std::string service = names->ServiceName(row.service);
  std::string instance;
  if (const auto at = names->instances.find(row.service); at != names->instances.end()) {
    const auto found = std::ranges::find(at->second, row.instance, &MapInstance::id);
    if (found != at->second.end()) instance = found->name;
  }
  return events_.Add(std::move(row), std::move(service), std::move(instance));
}

void LiveState::TakeNames(const tag::TaggedBatch& batch) {
  for (const tag::Service& s : batch.new_services) working_names_.services[s.id] = s;
  for (const tag::Instance& i : batch.new_instances) {
    std::vector<MapInstance>& known = working_names_.instances[i.service];
    auto at = std::ranges::find(known, i.id, &MapInstance::id);
    if (at == known.end()) {
      if (known.size() >= kMaxInstancesPerNode) continue;
      at = known.insert(known.end(), MapInstance{i.id, {}, 0, false, 0});
    }
    *at = {i.id, i.info.instance, i.info.pid, i.gone, i.gone ? batch.second : 0};
  }
  if (!batch.new_services.empty() || !batch.new_instances.empty()) {
    names_.Set(std::make_shared<const Names>(working_names_));
  }
}

void LiveState::ForgetGone(uint64_t second) {
  bool changed = false;
  for (auto& [service, known] : working_names_.instances) {
    // The last one stays: "0 replicas" is a fact about the service.
    const auto old = [&](const MapInstance& i) {
      return i.gone && i.gone_since + kGoneShownSeconds < second;
    };
    if (known.size() > 1) {
      const size_t removed = std::erase_if(known, old);
      changed = changed || removed > 0;
    }
  }
  if (changed) names_.Set(std::make_shared<const Names>(working_names_));
}

void LiveState::TakeRows(OpenSecond& open, const tag::TaggedBatch& batch) {
  open.agents.insert(batch.agent);
  for (const tag::EdgeRow& row : batch.edges) {
    const uint32_t id = directory_.IdOf(row.edge);
    OpenSecond::Sides& sides = open.edges[id];
    const bool server = row.point == schema::ObservationPoint::kServerProcess ||
                        row.point == schema::ObservationPoint::kServerNic;
    SideWindow& side = server ? sides.server : sides.client;
    side.AddAcross({true, row.values, row.rrt, row.rtt});
    Presence& presence = present_[id];
    const bool open_now = row.values[static_cast<size_t>(EdgeMetric::kFlowLoad)] > 0;
    if (batch.second > presence.last_active) {
      presence = {batch.second, open_now};
    } else if (batch.second == presence.last_active) {
      presence.open = presence.open || open_now;
    }
  }
  for (const tag::InstanceRow& row : batch.saturation) {
    NodeWindow& node = open.nodes[row.service];
    node.AddInstance(row.values, node.seconds == 0);
  }
  for (const wire::LossCount& loss : batch.losses) open.losses[loss.cause] += loss.count;
}

void LiveState::Apply(const tag::TaggedBatch& batch) {
  TakeNames(batch);
  for (const tag::EventRow& event : batch.events) AddEvent(event);
  for (const wire::LossCount& loss : batch.losses) CountLoss(loss.cause, loss.count);
  {
    const std::lock_guard lock(counts_mutex_);
    AgentStatus& status = agents_[batch.agent];
    status.agent = batch.agent;
    if (batch.second >= status.last_second) {
      status.last_second = batch.second;
      status.health = batch.health;
    }
  }
  if (last_second_ != 0 && batch.second > last_second_ + kMaxAheadSeconds) {
    CountLoss("batch_clock");
    return;
  }
  if (batch.second > last_second_) {
    TakeRows(open_[batch.second], batch);
    return;
  }
  const auto at = open_.find(batch.second);
  if (at == open_.end()) {
    CountLoss("batch_late");
    return;
  }
  TakeRows(at->second, batch);
  const std::vector<SecondPtr> old = history_.Range(batch.second, batch.second + 1);
  const SecondVerdict verdict = old.empty() ? SecondVerdict{} : old.front()->verdict();
  history_.Put(std::make_shared<const PackedSecond>(batch.second, at->second, verdict));
}

bool LiveState::Complete(uint64_t second) const {
  const auto at = open_.find(second);
  const std::lock_guard lock(counts_mutex_);
  for (const auto& [name, status] : agents_) {
    if (status.last_second + kAgentAliveSeconds < second) continue;
    if (status.last_second > second) continue;
    if (at == open_.end() || !at->second.agents.contains(name)) return false;
  }
  return true;
}

std::vector<uint32_t> LiveState::PresentEdges(uint64_t second) {
  const auto outside = [this](uint32_t service) {
    const auto at = working_names_.services.find(service);
    return at != working_names_.services.end() && at->second.kind == schema::NodeKind::kExternal;
  };
  std::erase_if(present_, [&](const auto& item) {
    const Presence& p = item.second;
    const tag::EdgeId ends = directory_.Find(item.first).value_or(tag::EdgeId{});
    uint64_t keep = options_.forget_seconds;
    if (outside(ends.client_service) || outside(ends.server_service)) keep = kKeepOutsideSeconds;
    // Never less than the window its numbers come from.
    const bool recent = p.last_active + std::max<uint64_t>(keep, options_.window_seconds) >= second;
    if (!recent) edge_trackers_.erase(item.first);
    return !recent;
  });
  std::vector<uint32_t> ids;
  ids.reserve(present_.size());
  for (const auto& [id, presence] : present_) ids.push_back(id);
  return ids;
}

void LiveState::TrackOne(analysis::StateTracker& tracker, Standing& standing, uint64_t second,
                         const EdgeWindow& window, bool latency_counts,
                         const analysis::LimitSet& limits) {
  analysis::Observation seen;
  seen.values = SixOf(window, latency_counts);
  if (!latency_counts) seen.values[Metric::kLatency] = analysis::kUnknown;
  seen.awaiting = window.Requests()[EdgeMetric::kInFlight] > 0;
  tracker.Update(second, seen, limits);
  standing.state = tracker.state();
  standing.since = tracker.since();
  standing.worst = tracker.worst();
  for (const Metric m : analysis::kAllMetrics) {
    standing.states[static_cast<size_t>(m)] = tracker.state(m);
  }
}

void LiveState::Track(MapView& map, const WindowSet& last, uint64_t second) {
  const std::shared_ptr<const analysis::Limits> limits = limits_.Get();
  std::map<uint32_t, const EdgeWindow*> windows;
  for (const EdgeEntry& e : last.edges) windows[e.id] = &e.window;
  for (MapEdge& edge : map.edges) {
    TrackOne(edge_trackers_[edge.id], edge.standing, second, *windows.at(edge.id),
             analysis::LatencyCounts(edge.edge.l7_protocol),
             limits->ForEdge(map.names->ServiceName(edge.edge.client_service),
                             map.names->ServiceName(edge.edge.server_service)));
  }
  const auto served = ServedWindows(last);
  const auto latency_counts = NodeLatencyCounts(last);
  std::map<uint32_t, analysis::StateTracker> trackers;
  map.worst_state = State::kNoData;
  for (MapNode& node : map.nodes) {
    analysis::StateTracker& tracker = trackers[node.id] = node_trackers_[node.id];
    TrackOne(tracker, node.standing, second, served.at(node.id), latency_counts.at(node.id),
             limits->ForNode(node.name));
    map.worst_state = WorseOf(map.worst_state, node.standing.state);
  }
  for (const MapEdge& edge : map.edges) {
    map.worst_state = WorseOf(map.worst_state, edge.standing.state);
  }
  node_trackers_ = std::move(trackers);  // nodes that left the map are forgotten
}

uint64_t LiveState::TopologyOf(const MapView& map) {
  std::string key;
  for (const MapNode& n : map.nodes) {
    key += fmt::format("n{}:{}:{}:{}", n.id, n.name, schema::Name(n.kind), n.entry);
    for (const MapInstance& i : n.instances) key += fmt::format(",{}{}", i.id, i.gone ? "-" : "");
  }
  for (const MapEdge& e : map.edges) {
    key += fmt::format("e{}:{}", e.id, schema::Name(e.edge.l7_protocol));
  }
  if (key != topology_key_) {
    topology_key_ = std::move(key);
    ++topology_;
  }
  return topology_;
}

std::vector<tag::EventRow> LiveState::Notice(const MapView& before, const MapView& now) {
  std::vector<tag::EventRow> out;
  const uint64_t time_ns = now.time * 1'000'000'000u;
  std::map<uint32_t, State> was;
  for (const MapNode& n : before.nodes) was[n.id] = n.standing.state;
  for (const MapNode& n : now.nodes) {
    const bool over = n.standing.state == State::kOver;
    const auto at = was.find(n.id);
    if (over == (at != was.end() && at->second == State::kOver)) continue;
    std::string text = over ? fmt::format("{} went over its limit: {}", n.name,
                                          n.standing.worst ? WorstText(*n.standing.worst) : "")
                            : fmt::format("{} is within its limits again", n.name);
    out.push_back({time_ns, schema::EventKind::kState, n.id, 0, std::move(text)});
  }
  const analysis::Diagnosis& old = *before.verdict;
  const analysis::Diagnosis& verdict = *now.verdict;
  if (old.verdict != verdict.verdict || old.bottleneck != verdict.bottleneck) {
    out.push_back(
        {time_ns, schema::EventKind::kBottleneck, verdict.bottleneck, 0, verdict.sentence});
  }
  return out;
}

std::vector<tag::EventRow> LiveState::Advance(uint64_t second) {
  ForgetGone(second);
  OpenSecond& open = open_[second];
  for (const auto& node : latest_.Get()->nodes) {
    open.nodes[node.id].replicas = working_names_.Replicas(node.id);
  }
  last_second_ = std::max(last_second_.load(), second);
  const auto packed = std::make_shared<PackedSecond>(second, open, SecondVerdict{});

  const uint64_t to = second + 1;
  const auto with_last = [&](uint64_t count) {
    std::vector<SecondPtr> seconds = history_.Range(to > count ? to - count : 0, second);
    seconds.push_back(packed);
    return seconds;
  };
  const std::vector<uint32_t> present = PresentEdges(second);
  const std::vector<SecondPtr> window = with_last(options_.window_seconds);
  const uint64_t from = to - std::min<uint64_t>(to, options_.window_seconds);
  auto map = std::make_shared<MapView>(
      BuildMap(Collect(window, from, to, EdgeOf(), present), names_.Get(), *limits_.Get()));
  Track(*map, Collect({packed}, second, to, EdgeOf(), present), second);

  const std::shared_ptr<const analysis::Limits> limits = limits_.Get();
  analysis::Diagnosis shown = keeper_.Update(analysis::Diagnose(
      InputFromSeconds(with_last(options_.analysis_seconds), to, *map->names, EdgeOf()), *limits));
  ApplyVerdict(*map, std::make_shared<const analysis::Diagnosis>(std::move(shown)));
  packed->set_verdict({map->worst_state, map->verdict->bottleneck, map->entry_request_rate});
  history_.Put(packed);

  map->live = true;
  map->topology = TopologyOf(*map);
  map->losses = Losses();
  {
    const std::lock_guard lock(counts_mutex_);
    for (const auto& [name, status] : agents_) {
      if (status.last_second + kAgentAliveSeconds < second) continue;
      map->stage = status.health.stage;
      map->tier = status.health.tier;
    }
  }
  std::vector<tag::EventRow> made = Notice(*latest_.Get(), *map);
  for (const tag::EventRow& event : made) AddEvent(event);
  map->events = events_.After(last_event_);
  if (!map->events.empty()) last_event_ = map->events.back().number;
  while (!open_.empty() && open_.begin()->first + options_.late_seconds < second) {
    open_.erase(open_.begin());
  }
  latest_.Set(std::move(map));
  return made;
}

Result<MapView> LiveState::Over(uint64_t from, uint64_t to) const {
  const auto [begin, end] = history_.Span();
  if (from >= to) return Fail(Code::kInvalid, "an empty time range: [{}, {})", from, to);
  if (begin == end || from < begin) {
    return Fail(Code::kNotFound, "memory does not reach back to {}", from);
  }
  const std::vector<SecondPtr> seconds = history_.Range(from, to);
  const std::shared_ptr<const analysis::Limits> limits = limits_.Get();
  MapView map = BuildMap(Collect(seconds, from, to, EdgeOf()), names_.Get(), *limits);
  ApplyVerdict(map, std::make_shared<const analysis::Diagnosis>(analysis::Diagnose(
                        InputFromSeconds(seconds, to, *map.names, EdgeOf()), *limits)));
  return map;
}

MapView LiveState::FromStored(const WindowSet& windows) const {
  const std::shared_ptr<const analysis::Limits> limits = limits_.Get();
  MapView map = BuildMap(windows, names_.Get(), *limits);
  ApplyVerdict(map, std::make_shared<const analysis::Diagnosis>(
                        analysis::Diagnose(InputFromWindows(windows, *map.names), *limits)));
  return map;
}

}  // namespace pano::live
