// SPDX-License-Identifier: Apache-2.0
// Sockets older than the agent: their tuples, owners and roles are known before they move again.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "observer.h"
#include "traffic.h"

namespace pano::test {
namespace {

using decode::Event;
using decode::EventType;
using decode::Role;
using source::Tier;

class ExistingTest : public ::testing::TestWithParam<Tier> {};

TEST_P(ExistingTest, OldConnectionsAreKnownAtOnceInEveryNamespace) {
  for (const bool own_netns : {false, true}) {
    PausedChild child([own_netns](const std::function<void(Facts)>& pause) {
      if (own_netns) EnterOwnNetns();
      const TcpPair pair = MakeTcpPair(Family::kV4);
      Must(write(pair.client, "before", 6) == 6, "write");
      char room[10];
      Must(read(pair.server, room, sizeof(room)) == 6, "read");
      pause({pair.client_port});
      Must(write(pair.client, "after", 5) == 5, "write");
      pause({pair.client_port});
    });
    ASSERT_EQ(child.facts().size(), 1u);
    const auto port = static_cast<uint16_t>(child.facts()[0]);
    Observer late(GetParam());
    ASSERT_EQ(late.failure(), "") << "these tests need the rights to load eBPF (root)";
    const SeenList opens = late.OfType(port, EventType::kOpen, 2);
    ASSERT_EQ(opens.size(), 2u);
    for (const Seen& seen : opens) {
      const bool client = seen.event.tuple.local_port == port;
      EXPECT_TRUE(seen.event.existing);
      EXPECT_EQ(seen.event.tgid, static_cast<uint32_t>(child.pid()));
      EXPECT_EQ(seen.event.role, client ? Role::kClient : Role::kServer);
    }
    child.Resume();
    const SeenList data = late.OfType(port, EventType::kData, 1);
    ASSERT_EQ(data.size(), 1u);
    EXPECT_EQ(data[0].payload, "after");
    EXPECT_TRUE(data[0].event.socket == opens[0].event.socket ||
                data[0].event.socket == opens[1].event.socket);
    EXPECT_EQ(late.OfType(port, EventType::kOpen, 2).size(), 2u) << "told once";
  }
}

TEST_P(ExistingTest, TheAgentDoesNotObserveItself) {
  Observer observer(GetParam());
  ASSERT_EQ(observer.failure(), "") << "these tests need the rights to load eBPF (root)";
  // A child's traffic tells when the source has begun to see.
  const auto witness = [] {
    return RunChild([]() -> Facts { return {MakeTcpPair(Family::kV4).client_port}; });
  };
  const auto first = witness();
  ASSERT_FALSE(
      observer.OfType(static_cast<uint16_t>(first.facts.at(0)), EventType::kOpen, 2).empty());
  const TcpPair mine = MakeTcpPair(Family::kV4);
  char room[10];
  ASSERT_EQ(write(mine.client, "mine", 4), 4);
  ASSERT_EQ(read(mine.server, room, sizeof(room)), 4);
  const uint16_t port = mine.client_port;
  for (const int fd : {mine.client, mine.server, mine.listener}) close(fd);
  const auto second = witness();
  observer.OfType(static_cast<uint16_t>(second.facts.at(0)), EventType::kClosed, 2);
  EXPECT_TRUE(observer.Of(port, [](const SeenList&) { return true; }).empty());
}

TEST(CapabilityTest, EveryProbeHasAnAnswerInWords) {
  const auto report = source::ProbeCapabilities();
  ASSERT_GE(report.size(), 10u);
  for (const auto& one : report) {
    EXPECT_FALSE(one.name.empty());
    EXPECT_FALSE(one.lost.empty()) << one.name;
    EXPECT_EQ(one.available, one.reason.empty()) << one.name << ": " << one.reason;
  }
}

TEST(CapabilityTest, TierNoneSaysThatNothingIsObserved) {
  const auto opened = source::OpenLive({.tier = Tier::kNone});
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().ToString().find("nothing new is observed"), std::string::npos);
}

// Without rights the refusal is an error in words, not a crash.
TEST(CapabilityTest, WithoutRightsTheReasonIsNamed) {
  const ChildRun run = RunChild([]() -> Facts {
    Must(setgid(65534) == 0 && setuid(65534) == 0, "become nobody");
    const auto opened = source::OpenLive({});
    Must(!opened, "refused");
    return {opened.error().text.find("not root") != std::string::npos};
  });
  ASSERT_EQ(run.status, 0);
  EXPECT_EQ(run.facts.at(0), 1u);
}

INSTANTIATE_TEST_SUITE_P(Tiers, ExistingTest, ::testing::Values(Tier::kSockLength, Tier::kSysExit),
                         [](const auto& one) { return std::string(source::Name(one.param)); });

}  // namespace
}  // namespace pano::test
