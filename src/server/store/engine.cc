// SPDX-License-Identifier: Apache-2.0
#include "server/store/engine.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <tuple>
#include <utility>

#include "base/clock.h"
#include "base/queue.h"
#include "server/store/chdb_library.h"
#include "server/store/ddl.h"
#include "server/store/engine_arguments.h"
#include "server/store/engine_protocol.h"

namespace pano::store {
namespace {

constexpr size_t kReaders = 2;
constexpr size_t kQueued = 64;
constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kReplyTimeout = 60 * kSecond;
constexpr uint64_t kKillAfter = kSecond / 2;  // past its limit, when the engine did not stop itself

class Engine {
 public:
  Engine(EngineArguments arguments, ChdbLibrary library)
      : arguments_(std::move(arguments)), library_(std::move(library)) {}

  Status Open();
  int Serve();
  std::string version() const { return library_.version(); }
  void Reply(uint64_t id, const Result<std::string>& result);

 private:
  Result<ChdbSession> Connect();
  Status SmokeTest(ChdbSession& session);
  // Dispatch runs on the main thread and never waits for the engine.
  bool Dispatch(Frame frame);
  void Enqueue(BoundedQueue<Frame>& queue, Frame frame);
  // Each of these is one thread's loop.
  void Write();
  void Read();
  void KillOverdue(const std::stop_token& stop);

  Result<std::string> Execute(ChdbSession& session, const std::string& sql);
  Result<std::string> Insert(ChdbSession& session, const Frame& frame);
  Result<std::string> RunQuery(const Frame& frame);

