// SPDX-License-Identifier: Apache-2.0
// Runs over a real live state and real files.
#include "server/run/run_keeper.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <future>
#include <thread>

#include "server/live/history.h"
#include "server/run/run_for_test.h"

namespace pano::run {
namespace {

constexpr uint64_t kNs = 1'000'000'000;

class RunKeeperTest : public testing::Test {
 protected:
  void Open(bool recognise = false) {
    KeeperOptions options;
    options.folder = folder_.path() + "/runs";
    options.version = "test";
    options.checkpoint_seconds = 0;  // at every second
    options.recognise = recognise;
    auto opened = RunKeeper::Open(options, live_);
    ASSERT_TRUE(opened) << opened.error().text;
    keeper_ = std::move(*opened);
  }
  void Tick(int seconds, uint64_t rate, uint64_t latency_us = 2000) {
    for (int i = 0; i < seconds; ++i) {
      load_.Tick(rate, latency_us);
      if (keeper_ != nullptr) keeper_->Tick();
    }
  }
  // Of 50 requests/s, begun `seconds` ago.
  std::string StartRun(uint64_t seconds) {
    Tick(30, 50);
    StartRequest start;
    start.begin = load_.second() + 1 - seconds;
    const auto started = keeper_->Start(start);
    EXPECT_TRUE(started) << started.error().text;
    return started ? started->id : "";
  }
  // Lets the keeper's thread come after; ticks as the pipeline would.
  template <typename Condition>
  bool Eventually(Condition condition) {
    for (int i = 0; i < 2000; ++i) {
      if (condition()) return true;
      keeper_->Tick();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }
  uint64_t Requests(const std::string& id) {
    const auto loaded = keeper_->Load(id);
    if (!loaded) return 0;
    uint64_t sum = 0;
    for (const live::EdgeEntry& e : (*loaded)->Window(0, UINT64_MAX).edges) {
      if (e.edge.server_port == 8080) sum += e.window.Requests()[schema::EdgeMetric::kRequest];
    }
    return sum;
  }

  TestFolder folder_;
  live::LiveState live_;
  // The last second fed is about now: runs are started now.
  TestLoad load_{live_, WallNs() / kNs - 60};
  std::unique_ptr<RunKeeper> keeper_;
};

TEST_F(RunKeeperTest, ARunFromStartToFile) {
  Open();
  Tick(30, 50);
  StartRequest start;
  start.name = "baseline";
  start.labels = {{"branch", "main"}};
  start.begin = load_.second() - 9;
  const auto started = keeper_->Start(start);
  ASSERT_TRUE(started) << started.error().text;
  EXPECT_EQ(started->state, RunState::kRunning);
  const auto second = keeper_->Start({});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kInvalid);

  Tick(20, 100);
  EXPECT_EQ(Requests(started->id), 10u * 50 + 20u * 100);  // the last seconds included
  EXPECT_EQ(Requests("current"), 2500u);
  ASSERT_TRUE(keeper_->AddMark("current", {load_.second() - 5, "half", false}));
  const auto stopped = keeper_->Stop("current", load_.second() + 1);
  ASSERT_TRUE(stopped) << stopped.error().text;
  EXPECT_EQ(stopped->state, RunState::kDone);
  EXPECT_FALSE(keeper_->Find("current"));
  EXPECT_EQ(Requests(started->id), 2500u);
  Tick(12, 70);  // after its end: the last seconds settle
  ASSERT_TRUE(Eventually([&] { return keeper_->Find(started->id)->requests == 2500; }));
  EXPECT_TRUE(std::filesystem::exists(folder_.path() + "/runs/" + started->id + ".run"));

