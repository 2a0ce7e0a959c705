// SPDX-License-Identifier: Apache-2.0
// Rings laid out in memory as the kernel lays them out.
#include "agent/source/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <vector>

#include "bpf/abi/record.h"

namespace pano::source {
namespace {

using ::testing::ElementsAre;

constexpr uint64_t kNoCutoff = ~uint64_t{0};

// The kernel's side of a ring: writes records, wraps by a second mapping (here: a second copy).
class FakeKernelRing {
 public:
  static constexpr uint64_t kSize = 4096;
  static constexpr uint32_t kBusy = 1u << 31;
  static constexpr uint32_t kDiscarded = 1u << 30;

  FakeKernelRing() : data_(2 * kSize) {}
  Ring Reader() { return Ring(Ring::Pages{&consumer_, &producer_, data_.data(), kSize}); }
  // Answers the position of the record's head.
  uint64_t Write(Bytes bytes, uint32_t flags = 0) {
    const uint64_t at = producer_;
    const uint32_t head[2] = {static_cast<uint32_t>(bytes.size()) | flags, 0};
    Put(at, Bytes(reinterpret_cast<const std::byte*>(head), sizeof(head)));
    Put(at + sizeof(head), bytes);
    producer_ += (bytes.size() + sizeof(head) + 7) & ~uint64_t{7};
    EXPECT_LE(producer_ - consumer_, kSize) << "the test overruns its ring";
    return at;
  }
  uint64_t WriteHeader(uint64_t time_ns, uint32_t order, uint32_t flags = 0) {
    pano_header header{};
    header.time_ns = time_ns;
    header.order = order;
    return Write(Bytes(reinterpret_cast<const std::byte*>(&header), sizeof(header)), flags);
  }
  void Commit(uint64_t at, uint32_t length) {
    const uint32_t head = length;
    Put(at, Bytes(reinterpret_cast<const std::byte*>(&head), sizeof(head)));
  }
  uint64_t consumed() const { return consumer_; }

 private:
  void Put(uint64_t at, Bytes bytes) {
    for (size_t i = 0; i < bytes.size(); ++i) {
      const uint64_t place = (at + i) & (kSize - 1);
      data_[place] = bytes[i];
      data_[place + kSize] = bytes[i];
    }
  }

  uint64_t consumer_ = 0;
  uint64_t producer_ = 0;
  std::vector<std::byte> data_;
};

std::vector<uint64_t> Drain(Merge* merge, uint64_t cutoff_ns = kNoCutoff) {
  std::vector<uint64_t> times;
  merge->Drain(
      [&times](const RawRecord& record) {
        pano_header header;
        ASSERT_GE(record.bytes.size(), sizeof(header));
        std::memcpy(&header, record.bytes.data(), sizeof(header));
        times.push_back(header.time_ns * 10 + header.order);
      },
      cutoff_ns);
  return times;
}

Merge MergeOf(std::vector<std::unique_ptr<FakeKernelRing>>* kernels, size_t count) {
  std::vector<Ring> rings;
  for (size_t i = 0; i < count; ++i) {
    kernels->push_back(std::make_unique<FakeKernelRing>());
    rings.push_back(kernels->back()->Reader());
  }
  return Merge(std::move(rings));
}

TEST(Merge, RecordsOfSeveralRingsComeInOrderOfTime) {
  std::vector<std::unique_ptr<FakeKernelRing>> kernels;
  Merge merge = MergeOf(&kernels, 3);
  kernels[0]->WriteHeader(10, 0);
  kernels[0]->WriteHeader(40, 0);
  kernels[1]->WriteHeader(20, 0);
  kernels[2]->WriteHeader(30, 0);
  kernels[2]->WriteHeader(50, 0);
  EXPECT_THAT(Drain(&merge), ElementsAre(100, 200, 300, 400, 500));
}

TEST(Merge, EqualTimesKeepTheOrderOfTheSocket) {
  std::vector<std::unique_ptr<FakeKernelRing>> kernels;
  Merge merge = MergeOf(&kernels, 2);
  kernels[0]->WriteHeader(10, 2);
  kernels[1]->WriteHeader(10, 1);
  kernels[1]->WriteHeader(10, 3);
  EXPECT_THAT(Drain(&merge), ElementsAre(101, 102, 103));
}

TEST(Merge, WhatIsTooYoungWaits) {
  std::vector<std::unique_ptr<FakeKernelRing>> kernels;
  Merge merge = MergeOf(&kernels, 2);
  kernels[0]->WriteHeader(10, 0);
  kernels[0]->WriteHeader(30, 0);
  kernels[1]->WriteHeader(20, 0);
  EXPECT_THAT(Drain(&merge, 25), ElementsAre(100, 200));
  kernels[1]->WriteHeader(28, 0);
  EXPECT_THAT(Drain(&merge), ElementsAre(280, 300));
}

TEST(Merge, AnUncommittedRecordHoldsItsRingOnly) {
  std::vector<std::unique_ptr<FakeKernelRing>> kernels;
  Merge merge = MergeOf(&kernels, 2);
  const uint64_t at = kernels[0]->WriteHeader(10, 0, FakeKernelRing::kBusy);
  kernels[0]->WriteHeader(11, 0);
  kernels[1]->WriteHeader(20, 0);
  EXPECT_THAT(Drain(&merge), ElementsAre(200));
  kernels[0]->Commit(at, sizeof(pano_header));
  EXPECT_THAT(Drain(&merge), ElementsAre(100, 110));
}

TEST(Merge, DiscardedRecordsArePassedAndShortOnesCounted) {
  std::vector<std::unique_ptr<FakeKernelRing>> kernels;
  Merge merge = MergeOf(&kernels, 1);
  kernels[0]->WriteHeader(10, 0, FakeKernelRing::kDiscarded);
  kernels[0]->Write(AsBytes("short"));
  kernels[0]->WriteHeader(20, 0);
  EXPECT_THAT(Drain(&merge), ElementsAre(200));
  EXPECT_EQ(merge.malformed(), 1u);
}

TEST(Merge, RoomIsGivenBackAndTheRingWraps) {
  std::vector<std::unique_ptr<FakeKernelRing>> kernels;
  Merge merge = MergeOf(&kernels, 1);
  const std::vector<std::byte> filler(700);
  for (uint64_t i = 1; i < 40; ++i) {
    std::vector<std::byte> record(filler);
    pano_header header{};
    header.time_ns = i;
    std::memcpy(record.data(), &header, sizeof(header));
    kernels[0]->Write(record);
    EXPECT_THAT(Drain(&merge), ElementsAre(i * 10));
  }
  EXPECT_GT(kernels[0]->consumed(), 2 * FakeKernelRing::kSize);
}

}  // namespace
}  // namespace pano::source
