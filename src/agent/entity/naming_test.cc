// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/naming.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "agent/entity/addresses.h"
#include "agent/entity/container_engine.h"
#include "agent/entity/registry.h"
#include "base/clock.h"

namespace pano::entity {
namespace {

TEST(NamingTest, PodNamesGiveTheirWorkload) {
  EXPECT_EQ(WorkloadOfPod("productcatalog-6c9f7d8b9-x2k4p"), "productcatalog");
  EXPECT_EQ(WorkloadOfPod("fraud-detection-18188b9cb5-85hv9"), "fraud-detection");
  EXPECT_EQ(WorkloadOfPod("redis-0"), "redis");
  EXPECT_EQ(WorkloadOfPod("frontend-12"), "frontend");
  EXPECT_EQ(WorkloadOfPod("node-exporter-x2k4p"), "node-exporter");
  EXPECT_EQ(WorkloadOfPod("my-server"), std::nullopt);
  EXPECT_EQ(WorkloadOfPod("localhost"), std::nullopt);
  EXPECT_EQ(WorkloadOfPod("-"), std::nullopt);
}

TEST(NamingTest, CgroupsTellPodContainerAndUnit) {
  const std::string id(64, 'a');
  const auto v1 = IdentityOf("/kubepods/burstable/pod0a1b2c3d-1111-2222-3333-444455556666/" + id);
  EXPECT_EQ(v1.pod_uid, "0a1b2c3d-1111-2222-3333-444455556666");
  EXPECT_EQ(v1.container_id, id);
  const auto v2 = IdentityOf(
      "/kubepods.slice/kubepods-burstable.slice/"
      "kubepods-burstable-pod0a1b2c3d_1111_2222_3333_444455556666.slice/cri-containerd-" +
      id + ".scope");
  EXPECT_EQ(v2.pod_uid, "0a1b2c3d-1111-2222-3333-444455556666");
  EXPECT_EQ(v2.container_id, id);
  EXPECT_EQ(IdentityOf("/system.slice/docker-" + id + ".scope").container_id, id);
  EXPECT_EQ(IdentityOf("/system.slice/nginx.service").unit, "nginx");
  EXPECT_EQ(IdentityOf("/user.slice/user-0.slice/user@0.service/x.scope").unit, "");
}

TEST(NamingTest, InterpretersAreNamedByWhatTheyRun) {
  const auto program = [](const char* exe, std::vector<std::string> arguments) {
    ProcessFacts f;
    f.executable = exe;
    f.arguments = std::move(arguments);
    return ProgramOf(f);
  };
  EXPECT_EQ(program("/usr/bin/python3.11", {"python3", "-u", "/srv/recommendation.py"}),
            "recommendation.py");
  EXPECT_EQ(program("/usr/bin/python3.11", {"python3", "-m", "http.server"}), "http.server");
  EXPECT_EQ(program("/usr/bin/node", {"node", "--max-old-space-size=64", "server.js"}),
            "server.js");
  EXPECT_EQ(program("/usr/lib/jvm/bin/java", {"java", "-Xmx64m", "-jar", "/opt/ad.jar"}), "ad.jar");
  EXPECT_EQ(program("/usr/lib/jvm/bin/java", {"java", "-cp", "a.jar", "shop.ad.AdServer"}),
            "AdServer");
  EXPECT_EQ(program("/usr/bin/php8.2", {"php", "-S", "0.0.0.0:8090", "quote.php"}), "quote.php");
  EXPECT_EQ(program("/usr/bin/python3.11", {"python3", "-c", "print()"}), "python3.11");
  EXPECT_EQ(program("/usr/bin/redis-server", {"redis-server", "*:6379"}), "redis-server");
}

TEST(NamingTest, SecretsAreMasked) {
  EXPECT_EQ(MaskedCommand({"app", "--password=hunter2", "--token", "abc", "x"}),
            "app --password=*** --token *** x");
  EXPECT_EQ(MaskedCommand({"app", "redis://user:pw@host/0"}), "app redis://***@host/0");
}

TEST(NamingTest, KindsComeFromExecutables) {
  using schema::NodeKind;
  EXPECT_EQ(KindOf("redis-server", "/usr/bin/redis-server", "cart-db"), NodeKind::kCache);
  EXPECT_EQ(KindOf("postgres", "/usr/lib/postgresql/15/bin/postgres", "x"), NodeKind::kDatabase);
  EXPECT_EQ(KindOf("users.py", "/usr/bin/python3", "loadgenerator"), NodeKind::kLoadGenerator);
  EXPECT_EQ(KindOf("heyday.py", "/usr/bin/python3", "heyday"), NodeKind::kService);
}

TEST(NamingTest, PodNameWinsOverProgram) {
  ProcessFacts f;
  f.pid = 7;
  f.hostname = "cart-be8e3411ad-h526n";
  f.executable = "/usr/bin/python3.11";
  f.arguments = {"python3", "cart.py"};
  NamingContext pod;
  pod.in_host_netns = false;
  const Naming n = NameProcess(f, pod);
  EXPECT_EQ(n.service, "cart");
  EXPECT_EQ(n.source, "pod_name");
  EXPECT_FALSE(n.group.empty());
  pod.user_names["cart"] = "basket";
  EXPECT_EQ(NameProcess(f, pod).service, "basket");
}

TEST(NamingTest, EngineFilesAndHostileOnes) {
  const auto names = ParseContainerConfig(
      R"({"Name":"/shop_cart_1","Config":{"Labels":{"com.docker.compose.service":"cart"}}})");
  EXPECT_EQ(names.name, "shop_cart_1");
  EXPECT_EQ(names.compose_service, "cart");
  EXPECT_EQ(ParseContainerConfig("{").name, "");
  EXPECT_EQ(ParseContainerConfig(R"({"Name":5,"Config":[]})").name, "");
}

TEST(NamingTest, AddressesOfANamespace) {
  const auto v4 = ParseFibTrie(
      "Local:\n     |-- 10.244.0.5\n        /32 host LOCAL\n     |-- 127.0.0.1\n"
      "        /32 host LOCAL\n     |-- 10.244.0.255\n        /32 link BROADCAST\n");
  ASSERT_EQ(v4.size(), 1u);
  EXPECT_EQ(v4[0].ToString(), "10.244.0.5");
  EXPECT_EQ(ParseIfInet6("fd000000000000000000000000000005 02 40 00 80 eth0\n").size(), 1u);
  EXPECT_TRUE(ParseIfInet6("zz").empty());
}

// The registry against the real /proc: this test is a process of this host.
TEST(RegistryTest, KnowsThisProcessAndReportsItWhenUsed) {
  Registry registry({});
  registry.Scan(MonotonicNs());
  EXPECT_TRUE(registry.TakeChanges(MonotonicNs()).empty()) << "nobody asked yet";
  const uint32_t id = registry.InstanceOf(static_cast<uint32_t>(getpid()), MonotonicNs());
  ASSERT_NE(id, 0u);
  const auto told = registry.TakeChanges(MonotonicNs());
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].id, id);
  EXPECT_NE(told[0].start_time_ns, 0u);
  EXPECT_TRUE(registry.TakeChanges(MonotonicNs()).empty()) << "nothing changed";
  EXPECT_EQ(registry.InstanceOf(0x7fffffff, MonotonicNs()), 0u);
}

