// SPDX-License-Identifier: Apache-2.0
// Runs as they grow: seconds from the live state, checkpoints into files.
#include <algorithm>
#include <filesystem>

#include "base/log.h"
#include "base/stable_order.h"
#include "server/run/digest.h"
#include "server/run/run_file.h"
#include "server/run/run_keeper_impl.h"

namespace pano::run {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kNs = 1'000'000'000u;
// A recognised run with less is no load test: a health check, a page that was looked at.
constexpr double kLeastRequests = 50;
constexpr uint64_t kLeastSeconds = 5;

bool WorthKeeping(schema::EventKind kind) {
  return kind != schema::EventKind::kState && kind != schema::EventKind::kBottleneck;
}

}  // namespace

// Recording

// What memory has not of runs that go on after a restart comes from the store. That may take its
// time: it is asked without mutex_. `settled`: seconds before it are there.
void RunKeeper::Impl::FillGaps(uint64_t settled) {
  struct Gap {
    std::string id;
    uint64_t from;
    uint64_t to;
  };
  std::vector<Gap> gaps;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, active] : active_) {
      if (active->filled_from == 0) continue;
      const RunInfo& info = active->recording.info();
      const bool over = info.end != 0 && info.end <= settled;
      const uint64_t until = over ? info.end : settled;
      const auto seconds = live_.Seconds(active->recording.next(), until);
      if (seconds.empty() && !over) continue;
      gaps.push_back(
          {id, active->recording.next(), seconds.empty() ? until : seconds.front()->second()});
    }
  }
  for (const Gap& gap : gaps) {
    std::vector<live::WindowSet> kept;
    if (options_.backfill && gap.from < gap.to) kept = options_.backfill(gap.from, gap.to);
    const auto names = live_.names();
    const std::lock_guard lock(mutex_);
    Active* active = ActiveOf(gap.id);
    if (active == nullptr) continue;
    for (live::WindowSet& second : kept) active->recording.Take(std::move(second), *names);
    active->filled_from = 0;
  }
}

void RunKeeper::Impl::TakeIn(Active& active, uint64_t until) {
  Recording& recording = active.recording;
  if (recording.next() >= until || active.filled_from != 0) return;
  const auto names = live_.names();
  const live::EdgeIdOf edge_of = [this](uint32_t edge) {
    return live_.edge_directory().Find(edge).value_or(tag::EdgeId{});
  };
  const std::vector<live::SecondPtr> seconds = live_.Seconds(recording.next(), until);
  for (const live::SecondPtr& s : seconds) recording.Take(*s, *names, edge_of);
}

// What it has not taken yet because it may still change. Of a copy.
void RunKeeper::Impl::TakeTail(Recording& recording) const {
  const uint64_t end = recording.info().end != 0 ? recording.info().end : UINT64_MAX;
  const auto names = live_.names();
  const live::EdgeIdOf edge_of = [this](uint32_t edge) {
    return live_.edge_directory().Find(edge).value_or(tag::EdgeId{});
  };
  for (const live::SecondPtr& s : live_.Seconds(recording.next(), end)) {
    recording.Take(*s, *names, edge_of);
  }
}

void RunKeeper::Impl::TakeWords(Active& active) {
  RunInfo& info = active.recording.info();
  const uint64_t end_ns = info.end == 0 ? UINT64_MAX : info.end * kNs;
  for (const live::MapEvent& e : live_.events().After(active.last_event)) {
    active.last_event = e.number;
    const bool inside = e.row.time_ns >= info.begin * kNs && e.row.time_ns < end_ns;
    if (!inside) continue;
    // What colours the map is told in verdicts; when room gets short it goes first.
    const bool crowded = info.events.size() >= kMaxRunEvents / 2 && !WorthKeeping(e.row.kind);
    if (crowded || info.events.size() >= kMaxRunEvents) continue;
    info.events.push_back({e.row.time_ns, e.row.kind, e.service, e.instance, e.row.text});
  }
  StableOrder(info.events,
              [](const RunEvent& x, const RunEvent& y) { return x.time_ns < y.time_ns; });
  if (info.state == RunState::kRunning) info.limits = *live_.limits();
}

