// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// The layout a compiler gives these structs in C++ is the one the kernel side was compiled with:
// sizes are asserted in both languages, offsets of what other versions must find are pinned here.
#include <gtest/gtest.h>

#include <cstddef>

#include "bpf/abi/loss.h"
#include "bpf/abi/record.h"

namespace {

TEST(Abi, HeaderFieldsStayWhereRecordingsHaveThem) {
  EXPECT_EQ(offsetof(pano_header, time_ns), 0u);
  EXPECT_EQ(offsetof(pano_header, socket), 8u);
  EXPECT_EQ(offsetof(pano_header, tgid), 16u);
  EXPECT_EQ(offsetof(pano_header, tid), 20u);
  EXPECT_EQ(offsetof(pano_header, type), 24u);
  EXPECT_EQ(offsetof(pano_header, flags), 26u);
  EXPECT_EQ(offsetof(pano_header, order), 28u);
}

TEST(Abi, DataFieldsStayWhereRecordingsHaveThem) {
  EXPECT_EQ(offsetof(pano_data, length), 32u);
  EXPECT_EQ(offsetof(pano_data, tcp_seq), 36u);
  EXPECT_EQ(offsetof(pano_data, captured), 40u);
  EXPECT_EQ(offsetof(pano_data, direction), 48u);
  EXPECT_EQ(offsetof(pano_data_addressed, tuple), sizeof(pano_data));
}

TEST(Abi, TupleFieldsStayWhereRecordingsHaveThem) {
  EXPECT_EQ(offsetof(pano_tuple, remote), 16u);
  EXPECT_EQ(offsetof(pano_tuple, local_port), 32u);
  EXPECT_EQ(offsetof(pano_tuple, remote_port), 34u);
  EXPECT_EQ(offsetof(pano_tuple, netns), 36u);
  EXPECT_EQ(offsetof(pano_tuple, l4_protocol), 40u);
}

TEST(Abi, LossCausesFitTheirMap) { EXPECT_LT(PANO_LOSS_IO_URING_OVERLAP, PANO_LOSS_CAUSES); }

}  // namespace
