// SPDX-License-Identifier: Apache-2.0
#include "base/varint.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace pano {
namespace {

const std::vector<uint64_t> kEdges{
    0, 1, 127, 128, 16'383, 16'384, UINT32_MAX, std::numeric_limits<uint64_t>::max()};

TEST(Varint, ComesBackBothWays) {
  std::string bytes;
  for (const uint64_t value : kEdges) PutVarint(bytes, value);
  EXPECT_EQ(bytes.substr(0, 5), std::string("\x00\x01\x7f\x80\x01", 5));
  Cursor in(AsBytes(bytes));
  const char* at = bytes.data();
  for (const uint64_t value : kEdges) {
    EXPECT_EQ(TakeVarint(in), value);
    EXPECT_EQ(TakeOwnVarint(at), value);
  }
  EXPECT_EQ(in.remaining(), 0u);
  EXPECT_FALSE(in.failed());
  EXPECT_EQ(at, bytes.data() + bytes.size());
}

TEST(Varint, CutOffOrEndlessFails) {
  std::string bytes;
  PutVarint(bytes, kEdges.back());
  for (size_t size = 0; size < bytes.size(); ++size) {
    Cursor cut(AsBytes(std::string_view(bytes).substr(0, size)));
    TakeVarint(cut);
    EXPECT_TRUE(cut.failed()) << size;
  }
  const std::string endless(11, '\x80');
  Cursor in(AsBytes(endless));
  EXPECT_EQ(TakeVarint(in), 0u);
  EXPECT_TRUE(in.failed());
}

TEST(Varint, SparseTellsWhichAreThere) {
  std::string bytes;
  PutSparse(bytes, std::array<uint64_t, 4>{0, 7, 0, 300});
  EXPECT_EQ(bytes, std::string("\x0a\x07\xac\x02", 4));
}

}  // namespace
}  // namespace pano