void RunKeeper::Impl::TakeVerdict(Active& active, const live::MapView& view) {
  RunInfo& info = active.recording.info();
  if (!view.tier.empty()) info.tier = view.tier;
  if (view.verdict == nullptr || view.to <= info.begin) return;
  const uint64_t to = info.end == 0 ? view.to : std::min(view.to, info.end);
  const analysis::Diagnosis& d = *view.verdict;
  if (!info.verdicts.empty()) {
    VerdictSpan& last = info.verdicts.back();
    if (to <= last.to) return;
    if (last.verdict == d.verdict && last.bottleneck == d.bottleneck_service) {
      last.to = to;
      if (d.confidence >= last.confidence) {
        last.confidence = d.confidence;
        last.sentence = d.sentence;
      }
      return;
    }
    if (info.verdicts.size() >= kMaxVerdicts) return;
  }
  VerdictSpan span;
  span.from = info.verdicts.empty() ? info.begin : info.verdicts.back().to;
  span.to = to;
  span.verdict = d.verdict;
  span.bottleneck = d.bottleneck_service;
  if (d.verdict == analysis::Verdict::kBottleneck && !d.candidates.empty()) {
    span.fault = analysis::Name(d.candidates.front().fault);
  }
  span.confidence = d.confidence;
  span.sentence = d.sentence;
  info.verdicts.push_back(std::move(span));
}

void RunKeeper::Impl::Detect(uint64_t end) {
  const auto names = live_.names();
  const auto view = live_.Latest();
  std::map<uint32_t, bool> entries;
  for (const live::MapNode& n : view->nodes) {
    if (n.entry && n.kind != schema::NodeKind::kExternal) entries[n.id] = true;
  }
  for (const live::SecondPtr& second : live_.Seconds(detector_next_, end)) {
    std::map<uint32_t, double> attempts;
    live::EdgeWindow window;
    for (const uint32_t id : second->EdgeIds()) {
      const auto edge = live_.edge_directory().Find(id);
      if (!edge || !entries.contains(edge->client_service)) continue;
      second->Edge(id, window.client, window.server);
      attempts[edge->client_service] +=
          static_cast<double>(window.Requests()[schema::EdgeMetric::kRequest]) +
          static_cast<double>(window.Transport()[schema::EdgeMetric::kTcpEstablishFail]);
    }
    std::vector<EntrySecond> seen;
    for (const auto& [id, count] : attempts) {
      const auto at = names->services.find(id);
      if (at == names->services.end()) continue;
      seen.push_back({id, at->second.name, at->second.kind, count});
    }
    detector_next_ = second->second() + 1;
    if (auto change = detector_.Update(second->second(), second->watched(), seen)) {
      FollowLoad(*change);
    }
  }
}

// With no lock held.
void RunKeeper::Impl::FollowLoad(const LoadDetector::Change& change) {
  if (change.ended) {
    const std::lock_guard lock(mutex_);
    Active* running = Running();
    if (running == nullptr || running->recording.info().origin != Origin::kRecognised) return;
    EndActive(*running, change.time, RunState::kDone);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (Running() != nullptr) return;  // of people, or this one
  }
  RunInfo info;
  info.begin = change.time;
  info.origin = Origin::kRecognised;
  info.generator = change.name;
  info.joined_late = change.joined_late;
  info.name = change.name + ", " + TimeText(change.time, "%Y-%m-%d %H:%M:%S");
  {
    const std::lock_guard files(file_mutex_);
    MakeRoom();
  }
  const auto id = Begin(std::move(info));
  if (!id && id.error().code == Code::kInvalid) return;  // a person was faster
  const std::lock_guard lock(mutex_);
  SetAlarm("full", id ? "" : "a load test was seen but not kept: " + id.error().text);
}

void RunKeeper::Impl::Work() {
  const uint64_t end = live_.Span().second;
  if (end == 0) return;
  if (options_.recognise) Detect(end);
  const auto view = live_.Latest();
  const uint64_t settled = end > lag_ ? end - lag_ : 0;
  FillGaps(settled);
  std::vector<std::pair<std::string, bool>> due;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, active] : active_) {
      const RunInfo& info = active->recording.info();
      const uint64_t until = info.end == 0 ? settled : std::min(settled, info.end);
      TakeIn(*active, until);
      TakeWords(*active);
      TakeVerdict(*active, *view);
      const bool over = info.end != 0 && settled >= info.end;
      const uint64_t age = (MonotonicNs() - active->checkpoint_ns) / kNs;
      if (over || age >= options_.checkpoint_seconds) due.emplace_back(id, over);
    }
  }
  for (const auto& [id, over] : due) {
    const std::lock_guard files(file_mutex_);
    Checkpoint(id, over);
  }
}

