// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <utility>

#include "agent/decode/decode.h"
#include "base/clock.h"
#include "base/log.h"

namespace pano::agent {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
// Events of a second may come this late and still count in it.
constexpr uint64_t kGrace = 150'000'000;
constexpr int kPollMs = 10;
constexpr auto kWait = std::chrono::milliseconds(1);  // for room in a queue (event_time)
constexpr size_t kChunks = 256;
constexpr size_t kClosedSeconds = 256;
constexpr uint64_t kMaxCatchUp = 30;  // empty seconds told one by one after a pause

uint64_t ThreadCpuUs() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000 + static_cast<uint64_t>(t.tv_nsec) / 1000;
}

uint64_t ResidentBytes() {
  unsigned long size = 0;
  unsigned long resident = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  const int read = std::fscanf(file, "%lu %lu", &size, &resident);
  std::fclose(file);
  return read == 2 ? resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "host";
}

unsigned ShardCount(unsigned wanted) {
  if (wanted != 0) return std::min(wanted, 64u);
  const unsigned cores = std::thread::hardware_concurrency();
  return cores <= 2 ? 1 : std::max(1u, cores / 4);
}

}  // namespace

AgentPipeline::AgentPipeline(AgentOptions options, std::unique_ptr<source::Source> source,
                             BatchSink sink)
    : options_(std::move(options)),
      source_(std::move(source)),
      sink_(std::move(sink)),
      registry_(options_.registry),
      watch_(registry_),
      host_(registry_, watch_, exits_),
      peers_(options_.shard.max_connections * 2),
      governor_(options_.budget),
      closed_(kClosedSeconds),
      timeout_ns_(options_.shard.timeout_ns) {
  if (options_.host.empty()) options_.host = HostName();
  if (!options_.show_self) options_.shard.metric.self_tgid = static_cast<uint32_t>(getpid());
  for (unsigned i = 0; i < ShardCount(options_.shards); ++i) {
    auto worker = std::make_unique<Worker>(kChunks);
    worker->shard = std::make_unique<Shard>(options_.shard, peers_, host_,
                                            [this](uint64_t socket, uint32_t bytes) {
                                              const std::lock_guard lock(capture_mutex_);
                                              capture_wanted_[socket] = bytes;
                                            });
    workers_.push_back(std::move(worker));
  }
}

AgentPipeline::~AgentPipeline() { Stop(); }

void AgentPipeline::Start() {
  wall_offset_ns_ = WallOffset();
  if (options_.watch_host) watch_.Start();
  health_.tier = source_->tier();
  health_.stage = Name(Stage::kFull);
  gatherer_ = std::jthread([this](const std::stop_token&) { Gather(); });
  if (!inline_mode()) {
    for (auto& w : workers_) {
      w->thread = std::jthread([this, &w = *w] { Work(w); });
    }
  }
  reader_ = std::jthread([this](const std::stop_token& stop) { Read(stop); });
}

void AgentPipeline::Stop() {
  if (stopped_.exchange(true)) return;
  if (reader_.joinable()) {
    reader_.request_stop();
    reader_.join();
  }
  for (auto& w : workers_) {
    w->chunks.Close();
    if (w->thread.joinable()) w->thread.join();
  }
  closed_.Close();
  if (gatherer_.joinable()) gatherer_.join();
  watch_.Stop();
}

int64_t AgentPipeline::WallOffset() const {
  return options_.event_time ? options_.event_wall_offset_ns : WallOffsetNs();
}

// The reader: bytes of the source become events of shards.
void AgentPipeline::Read(const std::stop_token& stop) {
  uint64_t next_offset_ns = 0;
  while (!stop.stop_requested()) {
    const auto polled = source_->Poll(
        [this](const source::RawRecord& record) {
          decode::Event event;
          if (decode::Decode(record, &event) != decode::Verdict::kEvent) {
            ++undecoded_;
            return;
          }
          Dispatch(event);
        },
        kPollMs);
    FlushChunks(false);
    delivered_until_ns_ = source_->delivered_until_ns();
    ApplyCapture();
    if (!options_.event_time && MonotonicNs() >= next_offset_ns) {
      next_offset_ns = MonotonicNs() + kSecond;
      wall_offset_ns_ = WallOffset();
      reader_cpu_us_ = ThreadCpuUs();
      const std::lock_guard lock(source_losses_mutex_);
      source_losses_ = source_->Losses();
    }
    if (inline_mode()) {
      if (!options_.event_time) workers_[0]->clock_ns = delivered_until_ns_;
      Advance(*workers_[0], false);
    }
    if (!polled) {
      if (polled.error().code != Code::kNotFound) {
        Log(LogLevel::kError, "agent", "capture ended: {}", polled.error().ToString());
      }
      break;
    }
  }
  {
    const std::lock_guard lock(source_losses_mutex_);
    source_losses_ = source_->Losses();
  }
  source_ended_ = true;
  for (auto& w : workers_) w->chunks.Close();
  if (inline_mode()) {
    workers_[0]->clock_ns = EndClock();
    Advance(*workers_[0], true);
    closed_.Close();
  }
}

