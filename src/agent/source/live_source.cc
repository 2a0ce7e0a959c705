// SPDX-License-Identifier: Apache-2.0
#ifdef PANO_HAVE_BPF

#include "agent/source/live_source.h"

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "agent/source/datagram_book.h"
#include "agent/source/kernel_object.h"
#include "agent/source/merge.h"
#include "agent/source/peer_resolver.h"
#include "agent/source/probe_table.h"
#include "agent/source/role_book.h"
#include "agent/source/walk_schedule.h"
#include "base/clock.h"
#include "base/log.h"
#include "bpf/abi/record.h"

namespace pano::source {
namespace {

// A record's time is that of what it tells, a little before it is written: records younger than
// this wait for the next drain. What is sent over loopback is delivered in between.
constexpr uint64_t kHoldBackNs = 500'000;
// Time between two drains. The kernel wakes us when a quarter of a ring is waiting.
constexpr uint64_t kIdleNs = 10'000'000;
constexpr uint64_t kCalmNs = 5'000'000;
constexpr uint64_t kBusyNs = 1'000'000;
constexpr double kBusyFullness = 0.1;

template <typename T>
bool ReadAs(Bytes bytes, T* out) {
  if (bytes.size() < sizeof(T)) return false;
  std::memcpy(out, bytes.data(), sizeof(T));
  return true;
}

template <typename T>
Bytes BytesOf(const T& record) {
  return {reinterpret_cast<const std::byte*>(&record), sizeof(record)};
}

// Bytes of one record a walk wrote: its type tells its size. 0: not one a walk writes.
size_t WalkRecordBytes(uint16_t type) {
  switch (type) {
    case PANO_OPEN:
      return sizeof(pano_open);
    case PANO_STATS:
      return sizeof(pano_closed);
    case PANO_ACCEPT_QUEUE:
      return sizeof(pano_accept_queue);
    default:
      return 0;
  }
}

class OwnedFd {
 public:
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  ~OwnedFd() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// Threads: one calls Poll; SetCapture and Losses may be called from others.
class LiveSource final : public Source {
 public:
  LiveSource(std::unique_ptr<KernelObject> kernel, std::vector<Ring> rings, Tier tier,
             const LiveOptions& options)
      : kernel_(std::move(kernel)),
        merge_(std::move(rings)),
        tier_(tier),
        options_(options),
        schedule_(options.walk_interval_ns) {
    for (const int fd : kernel_->ring_fds()) {
      epoll_event event{.events = EPOLLIN | EPOLLET, .data = {}};
      epoll_ctl(alarms_.get(), EPOLL_CTL_ADD, fd, &event);
    }
  }

  Result<uint64_t> Poll(const RecordSink& sink, int timeout_ms) override;
  uint64_t delivered_until_ns() const override { return delivered_until_ns_; }
  void SetCapture(uint64_t socket, uint32_t capture_bytes) override;
  std::string tier() const override { return std::string(Name(tier_)); }
  std::vector<LossCounter> Losses() const override;

 private:
  void Wait(uint64_t until_ns);
  uint64_t Drain(const RecordSink& sink);
  uint64_t RunWalk(const RecordSink& sink, bool seed);
  void Stamp(std::span<std::byte> records) const;
  // Passes one record on, after what user space adds to it.
  void Forward(const RawRecord& record, const RecordSink& sink);
  void ForwardOpen(const RawRecord& record, const RecordSink& sink);