// Files

Status RunKeeper::Impl::Write(const std::string& id, const Snapshot& snapshot,
                              const RunSummary& summary, Active& facts) {
  const std::string path = PathOf(id);
  const bool grown = facts.file_bytes != 0 &&
                     facts.file_generation == facts.recording.generation() &&
                     snapshot.info().state == RunState::kRunning;
  if (grown) {
    auto bytes = AppendRunFile(path, facts.file_bytes, snapshot, summary, facts.file_buckets);
    if (!bytes) {
      // A file that is gone is written anew; one that only found no room stays and grows later.
      if (bytes.error().code != Code::kExhausted) facts.file_bytes = 0;
      return std::unexpected(std::move(bytes).error());
    }
    facts.file_bytes = *bytes;
  } else {
    PANO_TRY(WriteRunFile(path, snapshot, summary));
    std::error_code error;
    facts.file_bytes = fs::file_size(path, error);
  }
  facts.file_generation = facts.recording.generation();
  // Those that cannot change are not written again.
  facts.file_buckets = static_cast<size_t>(
      std::ranges::count_if(snapshot.buckets(), [&](const PackedBucket& bucket) {
        return bucket.seconds == snapshot.bucket_seconds() &&
               bucket.from + bucket.seconds <= facts.settled;
      }));
  return {};
}

// `final_one`: all its data came; it leaves memory when it is written.
void RunKeeper::Impl::Checkpoint(const std::string& id, bool final_one) {
  std::optional<Active> copy;
  {
    const std::lock_guard lock(mutex_);
    Active* active = ActiveOf(id);
    if (active == nullptr) return;
    active->checkpoint_ns = MonotonicNs();
    copy = *active;
  }
  copy->settled = copy->recording.next();
  if (copy->filled_from == 0) TakeTail(copy->recording);
  const SnapshotPtr snapshot = Complete(*copy->recording.Freeze());
  RunSummary summary = Summarise(*snapshot);
  const RunInfo& info = snapshot->info();
  const bool trifle =
      info.origin == Origin::kRecognised && info.end != 0 &&
      (!(summary.requests >= kLeastRequests) || info.end - info.begin < kLeastSeconds);
  Status written;
  const bool early = info.origin == Origin::kRecognised && copy->file_bytes == 0 && info.end == 0 &&
                     copy->settled < info.begin + kLeastSeconds;
  if (!options_.folder.empty() && !(final_one && trifle) && !early) {
    written = Write(id, *snapshot, summary, *copy);
  }
  summary.bytes = copy->file_bytes;
  const std::lock_guard lock(mutex_);
  Active* active = ActiveOf(id);
  if (active == nullptr) return;
  SetAlarm("write " + id,
           written ? "" : "run " + id + " is only in memory: " + written.error().text);
  active->file_bytes = copy->file_bytes;
  active->file_buckets = copy->file_buckets;
  active->file_generation = copy->file_generation;
  if (!final_one) {
    index_[id].summary = summary;
    return;
  }
  if (trifle) {
    index_.erase(id);
    active_.erase(id);
    std::error_code ignored;
    if (!options_.folder.empty()) fs::remove(PathOf(id), ignored);
    return;
  }
  // What cannot be written stays, and is tried again at every checkpoint.
  if (!written && active_.size() <= kMaxRunsInMemory) return;
  index_[id] = {summary, options_.folder.empty() || !written ? snapshot : nullptr};
  active_.erase(id);
}

void RunKeeper::Impl::MakeRoom() {
  const std::lock_guard lock(mutex_);
  const auto total = [this] {
    uint64_t bytes = 0;
    for (const auto& [id, e] : index_) bytes += e.summary.bytes;
    return bytes;
  };
  const auto in_memory = [this] {
    return std::ranges::count_if(index_,
                                 [](const auto& e) { return e.second.snapshot != nullptr; });
  };
  while (total() > options_.max_bytes || index_.size() >= options_.max_runs ||
         static_cast<size_t>(in_memory()) >= kMaxRunsInMemory) {
    // The oldest that nobody asked for; of those only in memory the oldest of all.
    const bool memory = static_cast<size_t>(in_memory()) >= kMaxRunsInMemory;
    auto oldest = index_.end();
    for (auto at = index_.begin(); at != index_.end(); ++at) {
      const RunSummary& s = at->second.summary;
      const bool may = memory ? at->second.snapshot != nullptr : s.origin == Origin::kRecognised;
      if (!may || active_.contains(at->first)) continue;
      if (oldest == index_.end() || s.begin < oldest->second.summary.begin) oldest = at;
    }
    if (oldest == index_.end()) return;
    std::error_code ignored;
    if (!options_.folder.empty()) fs::remove(PathOf(oldest->first), ignored);
    index_.erase(oldest);
  }
}