TEST(RegistryTest, AnEndedInstanceIsTold) {
  Registry registry({});
  const auto pid = static_cast<uint32_t>(getpid());
  const uint64_t now = MonotonicNs();
  const uint32_t id = registry.InstanceOf(pid, now);
  registry.TakeChanges(now);
  registry.OnExit(pid, now);
  EXPECT_EQ(registry.InstanceOf(pid, now), id) << "late events still find it";
  const auto told = registry.TakeChanges(now + 2'000'000'000);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_TRUE(told[0].gone);
}

// Sockets of a crashed server go on for a while: what they do is still that server's.
TEST(RegistryTest, AnEndedProcessKeepsItsConnectionsButNotItsListener) {
  Registry registry({});
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    pause();
    _exit(0);
  }
  const auto pid = static_cast<uint32_t>(child);
  const uint64_t now = MonotonicNs();
  const uint32_t id = registry.InstanceOf(pid, now);
  EXPECT_NE(id, 0u);
  registry.SetListeners({{{1, 8080}, pid}});
  EXPECT_EQ(registry.ListenerTgid(1, 8080), pid);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  registry.OnExit(pid, now);
  EXPECT_EQ(registry.ListenerTgid(1, 8080), 0u);
  constexpr uint64_t kSecond = 1'000'000'000;
  registry.Scan(now + 60 * kSecond);
  EXPECT_EQ(registry.InstanceOf(pid, now + 60 * kSecond), id);
  registry.Scan(now + 900 * kSecond);
  EXPECT_EQ(registry.InstanceOf(pid, now + 900 * kSecond), 0u);
}

}  // namespace
}  // namespace pano::entity
