// SPDX-License-Identifier: Apache-2.0
// in: source::Source  out: one wire::Batch a second
// The agent: source -> decode -> flow -> session -> metric -> batch. One thread reads the source
// and hands events to shards by connection (with one shard it processes them itself), one gathers
// the shards' seconds, one watches the host. Nothing here blocks the reader: what does not fit is
// dropped, counted and named in the batch.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/entity/exit_log.h"
#include "agent/entity/host_watch.h"
#include "agent/entity/registry.h"
#include "agent/event_chunk.h"
#include "agent/flow/peer_index.h"
#include "agent/host.h"
#include "agent/metric/overflow_ledger.h"
#include "agent/shard.h"
#include "agent/source/source.h"
#include "agent/stage.h"
#include "base/queue.h"
#include "wire/batch.h"

namespace pano::agent {

struct AgentOptions {
  std::string agent_id = "local";
  std::string host;     // empty: the host's own name
  unsigned shards = 0;  // 0: one, or on machines of more than 2 cores a quarter of them
  ShardOptions shard;
  StageLimits budget;
  entity::RegistryOptions registry;
  bool watch_host = true;  // read /proc, listeners, conntrack; off for recordings of other hosts
  bool show_self = false;  // its own connections are left out of the map
  // Clock of the recorded events instead of the machine's; seconds end when events pass them, and
  // a full queue makes the reader wait instead of dropping: a recording can.
  bool event_time = false;
  int64_t event_wall_offset_ns = 0;  // wall minus monotonic of the recording
};

class AgentPipeline {
 public:
  // Called on the gathering thread, once a second, in order of seconds.
  using BatchSink = std::function<void(wire::Batch)>;

  AgentPipeline(AgentOptions options, std::unique_ptr<source::Source> source, BatchSink sink);
  ~AgentPipeline();
  AgentPipeline(const AgentPipeline&) = delete;
  AgentPipeline& operator=(const AgentPipeline&) = delete;

  void Start();
  // Ends the source, flushes what is counted, joins every thread. Idempotent.
  void Stop();
  // The source ended by itself (a recording did) and everything was delivered.
  bool finished() const { return finished_; }
  // As of the last second.
  wire::AgentHealth Health() const;
  void SetTimeout(uint64_t timeout_ns) { timeout_ns_ = timeout_ns; }

 private:
  struct Worker {
    explicit Worker(size_t queue) : chunks(queue) {}
    std::unique_ptr<Shard> shard;
    BoundedQueue<EventChunk> chunks;
    EventChunk filling;  // the reader's
    std::jthread thread;
    uint64_t next_second = 0;
    uint64_t clock_ns = 0;  // up to which it was given every event
    std::atomic<uint64_t> cpu_us{0};
  };

  void Read(const std::stop_token& stop);
  void Dispatch(const decode::Event& event);
  void HandOver(Worker& worker);
  // `idle_too`: shards without events learn the time as well.
  void FlushChunks(bool idle_too);
  void Work(Worker& worker);
  // Housekeeping and the seconds that are over; `last`: everything that is left.
  void Advance(Worker& worker, bool last);
  void PutSecond(wire::Batch batch);
  void Gather();
  void Complete(wire::Batch& batch);
  void Judge(wire::Batch& batch);
  void ApplyCapture();
  void TellLosses(wire::Batch& batch);
  int64_t WallOffset() const;
  uint64_t EndClock() const;
  bool inline_mode() const { return workers_.size() == 1; }

  AgentOptions options_;
  std::unique_ptr<source::Source> source_;
  BatchSink sink_;

  entity::Registry registry_;
  entity::HostWatch watch_;
  entity::ExitLog exits_;
  Host host_;
  flow::PeerIndex peers_;
  std::vector<std::unique_ptr<Worker>> workers_;
  StageGovernor governor_;
  metric::OverflowLedger overflows_;  // the gathering thread's

  // What shards ask of the source, done by the reader between polls.
  std::mutex capture_mutex_;
  std::map<uint64_t, uint32_t> capture_wanted_;

  BoundedQueue<wire::Batch> closed_;  // seconds of shards, for the gathering thread
  std::jthread reader_;
  std::jthread gatherer_;
  uint64_t told_second_ = 0;  // the reader's: the last it told to every shard (event_time)
  std::atomic<bool> stopped_{false};
  std::atomic<bool> finished_{false};
  std::atomic<bool> source_ended_{false};
  std::atomic<size_t> workers_done_{0};
  std::atomic<Stage> stage_{Stage::kFull};
  std::atomic<uint64_t> timeout_ns_;
  std::atomic<uint64_t> event_clock_ns_{0};
  std::atomic<uint64_t> delivered_until_ns_{0};  // by the source, to the shards' queues
  std::atomic<int64_t> wall_offset_ns_{0};
  std::atomic<uint64_t> undecoded_{0};
  std::atomic<uint64_t> shard_queue_full_{0};
  std::atomic<uint64_t> batch_queue_full_{0};
  std::atomic<uint64_t> reader_cpu_us_{0};
  std::atomic<uint64_t> gather_cpu_us_{0};
  uint64_t cpu_us_told_ = 0;
  std::mutex source_losses_mutex_;
  std::vector<source::LossCounter> source_losses_;
  std::map<std::string, uint64_t, std::less<>> losses_told_;
  mutable std::mutex health_mutex_;
  wire::AgentHealth health_;
};

}  // namespace pano::agent