  std::unique_ptr<KernelObject> kernel_;
  Merge merge_;
  RoleBook roles_;
  PeerResolver peers_;
  DatagramBook datagrams_;
  const Tier tier_;
  const LiveOptions options_;
  const OwnedFd alarms_{epoll_create1(EPOLL_CLOEXEC)};
  uint64_t interval_ns_ = kCalmNs;
  uint64_t next_drain_ns_ = 0;
  WalkSchedule schedule_;
  uint64_t next_walk_ns_ = 0;
  uint64_t delivered_until_ns_ = 0;
  uint64_t next_expiry_ns_ = 0;
  bool seeded_ = false;
  std::atomic<uint64_t> unresolved_peers_{0};
  std::atomic<uint64_t> malformed_{0};
  std::atomic<uint64_t> failed_walks_{0};
  std::atomic<uint64_t> failed_captures_{0};
};

void LiveSource::Wait(uint64_t until_ns) {
  const uint64_t now = MonotonicNs();
  if (now >= until_ns) return;
  const uint64_t rest = until_ns - now;
  const timespec time{static_cast<time_t>(rest / 1'000'000'000),
                      static_cast<long>(rest % 1'000'000'000)};
  // Edge-triggered: records that wait do not end the pause, an alarm from the kernel side does.
  pollfd alarms{.fd = alarms_.get(), .events = POLLIN, .revents = 0};
  epoll_event alarm{};
  // epoll_pwait2 would do both, from kernel 5.11 on.
  if (ppoll(&alarms, 1, &time, nullptr) > 0) epoll_wait(alarms_.get(), &alarm, 1, 0);
}

void LiveSource::ForwardOpen(const RawRecord& record, const RecordSink& sink) {
  pano_open open;
  if (!ReadAs(record.bytes, &open)) return;
  constexpr uint8_t kUdp = 17;
  if (open.tuple.l4_protocol == kUdp) datagrams_.Opened(open.header.socket);
  open.tuple.role = roles_.RoleOf(open.tuple);
  sink(RawRecord{BytesOf(open)});
}

void LiveSource::Forward(const RawRecord& record, const RecordSink& sink) {
  pano_header header;
  if (!ReadAs(record.bytes, &header)) {
    malformed_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (peers_.Take(record, header, sink)) return;
  if (header.type == PANO_OPEN) return ForwardOpen(record, sink);
  if (header.type == PANO_CLOSED) roles_.Closed(header.socket);
  if (pano_accept_queue queue; header.type == PANO_ACCEPT_QUEUE && ReadAs(record.bytes, &queue))
    roles_.Listens(header.socket, queue.tuple);
  sink(record);
}

uint64_t LiveSource::Drain(const RecordSink& sink) {
  const uint64_t now = MonotonicNs();
  const RecordSink forward = [this, &sink](const RawRecord& record) { Forward(record, sink); };
  const uint64_t count = merge_.Drain(forward, now - kHoldBackNs);
  delivered_until_ns_ = now - kHoldBackNs;
  if (peers_.waiting() != 0 || now >= next_expiry_ns_) {
    peers_.Expire(now, sink);
    next_expiry_ns_ = now + options_.walk_interval_ns;
  }
  unresolved_peers_.store(peers_.unresolved(), std::memory_order_relaxed);
  interval_ns_ = merge_.fullness() >= kBusyFullness ? kBusyNs : count != 0 ? kCalmNs : kIdleNs;
  return count;
}

// Gives the records of a walk the times the schedule says.
void LiveSource::Stamp(std::span<std::byte> records) const {
  pano_header header;
  while (ReadAs(records, &header)) {
    const size_t bytes = WalkRecordBytes(header.type);
    if (bytes == 0 || bytes > records.size()) return;
    header.time_ns = schedule_.Stamp(header.time_ns);
    std::memcpy(records.data(), &header, sizeof(header));
    records = records.subspan(bytes);
  }
}

uint64_t LiveSource::RunWalk(const RecordSink& sink, bool seed) {
  Result<std::vector<std::byte>> written = seed ? kernel_->Seed() : kernel_->WalkSockets();
  if (!written) {
    failed_walks_.fetch_add(1, std::memory_order_relaxed);
    return 0;
  }
  if (!seed) Stamp(*written);
  // Listeners first: they tell the roles of the others.
  uint64_t count = 0;
  for (const bool listeners : {true, false}) {
    Bytes rest(*written);
    pano_header header;
    while (ReadAs(rest, &header)) {
      const size_t bytes = WalkRecordBytes(header.type);
      if (bytes == 0 || bytes > rest.size()) {
        malformed_.fetch_add(1, std::memory_order_relaxed);
        break;
      }
      const Bytes record = rest.first(bytes);
      rest = rest.subspan(bytes);
      if (listeners != (header.type == PANO_ACCEPT_QUEUE)) continue;
      pano_closed stats;
      constexpr uint8_t kUdp = 17;
      if (header.type == PANO_STATS && ReadAs(record, &stats) && stats.l4_protocol == kUdp &&
          !datagrams_.Met(stats))
        continue;
      Forward(RawRecord{record}, sink);
      ++count;
    }
  }
  if (seed) return count;
  for (const pano_closed& gone : datagrams_.EndWalk(MonotonicNs())) {
    sink(RawRecord{BytesOf(gone)});
    ++count;
  }
  return count;
}

Result<uint64_t> LiveSource::Poll(const RecordSink& sink, int timeout_ms) {
  const uint64_t deadline =
      MonotonicNs() + static_cast<uint64_t>(std::max(timeout_ms, 0)) * 1'000'000;
  for (;;) {
    uint64_t count = 0;
    if (!seeded_) {
      seeded_ = true;
      count += RunWalk(sink, true);
      next_walk_ns_ = schedule_.Plan(MonotonicNs(), WallOffsetNs());
    }
    Wait(std::min({next_drain_ns_, next_walk_ns_, deadline}));
    count += Drain(sink);
    const uint64_t now = MonotonicNs();
    next_drain_ns_ = now + interval_ns_;
    if (now >= next_walk_ns_) {
      count += RunWalk(sink, false);
      next_walk_ns_ = schedule_.Plan(MonotonicNs(), WallOffsetNs());
    }
    if (count != 0 || now >= deadline) return count;
  }
}

void LiveSource::SetCapture(uint64_t socket, uint32_t capture_bytes) {
  if (!kernel_->SetCapture(socket, capture_bytes))
    failed_captures_.fetch_add(1, std::memory_order_relaxed);
}

std::vector<LossCounter> LiveSource::Losses() const {
  std::vector<LossCounter> out = kernel_->Losses();
  out.push_back({"udp_peer_unresolved", unresolved_peers_.load(std::memory_order_relaxed)});
  out.push_back({"malformed_record", malformed_.load(std::memory_order_relaxed)});
  out.push_back({"failed_walk", failed_walks_.load(std::memory_order_relaxed)});
  out.push_back({"failed_set_capture", failed_captures_.load(std::memory_order_relaxed)});
  return out;
}

}  // namespace

Result<std::unique_ptr<Source>> OpenLive(const LiveOptions& options,
                                         std::vector<Capability>* report) {
  if (options.tier == Tier::kNone)
    return std::unexpected(Error{Code::kUnsupported, "capture is switched off (tier none)",
                                 "nothing new is observed; without --tier the best one is chosen"});
  std::vector<Tier> ladder{options.tier};
  if (options.tier == Tier::kAuto) ladder = {Tier::kSockLength, Tier::kSysExit};
  std::string why;
  for (const Tier tier : ladder) {
    auto kernel = KernelObject::Load(options, tier, report);
    if (!kernel) {
      why += (why.empty() ? "" : "; ") + kernel.error().text;
      continue;
    }
    PANO_ASSIGN(auto rings, (*kernel)->MapRings());
    return std::make_unique<LiveSource>(std::move(*kernel), std::move(rings), tier, options);
  }
  return std::unexpected(Error{Code::kUnsupported,
                               "this kernel or these rights allow no capture: " + why,
                               "run as root on a kernel with BTF (/sys/kernel/btf/vmlinux), 5.8 or "
                               "newer; `panoscope doctor` lists what is missing"});
}

std::vector<Capability> ProbeCapabilities() {
  std::vector<Capability> report;
  for (const Tier tier : {Tier::kSockLength, Tier::kSysExit}) {
    std::vector<Capability> found;
    const auto loaded = KernelObject::Load(LiveOptions{}, tier, &found);
    report.push_back({fmt::format("tier {}", Name(tier)), loaded.has_value(),
                      loaded ? std::string() : loaded.error().text,
                      "requests and responses as this tier sees them"});
    for (Capability& one : found) {
      const bool known = std::any_of(report.begin(), report.end(), [&one](const Capability& other) {
        return other.name == one.name && other.available == one.available;
      });
      if (!known) report.push_back(std::move(one));
    }
  }
  return report;
}

}  // namespace pano::source

#endif  // PANO_HAVE_BPF