void AgentPipeline::Dispatch(const decode::Event& event) {
  if (options_.event_time) event_clock_ns_ = std::max(event_clock_ns_.load(), event.time_ns);
  if (event.type == decode::EventType::kProcessExec) {
    exits_.OnExec(event.tgid);
    return watch_.OnExec(event.tgid);
  }
  if (event.type == decode::EventType::kProcessExit) {
    exits_.OnExit(event.tgid);
    return watch_.OnExit(event.tgid);
  }
  if (inline_mode()) {
    Worker& worker = *workers_[0];
    worker.clock_ns = event_clock_ns_;
    if (options_.event_time) Advance(worker, false);
    return worker.shard->OnEvent(event);
  }
  if (options_.event_time && event_clock_ns_ / kSecond > told_second_) {
    told_second_ = event_clock_ns_ / kSecond;
    FlushChunks(true);
  }
  Worker& worker = *workers_[(event.socket * 0x9e3779b97f4a7c15u >> 32) % workers_.size()];
  worker.filling.Add(event);
  if (worker.filling.full()) HandOver(worker);
}

void AgentPipeline::HandOver(Worker& worker) {
  const size_t count = worker.filling.size();
  worker.filling.SetClock(options_.event_time ? event_clock_ns_ : delivered_until_ns_);
  while (options_.event_time && worker.chunks.size() >= kChunks) std::this_thread::sleep_for(kWait);
  if (!worker.chunks.Push(std::exchange(worker.filling, {}))) shard_queue_full_ += count;
}

void AgentPipeline::FlushChunks(bool idle_too) {
  if (inline_mode()) return;
  for (auto& w : workers_) {
    if (idle_too || w->filling.size() != 0) HandOver(*w);
  }
}

void AgentPipeline::ApplyCapture() {
  std::map<uint64_t, uint32_t> wanted;
  {
    const std::lock_guard lock(capture_mutex_);
    wanted.swap(capture_wanted_);
  }
  for (const auto& [socket, bytes] : wanted) source_->SetCapture(socket, bytes);
}

// A shard of its own thread.
void AgentPipeline::Work(Worker& worker) {
  while (true) {
    // Asked first: what came before the end, or before that time, is in the queue already.
    const bool ended = worker.chunks.closed();
    const uint64_t delivered = delivered_until_ns_;
    auto chunk = worker.chunks.Pop(std::chrono::milliseconds(kPollMs));
    if (!chunk && ended) break;
    if (!chunk && !options_.event_time) worker.clock_ns = std::max(worker.clock_ns, delivered);
    if (chunk) {
      chunk->ForEach([&](const decode::Event& event) {
        worker.clock_ns = std::max(worker.clock_ns, event.time_ns);
        if (options_.event_time) Advance(worker, false);
        worker.shard->OnEvent(event);
      });
      worker.clock_ns = std::max(worker.clock_ns, chunk->clock_ns());
    }
    Advance(worker, false);
  }
  worker.clock_ns = EndClock();
  Advance(worker, true);
  if (++workers_done_ == workers_.size()) closed_.Close();
}

// The time at which nothing more comes.
uint64_t AgentPipeline::EndClock() const {
  return options_.event_time ? event_clock_ns_.load() : MonotonicNs();
}

void AgentPipeline::Advance(Worker& worker, bool last) {
  const uint64_t now = worker.clock_ns;
  const int64_t offset = wall_offset_ns_;
  const uint64_t wall = now + static_cast<uint64_t>(offset);
  if (now == 0) return;
  if (worker.next_second == 0) {
    worker.next_second = wall / kSecond;
  }
  worker.shard->SetWallOffset(offset);
  if (!options_.event_time || last) worker.shard->Housekeep(now);
  if (wall / kSecond > worker.next_second + kMaxCatchUp) {
    worker.next_second = wall / kSecond - kMaxCatchUp;
  }
  while (last ? worker.next_second <= wall / kSecond
              : wall >= (worker.next_second + 1) * kSecond + kGrace) {
    worker.shard->Housekeep(now);
    worker.shard->SetTimeout(timeout_ns_);
    worker.shard->SetStage(stage_);
    wire::Batch batch = worker.shard->CloseSecond(worker.next_second, now);
    ++worker.next_second;
    worker.cpu_us = inline_mode() ? 0 : ThreadCpuUs();
    PutSecond(std::move(batch));
  }
}