Status RunKeeper::Impl::Adopt(const fs::path& path) {
  PANO_ASSIGN(const RunSummary summary, ReadRunSummary(path));
  if (path.stem() != summary.id) return Fail(Code::kInvalid, "{}: named wrongly", path.string());
  if (summary.state != RunState::kRunning) {
    index_[summary.id] = {summary, nullptr};
    return {};
  }
  PANO_ASSIGN(ReadRun read, ReadRunFile(path));
  auto active = std::make_unique<Active>(Active{Recording(*read.snapshot)});
  active->file_bytes = read.valid_bytes;
  active->file_generation = UINT32_MAX;  // written anew at the first checkpoint
  Recording& recording = active->recording;
  RunInfo& info = recording.info();
  const uint64_t now = WallSecond();
  if (info.doubts.size() < 100) {
    info.doubts.push_back(
        fmt::format("panoscope was restarted at {}", TimeText(now, "%Y-%m-%d %H:%M:%S UTC")));
  }
  if (recording.next() + options_.resume_seconds < now || Running() != nullptr) {
    info.state = RunState::kAborted;
    info.end = std::max(recording.next(), info.begin + 1);
  } else {
    active->filled_from = recording.next();
    if (info.origin == Origin::kRecognised) detector_.Resume(now, info.generator);
  }
  index_[info.id] = {summary, nullptr};
  const std::string id = info.id;
  const bool aborted = info.state == RunState::kAborted;
  active_[id] = std::move(active);
  if (aborted) index_[id].summary.state = RunState::kAborted;
  return {};
}

Status RunKeeper::Impl::OpenFolder() {
  if (options_.folder.empty()) return {};
  std::error_code error;
  fs::create_directories(options_.folder, error);
  if (error) return Fail(Code::kUnavailable, "{}: {}", options_.folder, error.message());
  for (fs::directory_iterator at(options_.folder, error), end; !error && at != end;
       at.increment(error)) {
    const fs::path path = at->path();
    std::error_code ignored;
    if (path.string().ends_with(std::string(kRunSuffix) + ".new")) fs::remove(path, ignored);
    if (path.extension() != kRunSuffix || index_.size() >= 2 * options_.max_runs) continue;
    if (const Status status = Adopt(path); !status) {
      SetAlarm(path.filename(), "a run cannot be read: " + status.error().text);
    }
  }
  if (error) return Fail(Code::kUnavailable, "{}: {}", options_.folder, error.message());
  std::vector<std::string> ended;
  for (const auto& [id, active] : active_) {
    if (active->recording.info().state == RunState::kAborted) ended.push_back(id);
  }
  for (const std::string& id : ended) Checkpoint(id, true);
  MakeRoom();
  return {};
}

void RunKeeper::Impl::Tick() {
  const std::lock_guard lock(mutex_);
  pending_ = true;
  ticked_.notify_one();
}

void RunKeeper::Impl::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      ticked_.wait_for(lock, std::chrono::seconds(1), [&] { return pending_; });
      pending_ = false;
    }
    if (!stop.stop_requested()) Work();
  }
}

RunKeeper::Impl::~Impl() {
  if (thread_.joinable()) {
    thread_.request_stop();
    Tick();
    thread_.join();
  }
  // No second will change any more.
  std::vector<std::pair<std::string, bool>> all;
  const uint64_t end = live_.Span().second;
  FillGaps(end);
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, active] : active_) {
      const RunInfo& info = active->recording.info();
      TakeIn(*active, info.end == 0 ? end : std::min(end, info.end));
      TakeWords(*active);
      all.emplace_back(id, info.end != 0);
    }
  }
  const std::lock_guard files(file_mutex_);
  for (const auto& [id, over] : all) Checkpoint(id, over);
}

}  // namespace pano::run
