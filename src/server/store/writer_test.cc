// SPDX-License-Identifier: Apache-2.0
// What the writer promises when things go wrong: kill -9 of the server and of the engine, a full
// disk, an engine that stays away; and that the schema follows the binary.
#include "server/store/writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <random>
#include <thread>

#include "base/clock.h"
#include "server/store/migrate.h"
#include "server/store/store_fixture.h"

namespace pano::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

uint64_t Now() { return WallNs() / 1'000'000'000; }

std::shared_ptr<tag::TaggedBatch> MakeBatch(uint64_t second, uint32_t edges) {
  auto batch = std::make_shared<tag::TaggedBatch>();
  batch->second = second;
  for (uint32_t i = 0; i < edges; ++i) {
    tag::EdgeRow row;
    row.edge = {.client_service = 1, .server_service = i + 2, .server_port = 80};
    row.values[static_cast<size_t>(schema::EdgeMetric::kRequest)] = 1;
    row.rrt.Add(1'000 + i);
    batch->edges.push_back(std::move(row));
  }
  return batch;
}

class WriterTest : public ::testing::Test {
 protected:
  void Open(EmbeddedOptions options) {
    auto store = OpenEmbedded(std::move(options));
    ASSERT_TRUE(store) << store.error().ToString();
    store_ = std::move(*store);
  }
  void Open() { Open(TestOptions(folder_.path(), PANO_STORE_PROBE)); }

  template <typename Condition>
  void Await(Condition condition) {
    while (!condition()) std::this_thread::sleep_for(milliseconds(20));
  }

  // Every block whole, nothing acknowledged missing, and the roll-up adds up.
  void CheckWhole(uint64_t acknowledged, uint32_t edges) {
    EXPECT_EQ(Ask(*store_,
                  "SELECT count() FROM (SELECT time, count() AS c FROM edge GROUP BY time "
                  "HAVING c != " +
                      std::to_string(edges) + ")"),
              "0");
    EXPECT_GE(std::stoull(Ask(*store_, "SELECT uniqExact(time) FROM edge")), acknowledged);
    EXPECT_EQ(Ask(*store_, "SELECT sum(request), sum(arraySum(rrt.count)), count() FROM edge"),
              Ask(*store_,
                  "SELECT sum(request), arraySum(tupleElement(sumMap(rrt), 2)), "
                  "sum(seconds) FROM edge_1m"));
  }

  Folder folder_;
  std::unique_ptr<Store> store_;
};

// One life of the probe: killed after a random while; the last second it said was acknowledged.
int64_t LifeOfServer(const std::string& folder, milliseconds life) {
  int pipe_fds[2];
  if (pipe(pipe_fds) != 0) return -2;
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(pipe_fds[1], 1);
    execl(PANO_STORE_PROBE, PANO_STORE_PROBE, "write", folder.c_str(), nullptr);
    _exit(127);
  }
  close(pipe_fds[1]);
  // The clock starts with its first acknowledgement: a life always has one.
  std::string text(1, '\0');
  if (read(pipe_fds[0], text.data(), 1) != 1) text.clear();
  std::this_thread::sleep_for(life);
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  std::array<char, 4096> buffer{};
  for (ssize_t got = 0; (got = read(pipe_fds[0], buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<size_t>(got));
  }
  close(pipe_fds[0]);
  const size_t end = text.rfind('\n');
  if (end == std::string::npos) return -1;
  const size_t begin = text.rfind('\n', end - 1);
  return std::stoll(text.substr(begin == std::string::npos ? 0 : begin + 1));
}

TEST_F(WriterTest, KillingTheServerLosesNothingAcknowledged) {
  std::mt19937 random(7);
  int64_t last = -1;
  for (int life = 0; life < 12; ++life) {
    const int64_t acknowledged = LifeOfServer(folder_.path(), milliseconds(random() % 400));
    ASSERT_GT(acknowledged, last) << "life " << life;
    last = acknowledged;
  }
  Open();
  ASSERT_TRUE(store_->Health().up);
  // The last life's death may have left a block without its roll-up: the next writer's first act.
  ASSERT_TRUE(RepairRollups(*store_));
  CheckWhole(static_cast<uint64_t>(last) + 1, 20);
  EXPECT_EQ(Ask(*store_, "SELECT max(time) - min(time) + 1 - uniqExact(time) FROM edge"), "0");
  EXPECT_EQ(Ask(*store_, "SELECT count() FROM system.detached_parts"), "0");
}

pid_t EngineOf(pid_t parent) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream children(entry.path() / "children");
    for (pid_t pid = 0; children >> pid;) {
      std::ifstream comm("/proc/" + std::to_string(pid) + "/comm");
      std::string name;
      if (comm >> name && name == "pano-store" && parent == getpid()) return pid;
    }
  }
  return -1;
}