  RunChange change;
  change.name = "renamed";
  change.labels = {{"branch", ""}, {"users", "10"}};
  ASSERT_TRUE(keeper_->Change(started->id, change));
  keeper_.reset();
  Open();
  const auto found = keeper_->Find(started->id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "renamed");
  EXPECT_EQ(found->labels, (std::vector<std::pair<std::string, std::string>>{{"users", "10"}}));
  EXPECT_EQ(found->requests, 2500);
  EXPECT_EQ(Requests(started->id), 2500u);
  const auto loaded = keeper_->Load(started->id);
  ASSERT_EQ((*loaded)->info().marks.size(), 1u);
  EXPECT_EQ((*loaded)->info().verdicts.empty(), false);
  ASSERT_TRUE(keeper_->Delete(started->id));
  EXPECT_FALSE(keeper_->Find(started->id));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/runs/" + started->id + ".run"));
}

TEST_F(RunKeeperTest, ARestartInTheMiddleGoesOn) {
  Open();
  const std::string id = StartRun(20);
  Tick(5, 50);
  keeper_.reset();
  Open();
  auto found = keeper_->Find("current");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, id);
  Tick(5, 50);
  EXPECT_EQ(Requests("current"), 30u * 50);
  ASSERT_TRUE(keeper_->Stop("current", load_.second() + 1));
  const auto loaded = keeper_->Load(id);
  ASSERT_TRUE(loaded);
  ASSERT_FALSE((*loaded)->info().doubts.empty());
  EXPECT_TRUE((*loaded)->info().doubts[0].starts_with("panoscope was restarted"));
}

TEST_F(RunKeeperTest, AnOldRunThatStillRunsIsAborted) {
  Open();
  const std::string id = StartRun(10);
  keeper_.reset();
  KeeperOptions options;
  options.folder = folder_.path() + "/runs";
  options.resume_seconds = 0;
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  auto opened = RunKeeper::Open(options, live_);
  ASSERT_TRUE(opened);
  const auto found = (*opened)->Find(id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->state, RunState::kAborted);
  EXPECT_EQ(found->requests, 500);
  EXPECT_EQ(found->end, load_.second() + 1);
}

TEST_F(RunKeeperTest, RecognisesALoadGenerator) {
  Open(true);
  Tick(25, 0);
  ASSERT_TRUE(keeper_->List().empty());
  Tick(20, 200);
  ASSERT_TRUE(Eventually([&] { return keeper_->List().size() == 1; }));
  RunSummary run = keeper_->List().front();
  EXPECT_EQ(run.origin, Origin::kRecognised);
  EXPECT_EQ(run.generator, "loadgenerator");
  const uint64_t begin = run.begin;
  EXPECT_EQ(begin, load_.second() - 19);
  Tick(30, 0);
  ASSERT_TRUE(Eventually([&] {
    run = keeper_->List().front();
    return run.state == RunState::kDone && run.requests == 4000;
  }));
  EXPECT_EQ(run.end, begin + 20);
}

TEST_F(RunKeeperTest, APersonsRunWins) {
  Open(true);
  Tick(25, 0);
  Tick(20, 200);
  ASSERT_TRUE(Eventually([&] { return keeper_->List().size() == 1; }));
  StartRequest start;
  start.name = "mine";
  start.begin = load_.second() - 4;
  ASSERT_TRUE(keeper_->Start(start));
  Tick(20, 200);
  Tick(30, 0);
  ASSERT_TRUE(Eventually([&] {
    const auto all = keeper_->List();
    return all.size() == 2 && all[1].state == RunState::kDone && all[1].requests == 3000;
  }));
  EXPECT_EQ(keeper_->List()[0].name, "mine");
  EXPECT_EQ(keeper_->List()[0].state, RunState::kRunning);
}

TEST_F(RunKeeperTest, RecognisedRunsGiveWayToNewerOnes) {
  KeeperOptions options;
  options.folder = folder_.path() + "/runs";
  options.checkpoint_seconds = 0;
  options.max_runs = 2;
  auto opened = RunKeeper::Open(options, live_);
  ASSERT_TRUE(opened);
  keeper_ = std::move(*opened);
  Tick(25, 0);
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    Tick(20, 200);
    ASSERT_TRUE(Eventually([&] {
      return !keeper_->List().empty() && keeper_->List()[0].state == RunState::kRunning;
    })) << i;
    ids.push_back(keeper_->List()[0].id);
    Tick(30, 0);
    ASSERT_TRUE(Eventually([&] { return !keeper_->Find("current"); })) << i;
  }
  EXPECT_TRUE(keeper_->Alarms().empty());
  EXPECT_FALSE(keeper_->Find(ids[0]));
  EXPECT_FALSE(std::filesystem::exists(options.folder + "/" + ids[0] + ".run"));
  EXPECT_TRUE(keeper_->Find(ids[1]));
  EXPECT_TRUE(keeper_->Find(ids[2]));
}

