// SPDX-License-Identifier: Apache-2.0
#include "server/store/writer.h"

#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/queue.h"
#include "server/store/block_builder.h"
#include "server/store/engine_error.h"
#include "server/store/migrate.h"

namespace pano::store {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kFirstRetry{100};
constexpr milliseconds kLastRetry{5'000};
constexpr milliseconds kDiskFullRetry{5'000};
constexpr milliseconds kLastFlush{5'000};

// Trying the same block again can help.
bool Passing(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kTimeout ||
         error.code == Code::kExhausted;
}

// Names this process's blocks; two runs never share one.
std::string TokenPrefix() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}-{}-", random(), random(), getpid());
}

}  // namespace

struct Writer::State {
  State(Store& to, WriterOptions with)
      : store(to), options(with), queue(with.max_pending_batches), builder(to.dialect()) {}

  struct Pending {
    Block block;
    std::string token;
  };
  using Item = std::shared_ptr<const tag::TaggedBatch>;

  void Build(const std::stop_token& stop);
  void Spool();
  void Send(const std::stop_token& stop);
  milliseconds SendFront(const std::shared_ptr<const Pending>& front);
  Status Prepare();
  void DropFront(const std::shared_ptr<const Pending>& front);

  Store& store;
  const WriterOptions options;
  const std::string token_prefix = TokenPrefix();
  BoundedQueue<Item> queue;

  // The builder's thread only.
  BlockBuilder builder;
  uint64_t in_builder = 0;  // batches
  uint64_t next_token = 0;

  // The sender's thread only.
  bool migrated = false;
  milliseconds retry = kFirstRetry;

  mutable std::mutex mutex;  // everything below it
  std::condition_variable changed;
  std::deque<std::shared_ptr<const Pending>> spool;
  uint64_t spool_bytes = 0;
  uint64_t spool_rows = 0;
  uint64_t queued_rows = 0;
  uint64_t added = 0;  // batches
  uint64_t built = 0;
  uint64_t rows_lost = 0;
  int flushing = 0;  // callers of Flush
  bool sending = false;
  bool closing = false;
  Clock::time_point give_up = Clock::time_point::max();
  std::string last_error;