TEST_F(WriterTest, KillingTheEngineLosesAndDoublesNothing) {
  Open();
  Writer writer(*store_, {.flush_interval = milliseconds(1), .retention = {}});
  std::mt19937 random(8);
  const uint64_t begin = Now() - 600;
  uint64_t second = 0;
  for (uint64_t life = 1; life <= 5; ++life) {
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(writer.Add(MakeBatch(begin + second++, 20)));
      std::this_thread::sleep_for(milliseconds(random() % 30));
    }
    const pid_t engine = EngineOf(getpid());
    ASSERT_GT(engine, 0);
    kill(engine, SIGKILL);
    Await([&] { return store_->Health().up && store_->Health().restarts >= life; });
  }
  ASSERT_TRUE(writer.Flush(seconds(120))) << writer.Health().last_error;
  EXPECT_EQ(writer.Health().rows_lost, 0u);
  EXPECT_EQ(Ask(*store_, "SELECT count(), uniqExact(time) FROM edge"),
            fmt::format("{}\t{}", second * 20, second));
  CheckWhole(second, 20);
}

TEST_F(WriterTest, WhenTheEngineStaysAwayTheOldestRowsGoAndAreCounted) {
  Open();
  Writer writer(*store_,
                {.flush_interval = milliseconds(1), .max_spool_bytes = 20'000, .retention = {}});
  ASSERT_TRUE(writer.Add(MakeBatch(Now() - 600, 10)));
  ASSERT_TRUE(writer.Flush(seconds(120)));
  const pid_t engine = EngineOf(getpid());
  ASSERT_GT(engine, 0);
  kill(engine, SIGSTOP);
  for (uint64_t i = 0; i < 50; ++i) {
    ASSERT_TRUE(writer.Add(MakeBatch(Now() - 500 + i, 10)));
    std::this_thread::sleep_for(milliseconds(5));
  }
  Await([&] { return writer.Health().rows_lost > 0; });
  kill(engine, SIGCONT);
  ASSERT_TRUE(writer.Flush(seconds(120)));
  const StoreHealth health = writer.Health();
  EXPECT_EQ(health.pending_rows, 0u);
  EXPECT_EQ(Ask(*store_, "SELECT count() FROM edge"), std::to_string(510 - health.rows_lost));
}

TEST_F(WriterTest, AFullDiskStopsWritingWithAnAlarmAndGoesOnByItself) {
  ASSERT_EQ(geteuid(), 0u) << "needs root to mount a small file system";
  const std::string disk = folder_.path() + "/disk";
  std::filesystem::create_directory(disk);
  ASSERT_EQ(mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=48m"), 0) << strerror(errno);
  for (const uint64_t kept_back : {uint64_t{8} << 20, uint64_t{0}}) {
    EmbeddedOptions options = TestOptions(disk + "/data", PANO_STORE_PROBE);
    options.min_free_disk_bytes = kept_back;
    Open(options);
    {
      Writer writer(*store_, {.flush_interval = milliseconds(1), .retention = {}});
      EXPECT_TRUE(writer.Add(MakeBatch(Now() - 60, 100)));
      EXPECT_TRUE(writer.Flush(seconds(120))) << writer.Health().last_error;
      EXPECT_FALSE(writer.Health().disk_full);
      {
        std::ofstream filler(disk + "/filler", std::ios::binary);
        const std::string chunk(64 << 10, 'x');
        while (filler.write(chunk.data(), static_cast<std::streamsize>(chunk.size())).flush()) {
        }
      }
      for (uint64_t i = 0; !writer.Health().disk_full; ++i) {
        EXPECT_TRUE(writer.Add(MakeBatch(Now() - 50 + i % 40, 2'000)));
        std::this_thread::sleep_for(milliseconds(100));
      }
      EXPECT_GT(writer.Health().pending_rows, 0u);
      EXPECT_FALSE(writer.Health().last_error.empty());
      EXPECT_EQ(Ask(*store_, "SELECT 1"), "1");  // reading goes on
      std::filesystem::remove(disk + "/filler");
      EXPECT_TRUE(writer.Flush(seconds(120))) << writer.Health().last_error;
      EXPECT_FALSE(writer.Health().disk_full);
      EXPECT_EQ(writer.Health().rows_lost, 0u);
    }
    store_.reset();
    std::filesystem::remove_all(disk + "/data");
  }
  EXPECT_EQ(umount2(disk.c_str(), MNT_DETACH), 0);
}

TEST_F(WriterTest, ARollupThatMissesRowsIsMadeAgain) {
  Open();
  {
    Writer writer(*store_, {});
    for (uint64_t i = 0; i < 3; ++i) ASSERT_TRUE(writer.Add(MakeBatch(Now() - 120 + i * 60, 10)));
    ASSERT_TRUE(writer.Flush(seconds(120))) << writer.Health().last_error;
  }
  const std::string before = Ask(*store_, "SELECT sum(request), sum(seconds) FROM edge_1m");
  ASSERT_TRUE(
      store_->Execute("ALTER TABLE edge_1m DELETE WHERE server_service = 5 "
                      "SETTINGS mutations_sync = 1"));
  ASSERT_NE(Ask(*store_, "SELECT sum(request), sum(seconds) FROM edge_1m"), before);
  ASSERT_TRUE(RepairRollups(*store_));
  EXPECT_EQ(Ask(*store_, "SELECT sum(request), sum(seconds) FROM edge_1m"), before);
  CheckWhole(3, 10);
}

TEST_F(WriterTest, RowsPastTheirTimeGo) {
  Open();
  ASSERT_TRUE(Migrate(*store_, {.second_hours = 1, .minute_hours = 2, .request_hours = 1}));
  EXPECT_EQ(Ask(*store_,
                "SELECT countSubstrings(engine_full, 'toIntervalHour(1)') FROM "
                "system.tables WHERE name = 'edge'"),
            "1");
  // Again with other hours: existing tables follow.
  ASSERT_TRUE(Migrate(*store_, {.second_hours = 3, .minute_hours = 0, .request_hours = 1}));
  EXPECT_EQ(Ask(*store_,
                "SELECT countSubstrings(engine_full, 'toIntervalHour(3)') FROM "
                "system.tables WHERE name = 'edge'"),
            "1");
  EXPECT_EQ(Ask(*store_,
                "SELECT countSubstrings(engine_full, ' TTL ') FROM system.tables "
                "WHERE name = 'edge_1m'"),
            "0");
  ASSERT_TRUE(store_->Execute("ALTER TABLE edge MODIFY SETTING merge_with_ttl_timeout = 1"));
  Writer writer(*store_, {.retention = {.second_hours = 3, .minute_hours = 0}});
  ASSERT_TRUE(writer.Add(MakeBatch(Now() - uint64_t{5} * 3'600, 10)));
  ASSERT_TRUE(writer.Add(MakeBatch(Now(), 10)));
  ASSERT_TRUE(writer.Flush(seconds(60))) << writer.Health().last_error;
  ASSERT_TRUE(store_->Execute("OPTIMIZE TABLE edge"));
  Await([&] { return Ask(*store_, "SELECT count() FROM edge") == "10"; });
  EXPECT_EQ(Ask(*store_, "SELECT sum(seconds) FROM edge_1m"), "20");  // the roll-up keeps them
}

TEST_F(WriterTest, TheSchemaFollowsTheBinary) {
  Open();
  ASSERT_TRUE(Migrate(*store_, {}));
  // An older binary knew fewer metrics and fewer protocols.
  ASSERT_TRUE(store_->Execute("DROP TABLE edge_1m_view"));
  ASSERT_TRUE(store_->Execute("ALTER TABLE edge DROP COLUMN tcp_timeout"));
  ASSERT_TRUE(store_->Execute("ALTER TABLE edge_1m DROP COLUMN tcp_timeout"));
  ASSERT_TRUE(
      store_->Execute("ALTER TABLE event MODIFY COLUMN kind Enum8('mark' = 0, 'instance_up' = 1)"));
  ASSERT_TRUE(Migrate(*store_, {}));
  ASSERT_TRUE(Migrate(*store_, {}));
  EXPECT_EQ(Ask(*store_,
                "SELECT count() FROM system.columns WHERE name = 'tcp_timeout' "
                "AND table IN ('edge', 'edge_1m')"),
            "2");
  Writer writer(*store_, {});
  auto batch = MakeBatch(Now(), 1);
  batch->edges[0].values[static_cast<size_t>(schema::EdgeMetric::kTcpTimeout)] = 7;
  batch->events.push_back({.time_ns = WallNs(), .kind = schema::EventKind::kLimits, .text = "x"});
  ASSERT_TRUE(writer.Add(batch));
  ASSERT_TRUE(writer.Flush(seconds(60))) << writer.Health().last_error;
  EXPECT_EQ(Ask(*store_, "SELECT sum(tcp_timeout) FROM edge_1m"), "7");
  EXPECT_EQ(Ask(*store_, "SELECT kind FROM event"), "limits");

  ASSERT_TRUE(store_->Execute(
      "INSERT INTO config (key, value, updated) VALUES ('schema_version', '999', 9)"));
  EXPECT_EQ(Migrate(*store_, {}).error().code, Code::kUnsupported);
}

}  // namespace
}  // namespace pano::store