// The store may take its time: nobody who asks the keeper waits for it, nor does who ticks it.
TEST_F(RunKeeperTest, WhatMemoryHasNotComesFromTheStoreAndNobodyWaits) {
  Open();
  const std::string id = StartRun(20);
  Tick(5, 50);
  keeper_.reset();
  const uint64_t last = load_.second();
  live::LiveState after;
  TestLoad load(after, last + 11);
  std::promise<void> release;
  std::promise<std::pair<uint64_t, uint64_t>> asked;
  KeeperOptions options;
  options.folder = folder_.path() + "/runs";
  options.recognise = false;
  options.backfill = [&, released = release.get_future().share()](uint64_t from, uint64_t to) {
    asked.set_value({from, to});
    released.wait();
    live::LiveState kept;  // what the store has: 70 requests in each
    TestLoad stored(kept, from);
    for (uint64_t s = from; s < to; ++s) stored.Tick(70);
    std::vector<live::WindowSet> out;
    for (const live::SecondPtr& second : kept.Seconds(from, to)) {
      out.push_back(
          live::Collect({second}, second->second(), second->second() + 1,
                        [&](uint32_t edge) { return *kept.edge_directory().Find(edge); }));
      for (live::EdgeEntry& e : out.back().edges) e.id = after.edge_directory().IdOf(e.edge);
    }
    return out;
  };
  auto opened = RunKeeper::Open(options, after);
  ASSERT_TRUE(opened);
  keeper_ = std::move(*opened);
  for (int i = 0; i < 12; ++i) {
    load.Tick(50);
    keeper_->Tick();
  }
  EXPECT_EQ(asked.get_future().get(), std::pair(last + 1, last + 11));
  keeper_->Tick();  // would wait for ever
  EXPECT_TRUE(keeper_->Find("current"));
  EXPECT_EQ(keeper_->List().size(), 1u);
  release.set_value();
  EXPECT_TRUE(Eventually([&] { return Requests(id) == 25u * 50 + 10u * 70 + 12u * 50; }));
  keeper_.reset();  // before what it reads
}

TEST_F(RunKeeperTest, ATrifleIsNotKept) {
  Open(true);
  Tick(25, 0);
  Tick(4, 5);
  ASSERT_TRUE(Eventually([&] { return keeper_->List().size() == 1; }));
  Tick(40, 0);
  EXPECT_TRUE(Eventually([&] { return keeper_->List().empty(); }));
}

TEST_F(RunKeeperTest, AFolderThatCannotBeWrittenIsAnAlarmAndTheRunGoesOn) {
  Open();
  const std::string id = StartRun(10);
  // Root may write anywhere, so the folder gives way to a file.
  std::filesystem::remove_all(folder_.path() + "/runs");
  std::ofstream(folder_.path() + "/runs") << "in the way";
  Tick(5, 50);
  EXPECT_TRUE(Eventually([&] { return !keeper_->Alarms().empty(); }));
  EXPECT_EQ(Requests("current"), 15u * 50);
  std::filesystem::remove(folder_.path() + "/runs");
  std::filesystem::create_directories(folder_.path() + "/runs");
  Tick(1, 50);
  // Nothing was lost once there is room again.
  ASSERT_TRUE(keeper_->Stop("current", load_.second() + 1));
  Tick(12, 0);
  EXPECT_TRUE(Eventually([&] { return keeper_->Alarms().empty(); }));
  keeper_.reset();
  Open();
  EXPECT_EQ(Requests(id), 16u * 50);
}

TEST_F(RunKeeperTest, WithoutAFolderRunsStayInMemory) {
  auto opened = RunKeeper::Open({}, live_);
  ASSERT_TRUE(opened);
  keeper_ = std::move(*opened);
  const std::string id = StartRun(10);
  ASSERT_TRUE(keeper_->Stop("current", load_.second() + 1));
  Tick(12, 0);
  LoadgenReport report;
  report.tool = "wrk";
  ASSERT_TRUE(keeper_->Attach(id, report));
  EXPECT_EQ(Requests(id), 500u);
}

TEST_F(RunKeeperTest, DamagedFilesAreAlarmsNotFailures) {
  std::filesystem::create_directories(folder_.path() + "/runs");
  std::ofstream(folder_.path() + "/runs/20260101-000000-0000.run") << "PANORUN\nwrong";
  {
    const std::ofstream empty(folder_.path() + "/runs/empty.run");
  }
  Open();
  EXPECT_EQ(keeper_->Alarms().size(), 2u);
  EXPECT_TRUE(keeper_->List().empty());
  EXPECT_FALSE(keeper_->Load("20260101-000000-0000"));
  EXPECT_FALSE(keeper_->Load("../../etc/passwd"));
}

