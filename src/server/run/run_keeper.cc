// SPDX-License-Identifier: Apache-2.0
// Runs as people see and change them.
#include "server/run/run_keeper.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <tuple>

#include "base/log.h"
#include "base/stable_order.h"
#include "server/run/digest.h"
#include "server/run/run_file.h"
#include "server/run/run_json.h"
#include "server/run/run_keeper_impl.h"

namespace pano::run {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxCached = 4;
constexpr size_t kMaxAlarms = 20;

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

std::unexpected<Error> RunsAlready(const RunInfo& other) {
  return std::unexpected(Error{Code::kInvalid,
                               fmt::format("run {} ({}) runs", other.id, other.name),
                               "stop it first: panoscope run stop"});
}

std::string NewId(uint64_t second) {
  static thread_local std::mt19937 random(std::random_device{}());
  return TimeText(second, "%Y%m%d-%H%M%S-") + fmt::format("{:04x}", random() & 0xffff);
}

}  // namespace

std::string TimeText(uint64_t second, const char* format) {
  const auto time = static_cast<std::time_t>(second);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, format, &parts)};
}

// Looking

RunKeeper::Impl::Active* RunKeeper::Impl::Running() {
  for (auto& [id, a] : active_) {
    if (a->recording.info().state == RunState::kRunning) return a.get();
  }
  return nullptr;
}

const RunKeeper::Impl::Active* RunKeeper::Impl::Running() const {
  return const_cast<Impl*>(this)->Running();
}

RunKeeper::Impl::Active* RunKeeper::Impl::ActiveOf(const std::string& id) {
  const auto at = active_.find(id);
  return at == active_.end() ? nullptr : at->second.get();
}

std::string RunKeeper::Impl::Resolve(const std::string& id) const {
  if (id != kCurrent) return id;
  const Active* running = Running();
  return running == nullptr ? std::string() : running->recording.info().id;
}

void RunKeeper::Impl::SetAlarm(const std::string& key, const std::string& text) {
  if (text.empty()) {
    alarms_.erase(key);
  } else if (alarms_.size() < kMaxAlarms || alarms_.contains(key)) {
    if (!alarms_.contains(key)) Log(LogLevel::kWarn, "run", "{}", text);
    alarms_[key] = text;
  }
}

std::vector<std::string> RunKeeper::Impl::Alarms() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  out.reserve(alarms_.size());
  for (const auto& [key, text] : alarms_) out.push_back(text);
  return out;
}

std::vector<RunSummary> RunKeeper::Impl::List() const {
  std::vector<RunSummary> out;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : index_) out.push_back(entry.summary);
  }
  std::ranges::sort(out, [](const RunSummary& a, const RunSummary& b) {
    return std::tie(a.begin, a.id) > std::tie(b.begin, b.id);
  });
  return out;
}

Result<RunSummary> RunKeeper::Impl::Find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto at = index_.find(Resolve(id));
  if (at == index_.end()) {
    if (id == kCurrent) return Fail(Code::kNotFound, "no run runs now");
    return Fail(Code::kNotFound, "there is no run {}", id.substr(0, 40));
  }
  return at->second.summary;
}

SnapshotPtr RunKeeper::Impl::Cached(const std::string& id) const {
  const auto at = std::ranges::find(cache_, id, [](const auto& c) { return c.first; });
  return at == cache_.end() ? nullptr : at->second;
}

Result<SnapshotPtr> RunKeeper::Impl::Load(const std::string& asked) const {
  std::string id;
  std::optional<Recording> copy;
  {
    const std::lock_guard lock(mutex_);
    id = Resolve(asked);
    const auto at = index_.find(id);
    if (at == index_.end()) {
      return Fail(Code::kNotFound, "there is no run {}", asked.substr(0, 40));
    }
    if (at->second.snapshot != nullptr) return at->second.snapshot;
    if (auto cached = Cached(id)) return cached;
    if (const auto a = active_.find(id); a != active_.end()) copy = a->second->recording;
  }
  if (copy) {
    TakeTail(*copy);
    return Complete(*copy->Freeze());
  }
  auto read = ReadRunFile(PathOf(id));
  if (!read) return std::unexpected(std::move(read).error());
  const std::lock_guard lock(mutex_);
  if (index_.contains(id) && Cached(id) == nullptr) {
    cache_.emplace_front(id, read->snapshot);
    if (cache_.size() > kMaxCached) cache_.pop_back();
  }
  return read->snapshot;
}

// Words of people

