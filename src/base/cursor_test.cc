// SPDX-License-Identifier: Apache-2.0
#include "base/cursor.h"

#include <gtest/gtest.h>

namespace pano {
namespace {

TEST(Cursor, ReadsBothByteOrders) {
  const std::string_view bytes("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c", 12);
  Cursor cursor(AsBytes(bytes));
  EXPECT_EQ(cursor.Big<uint16_t>(), 0x0102);
  EXPECT_EQ(cursor.Little<uint16_t>(), 0x0403);
  EXPECT_EQ(cursor.Big<uint32_t>(), 0x05060708u);
  EXPECT_EQ(cursor.Little<uint32_t>(), 0x0c0b0a09u);
  EXPECT_FALSE(cursor.failed());
  EXPECT_EQ(cursor.remaining(), 0u);
}

TEST(Cursor, EveryTruncationFailsAndStaysFailed) {
  const std::string_view bytes("\x01\x02\x03\x04\x05\x06\x07", 7);
  for (size_t length = 0; length < bytes.size(); ++length) {
    Cursor cursor(AsBytes(bytes.substr(0, length)));
    cursor.Big<uint32_t>();
    cursor.Big<uint16_t>();
    cursor.U8();
    EXPECT_TRUE(cursor.failed()) << length;
    EXPECT_EQ(cursor.U8(), 0);
    EXPECT_EQ(cursor.remaining(), 0u);
  }
}

TEST(Cursor, TakeBeyondTheEndAnswersNothing) {
  Cursor cursor(AsBytes("abc"));
  EXPECT_TRUE(cursor.Take(size_t{0} - 1).empty());
  EXPECT_TRUE(cursor.failed());
}

TEST(Cursor, SignedValuesKeepTheirSign) {
  Cursor cursor(AsBytes(std::string_view("\xff\xff\xff\xfe", 4)));
  EXPECT_EQ(cursor.Big<int32_t>(), -2);
}

}  // namespace
}  // namespace pano