// A run that grows in a process of its own. `checkpointed` is told through the pipe when a file
// holds at least `requests`.
void GrowUntilKilled(const std::string& folder, int told) {
  live::LiveState live;
  TestLoad load(live, WallNs() / kNs - 60);
  KeeperOptions options;
  options.folder = folder;
  options.checkpoint_seconds = 0;
  options.recognise = false;
  auto keeper = RunKeeper::Open(options, live);
  if (!keeper) _exit(1);
  load.Tick(50);
  StartRequest start;
  start.name = "killed";
  start.begin = load.second();
  const auto run = (*keeper)->Start(start);
  if (!run) _exit(2);
  for (int i = 0; i < 49; ++i) load.Tick(50);
  while (true) {
    (*keeper)->Tick();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    // All 50 seconds reach the file, those that may still change included.
    if ((*keeper)->Find(run->id)->requests >= size_t{50} * 50) {
      const char done = 1;
      if (write(told, &done, 1) != 1) _exit(3);
      while (true) (*keeper)->Tick();  // goes on writing until it is killed
    }
  }
}

TEST(RunKeeperKillTest, KillNineCostsOnlyWhatWasNotWritten) {
  const TestFolder folder;
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    GrowUntilKilled(folder.path(), pipe_ends[1]);
  }
  close(pipe_ends[1]);
  char done = 0;
  EXPECT_EQ(read(pipe_ends[0], &done, 1), 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ASSERT_EQ(kill(child, SIGKILL), 0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  close(pipe_ends[0]);

  live::LiveState live;
  KeeperOptions options;
  options.folder = folder.path();
  options.recognise = false;
  const auto keeper = RunKeeper::Open(options, live);
  ASSERT_TRUE(keeper);
  EXPECT_TRUE((*keeper)->Alarms().empty());
  const auto run = (*keeper)->Find("current");
  ASSERT_TRUE(run) << run.error().text;
  EXPECT_EQ(run->name, "killed");
  const auto loaded = (*keeper)->Load("current");
  ASSERT_TRUE(loaded);
  EXPECT_EQ((*loaded)->buckets().size(), 50u);
  for (const live::WindowSet& second : (*loaded)->Series(0, UINT64_MAX)) {
    for (const live::EdgeEntry& e : second.edges) {
      EXPECT_EQ(e.window.client[schema::EdgeMetric::kRequest], 50u);
    }
  }
}

constexpr int kNoRightToMount = 77;

// In a mount namespace of its own with 128 KiB of disk. Exit code 0: as it should be.
int FillTheDisk() {
  const TestFolder folder;
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=128k") != 0) {
    return kNoRightToMount;
  }
  live::LiveState live;
  TestLoad load(live, WallNs() / kNs - 800);
  KeeperOptions options;
  options.folder = folder.path();
  options.checkpoint_seconds = 0;
  options.recognise = false;
  auto keeper = RunKeeper::Open(options, live);
  if (!keeper) return 1;
  load.Tick(50);
  std::ofstream(folder.path() + "/other") << std::string(120'000, 'x') << std::flush;
  StartRequest start;
  start.begin = load.second();
  const auto run = (*keeper)->Start(start);
  if (!run) return 2;
  for (int i = 0; i < 700; ++i) load.Tick(50 + i % 50, 1000 + 37 * (i % 91), i);
  const auto eventually = [&](auto condition) {
    for (int i = 0; i < 2000 && !condition(); ++i) {
      (*keeper)->Tick();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return condition();
  };
  if (!eventually([&] { return !(*keeper)->Alarms().empty(); })) return 3;
  const auto loaded = (*keeper)->Load("current");
  if (!loaded || (*loaded)->Window(0, UINT64_MAX).edges.size() != 2) return 4;
  if (mount("tmpfs", folder.path().c_str(), nullptr, MS_REMOUNT, "size=64m") != 0) return 5;
  if (!eventually([&] { return (*keeper)->Alarms().empty(); })) return 6;
  const double requests = (*keeper)->Find(run->id)->requests;
  keeper->reset();
  auto again = RunKeeper::Open(options, live);
  const auto found = (*again)->Find(run->id);
  return found && found->requests >= requests && requests > 30'000 ? 0 : 7;
}

TEST(RunKeeperDiskTest, AFullDiskIsAnAlarmAndTheRunGoesOn) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) _exit(FillTheDisk());
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_NE(WEXITSTATUS(status), kNoRightToMount) << "needs root";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace pano::run