  std::jthread build_thread;
  std::jthread send_thread;
};

// Batches become blocks a little after the first of them came, so that those of one second, from
// several agents, share an insert.
void Writer::State::Build(const std::stop_token& stop) {
  Clock::time_point due = Clock::time_point::max();
  for (;;) {
    const bool stopping = stop.stop_requested();
    auto item = queue.Pop(stopping ? milliseconds(0) : milliseconds(50));
    if (item) {
      builder.Add(**item);
      if (in_builder++ == 0) due = Clock::now() + options.flush_interval;
      const std::lock_guard lock(mutex);
      queued_rows -= RowsOf(**item);
    }
    bool now = stopping || Clock::now() >= due;
    {
      const std::lock_guard lock(mutex);
      now = now || (flushing > 0 && queue.size() == 0);
    }
    if (now && in_builder > 0) {
      Spool();
      due = Clock::time_point::max();
    }
    if (stopping && !item) return;
  }
}

void Writer::State::Spool() {
  std::vector<Block> blocks = builder.Take();
  const std::lock_guard lock(mutex);
  for (Block& block : blocks) {
    spool_bytes += block.data.size();
    spool_rows += block.rows;
    spool.push_back(std::make_shared<Pending>(
        Pending{std::move(block), token_prefix + std::to_string(next_token++)}));
  }
  // The oldest go first, except the one the engine may be taking right now.
  const size_t oldest = sending ? 1 : 0;
  while (spool_bytes > options.max_spool_bytes && spool.size() > oldest + 1) {
    const auto victim = spool.begin() + static_cast<std::ptrdiff_t>(oldest);
    spool_bytes -= (*victim)->block.data.size();
    spool_rows -= (*victim)->block.rows;
    rows_lost += (*victim)->block.rows;
    spool.erase(victim);
  }
  built += std::exchange(in_builder, 0);
  changed.notify_all();
}

void Writer::State::DropFront(const std::shared_ptr<const Pending>& front) {
  spool_bytes -= front->block.data.size();
  spool_rows -= front->block.rows;
  spool.pop_front();
}

Status Writer::State::Prepare() {
  PANO_TRY(Migrate(store, options.retention));
  return RepairRollups(store);
}

// One try; how long to wait before the next.
milliseconds Writer::State::SendFront(const std::shared_ptr<const Pending>& front) {
  Status status = migrated ? Status() : Prepare();
  const bool migrating = !status;
  if (status) {
    migrated = true;
    status = store.InsertNative(front->block.table, front->block.data, front->token);
  }
  const std::lock_guard lock(mutex);
  sending = false;
  if (status) {
    last_error.clear();
    DropFront(front);
    changed.notify_all();
    retry = kFirstRetry;
    return milliseconds(0);
  }
  const Error& error = status.error();
  if (last_error != error.text) {
    Log(LogLevel::kWarn, "store", "cannot write {}: {}", front->block.table, error.text);
  }
  last_error = error.text;
  if (error.code == Code::kNotFound) migrated = false;  // someone dropped a table: make it again
  if (!migrating && !Passing(error) && error.code != Code::kNotFound) {
    rows_lost += front->block.rows;
    DropFront(front);
    changed.notify_all();
    return milliseconds(0);
  }
  return IsDiskFull(error) ? kDiskFullRetry : std::exchange(retry, std::min(retry * 2, kLastRetry));
}

void Writer::State::Send(const std::stop_token& stop) {
  for (;;) {
    std::shared_ptr<const Pending> front;
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return !spool.empty() || stop.stop_requested() || closing; });
      if (spool.empty() || Clock::now() >= give_up) {
        rows_lost += spool_rows;
        return;
      }
      front = spool.front();
      sending = true;
    }
    const milliseconds wait = SendFront(front);
    if (wait.count() == 0) continue;
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::min(wait, closing ? kFirstRetry : wait),
                     [&] { return closing && Clock::now() >= give_up; });
  }
}

Writer::Writer(Store& store, WriterOptions options)
    : state_(std::make_unique<State>(store, options)) {
  State* state = state_.get();
  state->build_thread = std::jthread([state](const std::stop_token& stop) { state->Build(stop); });
  state->send_thread = std::jthread([state](const std::stop_token& stop) { state->Send(stop); });
}

Writer::~Writer() {
  state_->queue.Close();
  state_->build_thread.request_stop();
  state_->build_thread.join();
  {
    const std::lock_guard lock(state_->mutex);
    state_->closing = true;
    state_->give_up = Clock::now() + kLastFlush;
  }
  state_->send_thread.request_stop();
  state_->changed.notify_all();
  state_->send_thread.join();
}

bool Writer::Add(std::shared_ptr<const tag::TaggedBatch> batch) {
  const uint64_t rows = RowsOf(*batch);
  const std::lock_guard lock(state_->mutex);
  if (!state_->queue.Push(std::move(batch))) {
    state_->rows_lost += rows;
    return false;
  }
  state_->queued_rows += rows;
  ++state_->added;
  return true;
}

bool Writer::Flush(milliseconds timeout) {
  std::unique_lock lock(state_->mutex);
  const uint64_t target = state_->added;
  ++state_->flushing;
  const bool done = state_->changed.wait_for(
      lock, timeout, [&] { return state_->built >= target && state_->spool.empty(); });
  --state_->flushing;
  return done;
}

StoreHealth Writer::Health() const {
  StoreHealth health = state_->store.Health();
  const std::lock_guard lock(state_->mutex);
  health.rows_lost += state_->rows_lost;
  health.pending_rows += state_->spool_rows + state_->queued_rows;
  if (health.last_error.empty()) health.last_error = state_->last_error;
  return health;
}

}  // namespace pano::store