void AgentPipeline::PutSecond(wire::Batch batch) {
  // Room for one of every shard: several may find it at once.
  while (options_.event_time && closed_.size() + workers_.size() > kClosedSeconds) {
    std::this_thread::sleep_for(kWait);
  }
  if (!closed_.Push(std::move(batch))) ++batch_queue_full_;
}

// Gathering: the shards' parts of one second become one batch.
void AgentPipeline::Gather() {
  struct Part {
    wire::Batch batch;
    size_t parts = 0;
  };
  std::map<uint64_t, Part> open;
  const auto deliver = [&](uint64_t upto) {
    while (!open.empty() && open.begin()->first <= upto) {
      wire::Batch batch = std::move(open.begin()->second.batch);
      open.erase(open.begin());
      Complete(batch);
      sink_(std::move(batch));
    }
  };
  const auto append = [](auto& to, auto& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  while (true) {
    const bool ended = closed_.closed();  // asked first: what came before the end is popped
    auto part = closed_.Pop(std::chrono::milliseconds(100));
    if (!part && ended) break;
    if (!part) continue;
    Part& p = open[part->second];
    p.batch.second = part->second;
    append(p.batch.edges, part->edges);
    append(p.batch.endpoints, part->endpoints);
    append(p.batch.requests, part->requests);
    append(p.batch.losses, part->losses);
    p.batch.health.events += part->health.events;
    p.batch.health.connections += part->health.connections;
    // Shards close their seconds in order: an older one that is incomplete stays so.
    if (++p.parts == workers_.size()) deliver(part->second);
  }
  deliver(~uint64_t{0});
  if (source_ended_) finished_ = true;
}

void AgentPipeline::Complete(wire::Batch& batch) {
  batch.agent = options_.agent_id;
  batch.host = options_.host;
  const uint64_t now = MonotonicNs();
  batch.instances = registry_.TakeChanges(now);
  batch.saturation = watch_.TakeSaturation(batch.second);
  overflows_.Settle(batch);
  for (wire::EventRecord& event : registry_.TakeEvents()) batch.events.push_back(std::move(event));
  TellLosses(batch);
  Judge(batch);
}

void AgentPipeline::TellLosses(wire::Batch& batch) {
  const auto tell = [&](std::string_view cause, uint64_t total) {
    uint64_t& told = losses_told_[std::string(cause)];
    if (total > told) batch.losses.push_back({std::string(cause), total - told});
    told = std::max(told, total);
  };
  {
    const std::lock_guard lock(source_losses_mutex_);
    for (const source::LossCounter& l : source_losses_) tell(l.cause, l.count);
  }
  tell("undecodable_record", undecoded_);
  tell("shard_queue_full", shard_queue_full_);
  tell("batch_queue_full", batch_queue_full_);
  tell("process_queue_full", watch_.dropped());
  tell("process_table_full", registry_.dropped());
  tell("translation_table_full", watch_.translations_dropped());
  tell("translation_events_lost", watch_.translations_lost());
  tell("peer_index_full", peers_.dropped());
  std::map<std::string, uint64_t> sums;
  for (const wire::LossCount& l : batch.losses) sums[l.cause] += l.count;
  batch.losses.clear();
  for (const auto& [cause, count] : sums) batch.losses.push_back({cause, count});
}

// Its own budget, and the stage that follows from it.
void AgentPipeline::Judge(wire::Batch& batch) {
  gather_cpu_us_ = ThreadCpuUs();
  uint64_t cpu = reader_cpu_us_ + gather_cpu_us_ + watch_.cpu_us();
  for (const auto& w : workers_) cpu += w->cpu_us;
  wire::AgentHealth& h = batch.health;
  h.cpu_us = cpu > cpu_us_told_ ? cpu - cpu_us_told_ : 0;
  cpu_us_told_ = std::max(cpu, cpu_us_told_);
  h.memory_bytes = ResidentBytes();
  h.tier = source_->tier();
  uint64_t lost = 0;
  for (const wire::LossCount& l : batch.losses) {
    if (l.cause == "ring_full" || l.cause == "shard_queue_full") lost += l.count;
  }
  if (!options_.event_time && governor_.Update(h.cpu_us, h.memory_bytes, lost)) {
    stage_ = governor_.stage();
    batch.events.push_back(
        {batch.second * kSecond, schema::EventKind::kDegrade, 0, "",
         fmt::format("agent stage is now {}: {} us CPU in a second, {} events lost",
                     Name(governor_.stage()), h.cpu_us, lost)});
    Log(LogLevel::kWarn, "agent", "stage is now {}", Name(governor_.stage()));
  }
  h.stage = Name(stage_.load());
  const std::lock_guard lock(health_mutex_);
  health_ = h;
}

wire::AgentHealth AgentPipeline::Health() const {
  const std::lock_guard lock(health_mutex_);
  return health_;
}

}  // namespace pano::agent
