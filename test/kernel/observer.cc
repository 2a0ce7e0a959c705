// SPDX-License-Identifier: Apache-2.0
#include "observer.h"

#include <chrono>

namespace pano::test {
namespace {

using decode::Event;
using decode::EventType;

constexpr auto kPatience = std::chrono::seconds(20);

bool IsLocal(const Event& event) {
  return event.tuple.local.IsLoopback() || event.tuple.remote.IsLoopback() ||
         event.tuple.local.IsUnspecified() || event.tuple.local.ToString() == "::1";
}

}  // namespace

Observer::Observer(source::Tier tier) {
  auto opened = source::OpenLive({.tier = tier});
  if (!opened) {
    failure_ = opened.error().ToString();
    return;
  }
  source_ = std::move(*opened);
  thread_ = std::thread([this] { Run(); });
}

Observer::~Observer() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

Observer& Observer::Of(source::Tier tier) {
  static std::mutex mutex;
  static std::unordered_map<int, std::unique_ptr<Observer>> observers;
  const std::lock_guard lock(mutex);
  // Another tier's probes would see everything twice as dear, and nothing more.
  std::erase_if(observers, [tier](const auto& one) { return one.first != static_cast<int>(tier); });
  auto& slot = observers[static_cast<int>(tier)];
  if (!slot) slot = std::make_unique<Observer>(tier);
  return *slot;
}

void Observer::Run() {
  const auto sink = [this](const source::RawRecord& record) { Keep(record); };
  while (!stop_)
    if (!source_->Poll(sink, 50)) return;
}

void Observer::Keep(const source::RawRecord& record) {
  Event event;
  if (decode::Decode(record, &event) != decode::Verdict::kEvent) return;
  const std::lock_guard lock(mutex_);
  if (event.type == EventType::kOpen) {
    if (!IsLocal(event)) return;
    opened_[event.socket] = event;
  } else if (!event.has_tuple && event.socket != 0) {
    const auto at = opened_.find(event.socket);
    if (at == opened_.end()) return;
    event.tuple = at->second.tuple;
    event.has_tuple = true;
    event.role = at->second.role;
  } else if (event.has_tuple && !IsLocal(event)) {
    return;
  }
  Seen& seen = seen_.emplace_back(Seen{event, std::string(AsText(event.payload))});
  seen.event.payload = {};
}

void Observer::Clear() {
  const std::lock_guard lock(mutex_);
  seen_.clear();
}

SeenList Observer::All() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

SeenList Observer::Of(uint16_t port, const std::function<bool(const SeenList&)>& done) const {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    const SeenList list = Where(All(), [port](const Event& event) {
      return event.has_tuple && (event.tuple.local_port == port || event.tuple.remote_port == port);
    });
    if (done(list) || std::chrono::steady_clock::now() > end) return list;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

SeenList Observer::OfType(uint16_t port, EventType type, size_t count) const {
  const auto is = [type](const Event& event) { return event.type == type; };
  return Where(
      Of(port, [&is, count](const SeenList& list) { return Where(list, is).size() >= count; }), is);
}

uint64_t Observer::Losses(const std::string& cause) const {
  for (const auto& loss : source_->Losses())
    if (loss.cause == cause) return loss.count;
  return 0;
}

SeenList Where(const SeenList& list, const std::function<bool(const Event&)>& keep) {
  SeenList out;
  for (const Seen& seen : list)
    if (keep(seen.event)) out.push_back(seen);
  return out;
}

}  // namespace pano::test
