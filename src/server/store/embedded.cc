// SPDX-License-Identifier: Apache-2.0
#include "server/store/embedded.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "server/store/engine.h"
#include "server/store/engine_error.h"
#include "server/store/engine_process.h"
#include "server/store/engine_protocol.h"
#include "server/store/native_block.h"

namespace pano::store {
namespace {

using std::chrono::milliseconds;
constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kTickMs = 50;
constexpr uint64_t kSizeIntervalNs = 10'000 * kMs;
constexpr uint64_t kSizeId = 1;  // internal request ids; callers' start above
constexpr uint64_t kPingId = 2;
constexpr uint64_t kFirstId = 16;
// Past its own limit plus the kill, a query that still runs means the engine hangs.
constexpr uint64_t kQueryGraceMs = 5'000;
constexpr milliseconds kFirstBackoff{100};
// A life this long was a good one: the next restart waits the shortest time again.
constexpr uint64_t kGoodLifeNs = 60'000 * kMs;

uint64_t InNs(milliseconds time) { return static_cast<uint64_t>(time.count()) * kMs; }

Result<std::string> DecodeReply(const Frame& frame) {
  FieldReader reader(frame.payload);
  const auto text = reader.Field();
  if (!text) return Fail(Code::kInternal, "malformed reply of the engine");
  if (frame.header.code == 0) return std::string(*text);
  return std::unexpected(Error{static_cast<Code>(frame.header.code - 1), std::string(*text),
                               std::string(reader.Field().value_or(""))});
}

// Calls of any thread, replies and supervision on one thread, which also starts the engine: the
// kernel ties the engine's life to the thread that started it.
class EmbeddedChdb final : public Store {
 public:
  EmbeddedChdb(EmbeddedOptions options, int lock_fd)
      : options_(std::move(options)), lock_fd_(lock_fd), wake_fd_(eventfd(0, EFD_CLOEXEC)) {
    thread_ = std::jthread([this](const std::stop_token& stop) { Supervise(stop); });
  }
  ~EmbeddedChdb() override;

  Status Execute(std::string_view sql) override;
  Result<std::string> Query(std::string_view sql, const Params& params, std::string_view format,
                            const QueryLimits& limits) override;
  Status InsertNative(std::string_view table, std::string_view block,
                      std::string_view token) override;
  StoreHealth Health() const override;
  const std::string& database() const override { return options_.database; }

  // Waits for the first start: up, or the reason why not.
  Status WaitForStart();

 private:
  struct Call {
    std::optional<Result<std::string>> reply;
    uint64_t deadline_ns = 0;
  };

  Result<std::string> Send(Op op, std::string_view payload, uint64_t timeout_ns);
  Status CheckDisk();

  // The supervisor's thread.
  void Supervise(const std::stop_token& stop);
  Status Handshake(EngineProcess& process, FrameCollector& collector, const std::stop_token& stop);
  Error LiveOnce(EngineProcess& process, FrameCollector& collector, const std::stop_token& stop);
  void Deliver(const Frame& frame);
  bool AnyOverdue();
  void SendInternal(Op op, uint64_t id);
  void FailAll(const Error& error);
  void SetDown(const Error& error);

  const EmbeddedOptions options_;
  const int lock_fd_;
  const int wake_fd_;

  mutable std::mutex mutex_;  // everything below it
  std::condition_variable changed_;
  std::map<uint64_t, std::shared_ptr<Call>> calls_;
  uint64_t next_id_ = kFirstId;
  bool up_ = false;
  std::optional<Error> start_error_;
  bool started_ = false;  // the first start came to an end, good or bad
  StoreHealth health_;

  std::mutex send_mutex_;  // one frame at a time; also guards fd_ against its end
  int fd_ = -1;

  // Supervisor's thread only.
  uint64_t last_pong_ns_ = 0;

  std::jthread thread_;
};

EmbeddedChdb::~EmbeddedChdb() {
  thread_.request_stop();
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t woken = write(wake_fd_, &one, sizeof one);
  changed_.notify_all();
  thread_.join();
  close(wake_fd_);
  close(lock_fd_);
}

Status EmbeddedChdb::WaitForStart() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, options_.start_timeout, [this] { return started_; });
  if (up_) return {};
  if (start_error_) return std::unexpected(*start_error_);
  return Fail(Code::kTimeout, "the engine did not start in time");
}

Result<std::string> EmbeddedChdb::Send(Op op, std::string_view payload, uint64_t timeout_ns) {
  const auto call = std::make_shared<Call>();
  call->deadline_ns = MonotonicNs() + timeout_ns;
  uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!up_) {
      return Fail(Code::kUnavailable, "the store's engine is down: {}",
                  health_.last_error.empty() ? "starting" : health_.last_error);
    }
    id = next_id_++;
    calls_[id] = call;
  }
  {
    const std::lock_guard lock(send_mutex_);
    const Status sent = fd_ < 0 ? Fail(Code::kUnavailable, "the store's engine went away")
                                : SendFrame(fd_, op, id, 0, payload, call->deadline_ns);
    if (!sent) {
      // Half a frame may be out: end this life of the engine.
      if (fd_ >= 0 && sent.error().code != Code::kExhausted) shutdown(fd_, SHUT_RDWR);
      const std::lock_guard calls_lock(mutex_);
      calls_.erase(id);
      return std::unexpected(sent.error());
    }
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return call->reply.has_value(); });  // the supervisor sees to it
  return std::move(*call->reply);
}

