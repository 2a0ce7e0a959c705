// SPDX-License-Identifier: Apache-2.0
// The fuzz corpus as an ordinary test, and mutations of every recording.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "agent/session/exchange_file.h"
#include "agent/session/fuzz_program.h"

namespace pano::session {
namespace {

namespace fs = std::filesystem;

const fs::path kData = fs::path(PANO_SOURCE_DIR) / "testdata";

// A recording as a fuzz program.
std::string Program(const std::vector<Turn>& turns, char protocol) {
  std::string out(1, protocol);
  for (const Turn& t : turns) {
    for (std::string_view rest = t.bytes; !rest.empty();) {
      const size_t size = std::min<size_t>(rest.size(), 0xffff);
      out += static_cast<char>(t.to_server ? 0 : 1);
      out += static_cast<char>(size & 0xff);
      out += static_cast<char>(size >> 8);
      out += rest.substr(0, size);
      rest.remove_prefix(size);
    }
  }
  return out;
}

TEST(Corpus, EveryInputBalances) {
  size_t inputs = 0;
  ASSERT_TRUE(fs::exists(kData / "corpus" / "session"));
  for (const auto& entry : fs::recursive_directory_iterator(kData / "corpus" / "session")) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    EXPECT_TRUE(RunFuzzProgram(AsBytes(bytes))) << entry.path();
    ++inputs;
  }
  EXPECT_GT(inputs, 0u);
}

TEST(Corpus, MutatedRecordingsBalance) {
  std::mt19937 random(1);
  for (const fs::path& file : ExchangeFiles(kData / "exchange")) {
    const std::vector<Turn> turns = LoadExchange(file);
    for (int round = 0; round < 60; ++round) {
      const auto pick = static_cast<char>(round % 3 == 0 ? 0xe0 : static_cast<int>(random() % 8));
      std::string bytes = Program(turns, round % 3 == 1 ? static_cast<char>(0xd0) : pick);
      const size_t changes = 1 + random() % 20;
      for (size_t i = 0; i < changes; ++i) {
        bytes[1 + random() % (bytes.size() - 1)] = static_cast<char>(random());
      }
      ASSERT_TRUE(RunFuzzProgram(AsBytes(bytes))) << file << " round " << round;
    }
  }
}

}  // namespace
}  // namespace pano::session