  const EngineArguments arguments_;
  ChdbLibrary library_;
  std::optional<ChdbSession> writer_;
  std::optional<ChdbSession> control_;
  BoundedQueue<Frame> writes_{kQueued};
  BoundedQueue<Frame> reads_{kQueued};
  std::mutex reply_mutex_;
  std::mutex running_mutex_;
  std::map<uint64_t, uint64_t> running_;  // query id -> when to kill it, monotonic ns
};

Result<ChdbSession> Engine::Connect() {
  const EngineArguments& a = arguments_;
  return library_.Connect(
      a.data_dir + "/chdb",
      {fmt::format("--max_server_memory_usage={}", a.max_memory_bytes),
       fmt::format("--mark_cache_size={}", std::min<uint64_t>(a.max_memory_bytes / 8, 128u << 20)),
       fmt::format("--max_threads={}", a.max_threads), "--background_pool_size=2"});
}

// The insert stream must carry what once broke inserts, before anything is trusted to it.
Status Engine::SmokeTest(ChdbSession& session) {
  constexpr std::string_view kBytes("a\n\n\x0a\x0a\0z", 7);
  std::string block{"\x01\x01\x01v\x06String", 11};
  block += static_cast<char>(kBytes.size());
  block += kBytes;
  const auto run = [&](std::string_view sql) { return session.Query(sql, "TSV"); };
  PANO_TRY(run("DROP TABLE IF EXISTS smoke"));
  PANO_TRY(run("CREATE TABLE smoke (v String) ENGINE = Memory"));
  PANO_TRY(session.Insert("INSERT INTO smoke", "Native", block));
  PANO_ASSIGN(const std::string back, run("SELECT hex(v) FROM smoke"));
  PANO_TRY(run("DROP TABLE smoke"));
  if (back != "610A0A0A0A007A\n") {
    return Fail(Code::kInternal, "the engine does not give back what was inserted: {}", back);
  }
  return {};
}

Status Engine::Open() {
  PANO_ASSIGN(ChdbSession writer, Connect());
  writer_.emplace(std::move(writer));
  const std::string name = QuoteName(arguments_.database);
  PANO_TRY(writer_->Query("CREATE DATABASE IF NOT EXISTS " + name, "TSV"));
  PANO_TRY(writer_->Query("USE " + name, "TSV"));
  // Asynchronous inserts acknowledge before anything is written; tokens make resent blocks
  // harmless, in the roll-ups too.
  PANO_TRY(
      writer_->Query("SET async_insert = 0, insert_deduplicate = 1, "
                     "deduplicate_blocks_in_dependent_materialized_views = 1",
                     "TSV"));
  PANO_TRY(SmokeTest(*writer_));
  PANO_ASSIGN(ChdbSession control, Connect());
  control_.emplace(std::move(control));
  return {};
}

void Engine::Reply(uint64_t id, const Result<std::string>& result) {
  std::string payload;
  uint32_t code = 0;
  if (result) {
    PutField(payload, *result);
  } else {
    code = 1 + static_cast<uint32_t>(result.error().code);
    PutField(payload, result.error().text);
    PutField(payload, result.error().hint);
  }
  const std::lock_guard lock(reply_mutex_);
  // Half a frame cannot be taken back: without a parent that reads there is nothing to live for.
  if (!SendFrame(arguments_.fd, Op::kReply, id, code, payload, MonotonicNs() + kReplyTimeout)) {
    _exit(1);
  }
}

Result<std::string> Engine::Execute(ChdbSession& session, const std::string& sql) {
  return session.Query(sql, "TSV");
}

Result<std::string> Engine::Insert(ChdbSession& session, const Frame& frame) {
  FieldReader reader(frame.payload);
  const auto table = reader.Field();
  const auto token = reader.Field();
  const auto block = reader.Field();
  if (!table || !token || !block) return Fail(Code::kInvalid, "malformed insert");
  std::string statement = "INSERT INTO " + QuoteName(*table);
  if (!token->empty()) statement += " SETTINGS insert_deduplication_token = " + Quote(*token);
  PANO_TRY(session.Insert(statement, "Native", *block));
  return std::string();
}

// A session per query: settings, USE and temporary tables of one cannot reach the next, and the
// engine forgets a timed-out query only when its session ends. Opening one takes 0.1 ms.
Result<std::string> Engine::RunQuery(const Frame& frame) {
  const auto request = DecodeQuery(frame.payload);
  if (!request) return Fail(Code::kInvalid, "malformed query");
  const QueryLimits& limits = request->limits;
  PANO_ASSIGN(ChdbSession session, Connect());
  PANO_TRY(session.Query("USE " + QuoteName(arguments_.database), "TSV"));
  PANO_TRY(session.Query(
      fmt::format("SET max_execution_time = {}, max_memory_usage = {}, max_result_rows = {}, "
                  "max_result_bytes = {}, result_overflow_mode = 'throw', max_threads = {}, "
                  "max_bytes_before_external_group_by = {}, "
                  "output_format_json_quote_64bit_integers = 0{}",
                  limits.max_seconds, limits.max_memory_bytes, limits.max_result_rows,
                  kMaxFrame / 2, arguments_.max_threads, limits.max_memory_bytes / 2,
                  limits.read_only ? ", readonly = 1" : ""),
      "TSV"));
  const std::string marked = fmt::format("/*pano:{}*/ {}", frame.header.id, request->sql);
  {
    const std::lock_guard lock(running_mutex_);
    running_[frame.header.id] = MonotonicNs() + limits.max_seconds * kSecond + kKillAfter;
  }
  Result<std::string> result = session.Query(marked, request->format.c_str(), request->params);
  const std::lock_guard lock(running_mutex_);
  running_.erase(frame.header.id);
  return result;
}

void Engine::Write() {
  while (!writes_.closed()) {
    const auto frame = writes_.Pop(std::chrono::seconds(1));
    if (!frame) continue;
    if (frame->header.op == Op::kInsert) {
      Reply(frame->header.id, Insert(*writer_, *frame));
    } else {
      Reply(frame->header.id, Execute(*writer_, frame->payload));
    }
  }
}

void Engine::Read() {
  while (!reads_.closed()) {
    const auto frame = reads_.Pop(std::chrono::seconds(1));
    if (!frame) continue;
    Reply(frame->header.id, RunQuery(*frame));
  }
}

// The engine stops queries at max_execution_time by itself, except where it does not look at the
// clock; those are killed from a session of their own. ASYNC: the other form waits for the victim.
void Engine::KillOverdue(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    std::vector<uint64_t> overdue;
    {
      const std::lock_guard lock(running_mutex_);
      for (auto& [id, deadline] : running_) {
        if (MonotonicNs() < deadline) continue;
        overdue.push_back(id);
        deadline = MonotonicNs() + kSecond;
      }
    }
    for (const uint64_t id : overdue) {
      std::ignore = control_->Query(
          fmt::format("KILL QUERY WHERE startsWith(query, '/*pano:{}*/') ASYNC", id), "TSV");
    }
  }
}

void Engine::Enqueue(BoundedQueue<Frame>& queue, Frame frame) {
  const uint64_t id = frame.header.id;
  if (!queue.Push(std::move(frame))) {
    Reply(id, Fail(Code::kExhausted, "more than {} statements are waiting", kQueued));
  }
}

bool Engine::Dispatch(Frame frame) {
  switch (frame.header.op) {
    case Op::kPing:
      Reply(frame.header.id, std::string());
      return true;
    case Op::kStop:
      return false;
    case Op::kExecute:
    case Op::kInsert:
      Enqueue(writes_, std::move(frame));
      return true;
    case Op::kSize:
      frame.payload = EncodeQuery("SELECT toString(sum(bytes_on_disk)) FROM system.parts", "TSV",
                                  {.max_seconds = 5}, {});
      [[fallthrough]];
    case Op::kQuery:
      Enqueue(reads_, std::move(frame));
      return true;
    case Op::kHello:
    case Op::kReply:
      break;
  }
  Reply(frame.header.id, Fail(Code::kInvalid, "unknown request"));
  return true;
}

int Engine::Serve() {
  std::vector<std::jthread> threads;
  threads.emplace_back([this] { Write(); });
  for (size_t i = 0; i < kReaders; ++i) threads.emplace_back([this] { Read(); });
  threads.emplace_back([this](const std::stop_token& stop) { KillOverdue(stop); });

  FrameCollector collector;
  bool stopping = false;
  while (!stopping) {
    pollfd poll_fd{.fd = arguments_.fd, .events = POLLIN, .revents = 0};
    if (poll(&poll_fd, 1, -1) < 0 && errno != EINTR) break;
    // Without its parent nobody waits for answers: what was acknowledged is on disk.
    if (!collector.ReadFrom(arguments_.fd)) _exit(0);
    while (!stopping) {
      auto frame = collector.Next();
      if (!frame) break;
      stopping = !Dispatch(std::move(*frame));
    }
  }
  writes_.Close();
  reads_.Close();
  for (std::jthread& thread : threads) {
    thread.request_stop();
    thread.join();
  }
  control_.reset();
  writer_.reset();
  library_.Shutdown();
  return 0;
}

// The parent of a killed server may be gone before its engine is: wait for the folder.
Result<int> LockFolder(const std::string& data_dir) {
  const std::string path = data_dir + "/engine.lock";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Fail(Code::kUnavailable, "{}: {}", path, ErrnoText(errno));
  for (int tries = 0; tries < 100; ++tries) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  close(fd);
  return Fail(Code::kUnavailable, "{} is locked by another engine process", data_dir);
}

void BecomeEngine(const EngineArguments& arguments) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != arguments.parent) _exit(0);  // it died before the line above
  prctl(PR_SET_NAME, "pano-store");
  // Ctrl-C in a terminal reaches the whole group, a service's end every process of its control
  // group; the parent ends us when it has written what it holds.
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  // When memory runs out, history goes before capture and live map do.
  const int oom = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (oom >= 0) {
    [[maybe_unused]] const ssize_t written = write(oom, "500", 3);  // best effort
    close(oom);
  }
}

int Refuse(int fd, const Error& error) {
  std::string payload;
  PutField(payload, error.text);
  PutField(payload, error.hint);
  std::ignore = SendFrame(fd, Op::kHello, 0, 1 + static_cast<uint32_t>(error.code), payload,
                          MonotonicNs() + kSecond);
  return 1;
}

}  // namespace

int RunStoreEngine(int argc, char** argv) {
  const auto arguments = EngineArguments::Parse(argc, argv);
  if (!arguments) {
    fmt::print(stderr, "{}\n", arguments.error().text);
    return 2;
  }
  BecomeEngine(*arguments);
  const int fd = arguments->fd;
  const Result<int> lock = LockFolder(arguments->data_dir);
  if (!lock) return Refuse(fd, lock.error());
  auto library = ChdbLibrary::Load(arguments->library);
  if (!library) return Refuse(fd, library.error());
  Engine engine(*arguments, std::move(*library));
  if (const Status opened = engine.Open(); !opened) return Refuse(fd, opened.error());
  std::string payload;
  PutField(payload, engine.version());
  if (!SendFrame(fd, Op::kHello, 0, 0, payload, MonotonicNs() + kSecond)) return 1;
  return engine.Serve();
}

}  // namespace pano::store