Status EmbeddedChdb::Execute(std::string_view sql) {
  PANO_TRY(Send(Op::kExecute, sql, InNs(options_.insert_timeout)));
  return {};
}

Result<std::string> EmbeddedChdb::Query(std::string_view sql, const Params& params,
                                        std::string_view format, const QueryLimits& limits) {
  // Waiting for one of the readers counts too; what is queued behind a slow query must not kill
  // the engine, so the supervisor's deadline allows for a full queue's first in line.
  const uint64_t timeout_ms = uint64_t{limits.max_seconds} * 1'000 * 2 + kQueryGraceMs;
  return Send(Op::kQuery, EncodeQuery(sql, format, limits, params), timeout_ms * kMs);
}

Status EmbeddedChdb::CheckDisk() {
  const uint64_t free = FreeDiskBytes(options_.data_dir);
  const bool full = free < options_.min_free_disk_bytes;
  const std::lock_guard lock(mutex_);
  if (!full) return {};
  health_.disk_full = true;
  return std::unexpected(
      Error{Code::kExhausted,
            fmt::format("No space left on device: {} MiB free at {}, {} MiB are kept back",
                        free >> 20, options_.data_dir, options_.min_free_disk_bytes >> 20),
            "free disk space; writing goes on by itself"});
}

Status EmbeddedChdb::InsertNative(std::string_view table, std::string_view block,
                                  std::string_view token) {
  PANO_TRY(CheckDisk());
  std::string payload;
  payload.reserve(block.size() + table.size() + token.size() + 24);
  PutField(payload, table);
  PutField(payload, token);
  PutField(payload, block);
  const Result<std::string> reply = Send(Op::kInsert, payload, InNs(options_.insert_timeout));
  const std::lock_guard lock(mutex_);
  if (!reply) {
    // While it is down, why it went down is the thing to know.
    if (up_) health_.last_error = reply.error().text;
    if (IsDiskFull(reply.error())) health_.disk_full = true;
    return std::unexpected(reply.error());
  }
  health_.disk_full = false;
  health_.rows_written += BlockRows(block);
  return {};
}

StoreHealth EmbeddedChdb::Health() const {
  const std::lock_guard lock(mutex_);
  StoreHealth health = health_;
  health.up = up_;
  return health;
}

void EmbeddedChdb::FailAll(const Error& error) {
  const uint64_t now = MonotonicNs();
  const std::lock_guard lock(mutex_);
  for (auto& [id, call] : calls_) {
    call->reply = std::unexpected(error);
    if (call->deadline_ns <= now) (*call->reply).error().code = Code::kTimeout;
  }
  calls_.clear();
  changed_.notify_all();
}

void EmbeddedChdb::SetDown(const Error& error) {
  {
    const std::lock_guard lock(send_mutex_);
    fd_ = -1;
  }
  {
    const std::lock_guard lock(mutex_);
    up_ = false;
    started_ = true;
    start_error_ = error;
    health_.last_error = error.text;
  }
  FailAll(error);
}

void EmbeddedChdb::Deliver(const Frame& frame) {
  if (frame.header.op != Op::kReply) return;
  if (frame.header.id == kPingId) {
    last_pong_ns_ = MonotonicNs();
    return;
  }
  Result<std::string> reply = DecodeReply(frame);
  const std::lock_guard lock(mutex_);
  if (frame.header.id == kSizeId) {
    if (reply) health_.bytes_on_disk = std::strtoull(reply->c_str(), nullptr, 10);
    return;
  }
  const auto at = calls_.find(frame.header.id);
  if (at == calls_.end()) return;
  at->second->reply = std::move(reply);
  calls_.erase(at);
  changed_.notify_all();
}

bool EmbeddedChdb::AnyOverdue() {
  const uint64_t now = MonotonicNs();
  const std::lock_guard lock(mutex_);
  return std::any_of(calls_.begin(), calls_.end(),
                     [now](const auto& entry) { return entry.second->deadline_ns <= now; });
}

// Never waits: while another thread is stuck sending, the missing answer to the last ping tells.
void EmbeddedChdb::SendInternal(Op op, uint64_t id) {
  const std::unique_lock lock(send_mutex_, std::try_to_lock);
  if (!lock.owns_lock() || fd_ < 0) return;
  pollfd poll_fd{.fd = fd_, .events = POLLOUT, .revents = 0};
  if (poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLOUT) != 0) {
    if (!SendFrame(fd_, op, id, 0, {}, MonotonicNs() + 100 * kMs)) shutdown(fd_, SHUT_RDWR);
  }
}

