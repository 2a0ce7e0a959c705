// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/translation_table.h"

#include <gtest/gtest.h>

namespace pano::entity {
namespace {

AddressPort At(const char* ip, uint16_t port) { return {*IpAddress::Parse(ip), port}; }

const ClientView kView{schema::L4Protocol::kTcp, At("10.244.0.5", 41000), At("10.96.0.10", 3550)};
const Translation kReal{At("10.244.0.5", 41000), At("10.244.0.17", 3550)};

TEST(TranslationTable, JoinsTheClusterAddressWithTheRealServer) {
  TranslationTable table(16);
  EXPECT_FALSE(table.Find(kView));
  table.Put(kView, kReal);
  ASSERT_TRUE(table.Find(kView));
  EXPECT_EQ(table.Find(kView)->server, kReal.server);
  EXPECT_EQ(table.Behind(schema::L4Protocol::kTcp, kView.server), kReal.server);
  EXPECT_FALSE(table.Behind(schema::L4Protocol::kUdp, kView.server));
}

TEST(TranslationTable, EndedConnectionsAnswerForAWhileThenGo) {
  TranslationTable table(16);
  table.Put(kView, kReal);
  table.End(kView, 1'000'000'000);
  table.Purge(5'000'000'000);
  EXPECT_TRUE(table.Find(kView));
  table.Purge(30'000'000'000);
  EXPECT_FALSE(table.Find(kView));
  EXPECT_TRUE(table.Behind(schema::L4Protocol::kTcp, kView.server));
}

TEST(TranslationTable, AReusedPortIsNotPurgedWithItsPredecessor) {
  TranslationTable table(16);
  table.Put(kView, kReal);
  table.End(kView, 1'000'000'000);
  const Translation other{At("10.244.0.5", 41000), At("10.244.0.18", 3550)};
  table.Put(kView, other);
  table.Purge(60'000'000'000);
  ASSERT_TRUE(table.Find(kView));
  EXPECT_EQ(table.Find(kView)->server, other.server);
}

TEST(TranslationTable, AFullTableCountsWhatItRefuses) {
  TranslationTable table(4);
  for (uint16_t port = 1; port <= 10; ++port) {
    ClientView view = kView;
    view.client.port = port;
    table.Put(view, kReal);
  }
  EXPECT_EQ(table.size(), 4u);
  EXPECT_EQ(table.dropped(), 6u);
}

}  // namespace
}  // namespace pano::entity