Result<std::string> RunKeeper::Impl::Begin(RunInfo info) {
  const std::lock_guard lock(mutex_);
  if (const Active* running = Running()) {
    return RunsAlready(running->recording.info());
  }
  if (index_.size() >= options_.max_runs) {
    return std::unexpected(
        Error{Code::kExhausted, "there are too many runs", "delete some: panoscope run delete ID"});
  }
  do {
    info.id = NewId(info.begin);
  } while (index_.contains(info.id));
  info.host = HostName();
  info.version = options_.version;
  info.limits = *live_.limits();
  std::string id = info.id;
  auto active = std::make_unique<Active>(Active{Recording(std::move(info))});
  active->checkpoint_ns = MonotonicNs();
  index_[id] = {Summarise(*Complete(*active->recording.Freeze())), nullptr};
  active_[id] = std::move(active);
  return id;
}

Result<RunSummary> RunKeeper::Impl::Start(StartRequest request) {
  const uint64_t now = WallSecond();
  RunInfo info;
  info.begin = request.begin == 0 ? now : request.begin;
  const auto [first, end] = live_.Span();
  if (info.begin > now + 1 || (info.begin < now && (first == end || info.begin < first))) {
    return std::unexpected(Error{Code::kInvalid, "begin: memory does not reach there",
                                 "a run may begin up to 15 minutes ago"});
  }
  const std::lock_guard files(file_mutex_);
  {
    const std::lock_guard lock(mutex_);
    if (Active* running = Running()) {
      const RunInfo& other = running->recording.info();
      if (other.origin == Origin::kManual) return RunsAlready(other);
      EndActive(*running, std::max(other.begin + 1, std::min(info.begin, now)), RunState::kDone);
    }
  }
  MakeRoom();
  info.name = CleanText(request.name, kMaxName);
  if (info.name.empty()) info.name = "run of " + TimeText(info.begin, "%Y-%m-%d %H:%M:%S");
  info.labels = std::move(request.labels);
  info.notes = CleanText(request.notes, kMaxNotes);
  info.objectives = std::move(request.objectives);
  PANO_ASSIGN(const std::string id, Begin(std::move(info)));
  Checkpoint(id, false);
  return Find(id);
}

void RunKeeper::Impl::EndActive(Active& active, uint64_t end, RunState state) {
  RunInfo& info = active.recording.info();
  info.state = state;
  info.end = std::max(end, info.begin + 1);
  active.dirty = true;
  std::erase_if(info.marks, [&](const Mark& m) { return m.time >= info.end; });
  const auto at = index_.find(info.id);
  if (at == index_.end()) return;
  at->second.summary.state = state;
  at->second.summary.end = info.end;
}

Result<RunSummary> RunKeeper::Impl::Stop(const std::string& asked, uint64_t end) {
  std::string id;
  const std::lock_guard files(file_mutex_);
  {
    const std::lock_guard lock(mutex_);
    id = Resolve(asked);
    Active* active = ActiveOf(id);
    if (active == nullptr || active->recording.info().state != RunState::kRunning) {
      if (asked == kCurrent) return Fail(Code::kNotFound, "no run runs now");
      if (index_.contains(id)) return Fail(Code::kInvalid, "run {} has ended already", id);
      return Fail(Code::kNotFound, "there is no run {}", asked.substr(0, 40));
    }
    const uint64_t begin = active->recording.info().begin;
    const uint64_t now = WallSecond() + 1;  // the second that runs belongs to it
    if (end != 0 && (end <= begin || end > now)) {
      return Fail(Code::kInvalid, "end: after its begin and not in the future");
    }
    EndActive(*active, end == 0 ? now : end, RunState::kDone);
  }
  Checkpoint(id, false);
  return Find(id);
}

Result<RunSummary> RunKeeper::Impl::Edit(const std::string& asked, const EditInfo& edit) {
  const std::lock_guard files(file_mutex_);
  std::string id;
  bool active = false;
  SnapshotPtr in_memory;
  {
    const std::lock_guard lock(mutex_);
    id = Resolve(asked);
    const auto at = index_.find(id);
    if (at == index_.end()) {
      return Fail(Code::kNotFound, "there is no run {}", asked.substr(0, 40));
    }
    if (Active* a = ActiveOf(id)) {
      PANO_TRY(edit(a->recording.info()));
      a->dirty = active = true;
    }
    in_memory = at->second.snapshot;
  }
  if (active) {
    Checkpoint(id, false);
    return Find(id);
  }
  if (in_memory == nullptr) {
    PANO_ASSIGN(ReadRun read, ReadRunFile(PathOf(id)));
    in_memory = std::move(read.snapshot);
  }
  RunInfo info = in_memory->info();
  PANO_TRY(edit(info));
  const Snapshot raw(std::move(info), in_memory->names(), in_memory->edges(), in_memory->buckets(),
                     in_memory->bucket_seconds());
  const SnapshotPtr edited = Complete(raw);
  RunSummary summary = Summarise(*edited);
  const bool kept_in_memory = options_.folder.empty();
  if (!kept_in_memory) {
    PANO_TRY(WriteRunFile(PathOf(id), *edited, summary));
    std::error_code error;
    summary.bytes = fs::file_size(PathOf(id), error);
  }
  const std::lock_guard lock(mutex_);
  index_[id] = {summary, kept_in_memory ? edited : nullptr};
  std::erase_if(cache_, [&](const auto& c) { return c.first == id; });
  return summary;
}