Status EmbeddedChdb::Handshake(EngineProcess& process, FrameCollector& collector,
                               const std::stop_token& stop) {
  const uint64_t deadline = MonotonicNs() + InNs(options_.start_timeout);
  while (MonotonicNs() < deadline && !stop.stop_requested()) {
    pollfd poll_fd{.fd = process.fd(), .events = POLLIN, .revents = 0};
    if (poll(&poll_fd, 1, kTickMs) != 1) continue;
    const bool alive = collector.ReadFrom(process.fd());
    if (const auto frame = collector.Next()) {
      PANO_ASSIGN(const std::string version, DecodeReply(*frame));
      const std::lock_guard lock(mutex_);
      health_.engine = "chdb " + version;
      return {};
    }
    if (!alive) {
      process.WaitFor(1'000);
      return Fail(Code::kUnavailable, "the engine ended while starting");
    }
  }
  return Fail(Code::kTimeout, "the engine did not start in {} s",
              options_.start_timeout.count() / 1'000);
}

// Serves one engine process until it ends, hangs or is to stop; says why.
Error EmbeddedChdb::LiveOnce(EngineProcess& process, FrameCollector& collector,
                             const std::stop_token& stop) {
  uint64_t next_ping = 0;
  uint64_t next_size = 0;
  last_pong_ns_ = MonotonicNs();
  while (!stop.stop_requested()) {
    pollfd poll_fd{.fd = process.fd(), .events = POLLIN, .revents = 0};
    if (poll(&poll_fd, 1, kTickMs) == 1) {
      const bool alive = collector.ReadFrom(process.fd());
      while (const auto frame = collector.Next()) Deliver(*frame);
      if (!alive) {
        process.WaitFor(1'000);
        return {Code::kUnavailable, "the engine process ended", {}};
      }
    }
    const uint64_t now = MonotonicNs();
    if (now - last_pong_ns_ > InNs(options_.ping_timeout)) {
      return {Code::kUnavailable, "the engine hangs: it does not answer", {}};
    }
    if (AnyOverdue()) return {Code::kUnavailable, "the engine hangs: a statement never ends", {}};
    if (now >= next_ping) {
      SendInternal(Op::kPing, kPingId);
      next_ping = now + InNs(options_.ping_timeout) / 5;
    }
    if (now >= next_size) {
      SendInternal(Op::kSize, kSizeId);
      next_size = now + kSizeIntervalNs;
    }
  }
  SendInternal(Op::kStop, 0);
  process.WaitFor(5'000);
  return {Code::kUnavailable, "the store is closed", {}};
}

void EmbeddedChdb::Supervise(const std::stop_token& stop) {
  milliseconds backoff = kFirstBackoff;
  bool first = true;
  while (!stop.stop_requested()) {
    const uint64_t born = MonotonicNs();
    if (!std::exchange(first, false)) {
      const std::lock_guard lock(mutex_);
      ++health_.restarts;
    }
    EngineArguments arguments;
    arguments.data_dir = options_.data_dir;
    arguments.library = options_.library;
    arguments.database = options_.database;
    arguments.max_memory_bytes = options_.max_memory_bytes;
    arguments.max_threads = options_.max_threads;
    auto process = EngineProcess::Start(options_.engine_command, std::move(arguments));
    Error why;
    if (!process) {
      why = process.error();
    } else {
      FrameCollector collector;
      if (const Status up = Handshake(*process, collector, stop); !up) {
        why = up.error();
      } else {
        {
          const std::lock_guard lock(send_mutex_);
          fd_ = process->fd();
        }
        {
          const std::lock_guard lock(mutex_);
          up_ = started_ = true;
          health_.last_error.clear();
        }
        changed_.notify_all();
        why = LiveOnce(*process, collector, stop);
        shutdown(process->fd(), SHUT_RDWR);  // whoever is stuck sending to it wakes up
      }
    }
    SetDown(why);
    if (stop.stop_requested()) return;
    if (MonotonicNs() - born > kGoodLifeNs) backoff = kFirstBackoff;
    Log(LogLevel::kWarn, "store", "{}; starting it again in {} ms", why.text, backoff.count());
    pollfd wake{.fd = wake_fd_, .events = POLLIN, .revents = 0};
    poll(&wake, 1, static_cast<int>(backoff.count()));
    backoff = std::min(backoff * 2, options_.max_backoff);
  }
}

}  // namespace

Result<std::unique_ptr<Store>> OpenEmbedded(EmbeddedOptions options) {
  PANO_ASSIGN(options.library, FindChdbLibrary(options.library));
  if (options.engine_command.empty()) {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return Fail(Code::kInternal, "/proc/self/exe: {}", error.message());
    options.engine_command = {self.string(), kEngineCommand};
  }
  PANO_ASSIGN(const int lock_fd, LockDataFolder(options.data_dir));
  auto store = std::make_unique<EmbeddedChdb>(std::move(options), lock_fd);
  if (const Status started = store->WaitForStart(); !started) {
    // What trying again cannot cure is the caller's to know; the rest the supervisor retries.
    if (started.error().code == Code::kUnsupported) return std::unexpected(started.error());
    Log(LogLevel::kWarn, "store", "{}", started.error().text);
  }
  return store;
}

}  // namespace pano::store
