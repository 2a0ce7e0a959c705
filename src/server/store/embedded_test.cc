// SPDX-License-Identifier: Apache-2.0
// The embedded engine for real: its known traps, one test each, and what its supervisor promises.
#include "server/store/embedded.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "base/clock.h"
#include "server/store/native_block.h"
#include "server/store/store_fixture.h"

namespace pano::store {
namespace {

using std::chrono::milliseconds;

// Processes whose parent we are and whose name is the engine's.
std::vector<pid_t> EnginesOf(pid_t parent) {
  std::vector<pid_t> out;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream stat(entry.path() / "stat");
    std::string text((std::istreambuf_iterator<char>(stat)), std::istreambuf_iterator<char>());
    const size_t end = text.rfind(')');
    if (end == std::string::npos || text.find("(pano-store)") == std::string::npos) continue;
    std::istringstream rest(text.substr(end + 1));
    std::string state;
    pid_t ppid = 0;
    rest >> state >> ppid;
    if (ppid == parent && state != "Z") out.push_back(std::stoi(name));
  }
  return out;
}

class EmbeddedTest : public ::testing::Test {
 protected:
  void Open(EmbeddedOptions options) {
    auto store = OpenEmbedded(std::move(options));
    ASSERT_TRUE(store) << store.error().ToString();
    store_ = std::move(*store);
    ASSERT_TRUE(store_->Health().up) << store_->Health().last_error;
  }
  void Open() { Open(TestOptions(folder_.path(), PANO_STORE_PROBE)); }
  void Close() { store_.reset(); }

  // Waits for something that must come true; how long is the test runner's business.
  template <typename Condition>
  void Await(Condition condition) {
    while (!condition()) std::this_thread::sleep_for(milliseconds(20));
  }

  Folder folder_;
  std::unique_ptr<Store> store_;
};

std::string StringBlock(const std::vector<std::string>& values) {
  NativeColumn column("v", "String");
  for (const std::string& value : values) column.PutString(value);
  return EncodeBlock({&column, 1}, values.size());
}

TEST_F(EmbeddedTest, InsertsAndAnswers) {
  Open();
  ASSERT_TRUE(store_->Execute("CREATE TABLE t (v String) ENGINE = MergeTree ORDER BY v"));
  ASSERT_TRUE(store_->InsertNative("t", StringBlock({"a", "b"})));
  EXPECT_EQ(Ask(*store_, "SELECT groupArray(v) FROM (SELECT v FROM t ORDER BY v)"), "['a','b']");
  EXPECT_EQ(store_->Health().rows_written, 2u);
  EXPECT_TRUE(store_->Health().engine.starts_with("chdb 26.7.")) << store_->Health().engine;
}

TEST_F(EmbeddedTest, BytesThatLookLikeTheEndOfDataComeBackUnchanged) {
  Open();
  ASSERT_TRUE(store_->Execute("CREATE TABLE t (v String) ENGINE = MergeTree ORDER BY tuple()"));
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  const std::vector<std::string> values{"\n\n", std::string("\x0a\x0a\x0a\x0a", 4), all,
                                        std::string(100'000, '\n'), std::string(10, '\0')};
  ASSERT_TRUE(store_->InsertNative("t", StringBlock(values)));
  std::string expected;
  for (const std::string& value : values) {
    for (const char c : value) expected += fmt::format("{:02X}", static_cast<uint8_t>(c));
    expected += value == values.back() ? "" : "\n";
  }
  EXPECT_EQ(Ask(*store_, "SELECT hex(v) FROM t"), expected);
}

TEST_F(EmbeddedTest, ParametersKeepQuotesAndControlBytes) {
  Open();
  const std::string nasty = "it's \"quoted\" \\ back\nline\ttab; DROP TABLE t --";
  EXPECT_EQ(Ask(*store_, "SELECT {x:String}", {{"x", nasty}}), nasty);
  EXPECT_EQ(Ask(*store_, "SELECT {n:UInt32} + 1", {{"n", "41"}}), "42");
}

TEST_F(EmbeddedTest, ReopensWhatItClosed) {
  Open();
  ASSERT_TRUE(store_->Execute("CREATE TABLE t (v String) ENGINE = MergeTree ORDER BY v"));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(store_->InsertNative("t", StringBlock({"row"})));
    Close();
    EXPECT_TRUE(EnginesOf(getpid()).empty());
    Open();
  }
  EXPECT_EQ(Ask(*store_, "SELECT count() FROM t"), "3");
}

TEST_F(EmbeddedTest, OneFolderBelongsToOneProcess) {
  Open();
  const auto second = OpenEmbedded(TestOptions(folder_.path(), PANO_STORE_PROBE));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kUnavailable);
  EXPECT_NE(second.error().text.find(std::to_string(getpid())), std::string::npos);
  EXPECT_FALSE(second.error().hint.empty());
  EXPECT_EQ(Ask(*store_, "SELECT 1"), "1");
}

TEST_F(EmbeddedTest, SaysHowToGetAMissingLibrary) {
  auto options = TestOptions(folder_.path(), PANO_STORE_PROBE);
  options.library = folder_.path() + "/none.so";
  const auto store = OpenEmbedded(options);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Code::kNotFound);
  EXPECT_NE(store.error().hint.find("third_party/chdb/fetch.sh"), std::string::npos);
}

