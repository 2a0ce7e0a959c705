// SPDX-License-Identifier: Apache-2.0
// What capture saw, for tests to look at: a live source drained by a thread of its own. Only events
// of loopback sockets are kept, and of processes; others use the machine at the same time.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "agent/decode/decode.h"
#include "agent/source/live_source.h"

namespace pano::test {

struct Seen {
  decode::Event event;  // tuple and role are those of the socket, if it was opened before
  std::string payload;
};
using SeenList = std::vector<Seen>;

class Observer {
 public:
  explicit Observer(source::Tier tier);
  ~Observer();

  // One per tier for the whole run: loading takes a second.
  static Observer& Of(source::Tier tier);

  // Why there is nothing to observe; empty when all is well.
  const std::string& failure() const { return failure_; }
  void Clear();
  SeenList All() const;
  // Waits until `done` holds for the events of `port` (either end), and answers them. Gives up
  // after some seconds: then `done` does not hold, and the caller's expectations say what is
  // missing.
  SeenList Of(uint16_t port, const std::function<bool(const SeenList&)>& done) const;
  SeenList OfType(uint16_t port, decode::EventType type, size_t count) const;
  void SetCapture(uint64_t socket, uint32_t bytes) { source_->SetCapture(socket, bytes); }
  uint64_t Losses(const std::string& cause) const;

 private:
  void Run();
  void Keep(const source::RawRecord& record);

  std::unique_ptr<source::Source> source_;
  std::string failure_;
  mutable std::mutex mutex_;
  SeenList seen_;
  std::unordered_map<uint64_t, decode::Event> opened_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// Picks the events `keep` holds for.
SeenList Where(const SeenList& list, const std::function<bool(const decode::Event&)>& keep);

}  // namespace pano::test