Result<RunSummary> RunKeeper::Impl::Change(const std::string& id, RunChange change) {
  return Edit(id, [&change](RunInfo& info) -> Status {
    if (change.name) info.name = CleanText(*change.name, kMaxName);
    if (change.notes) info.notes = CleanText(*change.notes, kMaxNotes);
    if (change.objectives) info.objectives = *change.objectives;
    std::map<std::string, std::string> labels(info.labels.begin(), info.labels.end());
    for (const auto& [key, value] : change.labels) {
      if (value.empty()) {
        labels.erase(key);
      } else {
        labels[key] = value;
      }
    }
    if (labels.size() > kMaxLabels) return Fail(Code::kExhausted, "at most {} labels", kMaxLabels);
    info.labels.assign(labels.begin(), labels.end());
    return {};
  });
}

Result<Mark> RunKeeper::Impl::AddMark(const std::string& id, Mark mark) {
  if (mark.time == 0) mark.time = WallSecond();
  mark.text = CleanText(mark.text, 500);
  const auto done = Edit(id, [&mark](RunInfo& info) -> Status {
    if (info.marks.size() >= kMaxMarks)
      return Fail(Code::kExhausted, "at most {} marks", kMaxMarks);
    if (mark.time < info.begin || (info.end != 0 && mark.time >= info.end)) {
      return Fail(Code::kInvalid, "time: not in the run");
    }
    info.marks.push_back(mark);
    StableOrder(info.marks, [](const Mark& x, const Mark& y) { return x.time < y.time; });
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return mark;
}

Result<RunSummary> RunKeeper::Impl::Attach(const std::string& id, LoadgenReport report) {
  return Edit(id, [&report](RunInfo& info) -> Status {
    if (info.loadgen.size() >= kMaxReports) {
      return Fail(Code::kExhausted, "at most {} reports", kMaxReports);
    }
    info.loadgen.push_back(std::move(report));
    return {};
  });
}

Status RunKeeper::Impl::Delete(const std::string& asked) {
  const std::lock_guard files(file_mutex_);
  const std::lock_guard lock(mutex_);
  const std::string id = Resolve(asked);
  if (index_.erase(id) == 0) {
    return Fail(Code::kNotFound, "there is no run {}", asked.substr(0, 40));
  }
  active_.erase(id);
  std::erase_if(cache_, [&](const auto& c) { return c.first == id; });
  if (options_.folder.empty()) return {};
  std::error_code error;
  fs::remove(PathOf(id), error);
  if (error) return Fail(Code::kUnavailable, "{}: {}", PathOf(id), error.message());
  return {};
}

// The door

RunKeeper::RunKeeper(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RunKeeper::~RunKeeper() = default;

Result<std::unique_ptr<RunKeeper>> RunKeeper::Open(KeeperOptions options, live::LiveState& live) {
  auto impl = std::make_unique<Impl>(std::move(options), live);
  PANO_TRY(impl->OpenFolder());
  impl->StartThread();
  return std::unique_ptr<RunKeeper>(new RunKeeper(std::move(impl)));
}

void RunKeeper::Tick() { impl_->Tick(); }
std::vector<RunSummary> RunKeeper::List() const { return impl_->List(); }
Result<RunSummary> RunKeeper::Find(const std::string& id) const { return impl_->Find(id); }
Result<SnapshotPtr> RunKeeper::Load(const std::string& id) const { return impl_->Load(id); }
Result<RunSummary> RunKeeper::Start(StartRequest request) {
  return impl_->Start(std::move(request));
}
Result<RunSummary> RunKeeper::Stop(const std::string& id, uint64_t end) {
  return impl_->Stop(id, end);
}
Result<RunSummary> RunKeeper::Change(const std::string& id, RunChange change) {
  return impl_->Change(id, std::move(change));
}
Result<Mark> RunKeeper::AddMark(const std::string& id, Mark mark) {
  return impl_->AddMark(id, std::move(mark));
}
Result<RunSummary> RunKeeper::Attach(const std::string& id, LoadgenReport report) {
  return impl_->Attach(id, std::move(report));
}
Status RunKeeper::Delete(const std::string& id) { return impl_->Delete(id); }
bool RunKeeper::recognises() const { return impl_->recognises(); }
std::vector<std::string> RunKeeper::Alarms() const { return impl_->Alarms(); }

}  // namespace pano::run