TEST_F(EmbeddedTest, RefusesALibraryWithoutInsertStreams) {
  auto options = TestOptions(folder_.path(), PANO_STORE_PROBE);
  // Any library without the function stands for an old one.
  for (const char* path : {"/lib/x86_64-linux-gnu/libm.so.6", "/lib64/libm.so.6"}) {
    if (std::filesystem::exists(path)) options.library = path;
  }
  const auto store = OpenEmbedded(options);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Code::kUnsupported);
  EXPECT_NE(store.error().text.find("chdb_stream_insert"), std::string::npos);
}

TEST_F(EmbeddedTest, ABlockSentTwiceWithItsTokenIsKeptOnce) {
  Open();
  ASSERT_TRUE(
      store_->Execute("CREATE TABLE t (v String) ENGINE = MergeTree ORDER BY v "
                      "SETTINGS non_replicated_deduplication_window = 100"));
  ASSERT_TRUE(store_->InsertNative("t", StringBlock({"x"}), "token-1"));
  ASSERT_TRUE(store_->InsertNative("t", StringBlock({"x"}), "token-1"));
  ASSERT_TRUE(store_->InsertNative("t", StringBlock({"x"}), "token-2"));
  EXPECT_EQ(Ask(*store_, "SELECT count() FROM t"), "2");
}

TEST_F(EmbeddedTest, StopsAQueryAtItsTimeLimit) {
  Open();
  const auto slow =
      store_->Query("SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1", {},
                    "TSV", {.max_seconds = 1});
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().code, Code::kTimeout);
  EXPECT_EQ(Ask(*store_,
                "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64(n%' "
                "AND query NOT LIKE '%processes%'"),
            "0");
  EXPECT_EQ(store_->Health().restarts, 0u);
}

TEST_F(EmbeddedTest, KillsAQueryThatDoesNotLookAtTheClock) {
  Open();
  // sleepEachRow looks at cancellation, not at max_execution_time with mode 'break' and a far
  // limit.
  const auto slow = store_->Query(
      "SELECT sum(sleepEachRow(0.05)) FROM numbers(100000) SETTINGS max_block_size = 10, "
      "max_execution_time = 0, function_sleep_max_microseconds_per_block = 0",
      {}, "TSV", {.max_seconds = 1, .read_only = false});
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().code, Code::kTimeout) << slow.error().text;
  EXPECT_EQ(Ask(*store_, "SELECT 1"), "1");
  EXPECT_EQ(store_->Health().restarts, 0u);
}

TEST_F(EmbeddedTest, BoundsMemoryAndRows) {
  Open();
  const auto rows =
      store_->Query("SELECT number FROM numbers(1000)", {}, "TSV", {.max_result_rows = 10});
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, Code::kExhausted);
  const auto memory =
      store_->Query("SELECT length(groupArray(toString(number))) FROM numbers(100000000)", {},
                    "TSV", {.max_memory_bytes = 50 << 20});
  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error().code, Code::kExhausted) << memory.error().text;
  EXPECT_EQ(Ask(*store_, "SELECT 1"), "1");
}

