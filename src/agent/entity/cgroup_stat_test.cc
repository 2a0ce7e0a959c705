// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/cgroup_stat.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace pano::entity {
namespace {

class Files : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/pano-cgroup-XXXXXX";
    root_ = ::mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  std::string root_;
};

TEST_F(Files, ReadsBothV1Controllers) {
  Write("/cpu/kubepods/a/cpu.stat", "nr_periods 100\nnr_throttled 92\nthrottled_time 7000000000\n");
  Write("/cpu/kubepods/a/cpu.cfs_quota_us", "25000\n");
  Write("/cpu/kubepods/a/cpu.cfs_period_us", "100000\n");
  Write("/cpuacct/kubepods/a/cpuacct.usage", "1234567000\n");
  Write("/memory/kubepods/a/memory.usage_in_bytes", "52428800\n");
  Write("/memory/kubepods/a/memory.stat", "cache 1\ntotal_inactive_file 2428800\n");
  Write("/memory/kubepods/a/memory.limit_in_bytes", "104857600\n");
  Write("/memory/kubepods/a/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
  const CgroupMounts mounts{root_ + "/cpu", root_ + "/cpuacct", root_ + "/memory", ""};
  const CgroupStat stat = ReadCgroupStat(mounts, {"/kubepods/a", "/kubepods/a", ""});
  EXPECT_TRUE(stat.cpu_known);
  EXPECT_EQ(stat.cpu_quota_us, 250'000u);
  EXPECT_EQ(stat.periods, 100u);
  EXPECT_EQ(stat.throttled_periods, 92u);
  EXPECT_EQ(stat.throttled_us, 7'000'000u);
  EXPECT_EQ(stat.cpu_usage_us, 1'234'567u);
  EXPECT_EQ(stat.memory_used, 50'000'000u);
  EXPECT_EQ(stat.memory_limit, 104'857'600u);
  EXPECT_EQ(stat.oom_kill, 3u);
}

TEST_F(Files, NoLimitIsZero) {
  Write("/cpu/a/cpu.stat", "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n");
  Write("/cpu/a/cpu.cfs_quota_us", "-1\n");
  Write("/cpu/a/cpu.cfs_period_us", "100000\n");
  Write("/memory/a/memory.usage_in_bytes", "1\n");
  Write("/memory/a/memory.limit_in_bytes", "9223372036854771712\n");
  const CgroupStat stat =
      ReadCgroupStat({root_ + "/cpu", "", root_ + "/memory", ""}, {"/a", "/a", ""});
  EXPECT_EQ(stat.cpu_quota_us, 0u);
  EXPECT_EQ(stat.memory_limit, 0u);
}

TEST_F(Files, ReadsTheUnifiedHierarchy) {
  Write("/pod/cpu.stat", "usage_usec 900\nnr_periods 10\nnr_throttled 4\nthrottled_usec 250000\n");
  Write("/pod/cpu.max", "50000 100000\n");
  Write("/pod/memory.current", "4096\n");
  Write("/pod/memory.max", "8192\n");
  Write("/pod/memory.events", "low 0\noom 1\noom_kill 1\n");
  Write("/pod/cpu.pressure", "some avg10=1.00 avg60=0.00 avg300=0.00 total=123\nfull total=9\n");
  const CgroupStat stat = ReadCgroupStat({"", "", "", root_}, {"", "", "/pod"});
  EXPECT_EQ(stat.cpu_usage_us, 900u);
  EXPECT_EQ(stat.cpu_quota_us, 500'000u);
  EXPECT_EQ(stat.throttled_us, 250'000u);
  EXPECT_EQ(stat.memory_limit, 8192u);
  EXPECT_EQ(stat.oom_kill, 1u);
  EXPECT_EQ(stat.psi_cpu_us, 123u);
}

TEST_F(Files, AVanishedGroupIsUnknownNotZeroUse) {
  const CgroupStat stat =
      ReadCgroupStat({root_ + "/cpu", "", root_ + "/memory", root_}, {"/gone", "/gone", "/gone"});
  EXPECT_FALSE(stat.cpu_known);
  EXPECT_FALSE(stat.memory_known);
}

}  // namespace
}  // namespace pano::entity
