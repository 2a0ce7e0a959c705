// SPDX-License-Identifier: Apache-2.0
#include "wire/codec.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "wire/batch_for_test.h"

namespace pano::wire {
namespace {

TEST(CodecTest, RoundTripKeepsEverything) {
  const Batch in = SomeBatch();
  const auto bytes = EncodeBatch(in);
  const auto out = DecodeBatch(bytes);
  ASSERT_TRUE(out) << out.error().ToString();
  EXPECT_EQ(out->agent, "agent-1");
  EXPECT_EQ(out->second, in.second);
  ASSERT_EQ(out->instances.size(), 1u);
  EXPECT_EQ(out->instances[0].addresses, in.instances[0].addresses);
  EXPECT_EQ(out->instances[0].kind, schema::NodeKind::kCache);
  EXPECT_TRUE(out->instances[0].oom_killed);
  EXPECT_FALSE(out->instances[0].gone);
  ASSERT_EQ(out->edges.size(), 1u);
  EXPECT_EQ(out->edges[0].key, in.edges[0].key);
  EXPECT_EQ(out->edges[0].values, in.edges[0].values);
  EXPECT_EQ(out->edges[0].rrt, in.edges[0].rrt);
  ASSERT_EQ(out->requests.size(), 1u);
  EXPECT_EQ(out->requests[0].response_code, -14);
  EXPECT_EQ(out->requests[0].client_ip, in.requests[0].client_ip);
  EXPECT_EQ(EncodeBatch(*out), bytes);
}

TEST(CodecTest, EveryTruncationIsRefused) {
  const auto bytes = EncodeBatch(SomeBatch());
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(DecodeBatch(Bytes(bytes).first(n))) << n << " of " << bytes.size();
  }
}

TEST(CodecTest, TrailingBytesAndOtherVersionsAreRefused) {
  auto bytes = EncodeBatch(SomeBatch());
  bytes.push_back(std::byte{0});
  EXPECT_EQ(DecodeBatch(bytes).error().code, Code::kInvalid);
  bytes.pop_back();
  bytes[4] = std::byte{99};
  EXPECT_EQ(DecodeBatch(bytes).error().code, Code::kUnsupported);
}

TEST(CodecTest, HugeCountsDoNotAllocate) {
  // A list that claims 2^40 instances in a batch of a few bytes.
  std::vector<std::byte> bytes = EncodeBatch(Batch{});
  std::vector<std::byte> evil(bytes.begin(), bytes.begin() + 5 + 2);  // magic, version, two texts
  evil.push_back(std::byte{1});                                       // second
  for (int i = 0; i < 5; ++i) evil.push_back(std::byte{0xff});
  evil.push_back(std::byte{0x7f});
  EXPECT_FALSE(DecodeBatch(evil));
}

TEST(CodecTest, UnknownMetricIsSkipped) {
  Batch b;
  b.saturation.push_back({1, {}});
  auto bytes = EncodeBatch(b);
  // Empty batch around it: find the sample's value count (0) and put one unknown metric there.
  const std::vector<std::byte> pair = {std::byte{1}, std::byte{0x7e}, std::byte{5}};
  // magic 4, version, agent, host, second, instances, edges, endpoints, saturation count, instance
  const size_t at = 4 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1;
  ASSERT_EQ(bytes[at], std::byte{0});
  bytes.erase(bytes.begin() + at);
  bytes.insert(bytes.begin() + at, pair.begin(), pair.end());
  const auto out = DecodeBatch(bytes);
  ASSERT_TRUE(out) << out.error().ToString();
  EXPECT_EQ(out->saturation.at(0).values, schema::InstanceValues{});
}

TEST(CodecTest, DamagedBytesNeverCrash) {
  const auto good = EncodeBatch(SomeBatch());
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = good;
    for (int k = 0; k < 3; ++k) bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    const auto out = DecodeBatch(bytes);
    if (out) {
      EXPECT_TRUE(DecodeBatch(EncodeBatch(*out)));
    }
  }
}

// The seeds of codec_fuzz: batches of this version, or the fuzzer starts at the first byte. With
// PANO_WRITE_SEEDS=FOLDER they are made anew there, as they must be when the version changes.
TEST(CodecCorpus, EverySeedIsABatch) {
  namespace fs = std::filesystem;
  if (const char* folder = std::getenv("PANO_WRITE_SEEDS")) {
    for (uint32_t i = 0; i < 12; ++i) {
      const auto bytes = EncodeBatch(i == 0 ? SomeBatch() : RandomBatch(i));
      std::ofstream(fs::path(folder) / fmt::format("batch_{}", i), std::ios::binary)
          .write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
    }
  }
  size_t seeds = 0;
  for (const auto& entry :
       fs::directory_iterator(fs::path(PANO_SOURCE_DIR) / "testdata" / "corpus" / "codec")) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const auto batch = DecodeBatch(AsBytes(text));
    ASSERT_TRUE(batch) << entry.path() << ": " << batch.error().ToString();
    const auto again = EncodeBatch(*batch);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(again.data()), again.size()), text);
    ++seeds;
  }
  EXPECT_GE(seeds, 10u);
}

}  // namespace
}  // namespace pano::wire