TEST_F(EmbeddedTest, ReadOnlyQueriesCannotWriteOrLiftTheirLimits) {
  Open();
  ASSERT_TRUE(store_->Execute("CREATE TABLE t (v String) ENGINE = MergeTree ORDER BY v"));
  for (const char* sql :
       {"DROP TABLE t", "INSERT INTO t VALUES ('x')", "SELECT 1 SETTINGS readonly = 0",
        "SET max_execution_time = 1000", "SELECT * FROM file('/etc/hostname', 'LineAsString')",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')"}) {
    const auto result = store_->Query(sql, {}, "TSV", {});
    ASSERT_FALSE(result) << sql;
    EXPECT_EQ(result.error().code, Code::kDenied) << sql << ": " << result.error().text;
  }
  EXPECT_EQ(Ask(*store_, "SELECT count() FROM t"), "0");
}

TEST_F(EmbeddedTest, TheServerMayForkAndExec) {
  Open();
  ASSERT_TRUE(store_->Execute("CREATE TABLE t (v String) ENGINE = MergeTree ORDER BY v"));
  for (int i = 0; i < 20; ++i) {
    const pid_t pid = fork();
    if (pid == 0) {
      execl("/bin/true", "true", nullptr);
      _exit(127);
    }
    ASSERT_TRUE(store_->InsertNative("t", StringBlock({"x"})));
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(Ask(*store_, "SELECT count() FROM t"), "20");
}

TEST_F(EmbeddedTest, AKilledEngineComesBackWithEverythingAcknowledged) {
  Open();
  ASSERT_TRUE(store_->Execute("CREATE TABLE t (v String) ENGINE = MergeTree ORDER BY v"));
  for (uint64_t i = 1; i <= 3; ++i) {
    ASSERT_TRUE(store_->InsertNative("t", StringBlock({"x"})));
    const auto engines = EnginesOf(getpid());
    ASSERT_EQ(engines.size(), 1u);
    kill(engines[0], SIGKILL);
    Await([&] { return store_->Health().restarts == i && store_->Health().up; });
    EXPECT_EQ(Ask(*store_, "SELECT count() FROM t"), std::to_string(i));
  }
}

TEST_F(EmbeddedTest, AHangingEngineIsReplaced) {
  auto options = TestOptions(folder_.path(), PANO_STORE_PROBE);
  options.ping_timeout = milliseconds(1'000);
  Open(options);
  ASSERT_TRUE(store_->Execute("CREATE TABLE t (v String) ENGINE = MergeTree ORDER BY v"));
  const auto engines = EnginesOf(getpid());
  ASSERT_EQ(engines.size(), 1u);
  kill(engines[0], SIGSTOP);
  // A block larger than the socket's buffer: the sender itself is stuck until the supervisor acts.
  const auto stuck = store_->InsertNative("t", StringBlock({std::string(8 << 20, 'x')}));
  ASSERT_FALSE(stuck);
  Await([&] { return store_->Health().restarts >= 1 && store_->Health().up; });
  ASSERT_TRUE(store_->InsertNative("t", StringBlock({"after"})));
  EXPECT_EQ(Ask(*store_, "SELECT count() FROM t"), "1");
  EXPECT_NE(EnginesOf(getpid()), engines);
}

TEST_F(EmbeddedTest, TheEngineDiesWithItsParent) {
  int pipe_fds[2];
  ASSERT_EQ(pipe(pipe_fds), 0);
  const pid_t server = fork();
  if (server == 0) {
    dup2(pipe_fds[1], 1);
    execl(PANO_STORE_PROBE, PANO_STORE_PROBE, "write", folder_.path().c_str(), nullptr);
    _exit(127);
  }
  close(pipe_fds[1]);
  char byte = 0;
  ASSERT_EQ(read(pipe_fds[0], &byte, 1), 1) << "the probe wrote nothing";
  const auto engines = EnginesOf(server);
  ASSERT_EQ(engines.size(), 1u);
  kill(server, SIGKILL);
  waitpid(server, nullptr, 0);
  close(pipe_fds[0]);
  Await([&] { return kill(engines[0], 0) != 0; });
  Open();  // the folder is free again
}

}  // namespace
}  // namespace pano::store
