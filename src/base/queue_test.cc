// SPDX-License-Identifier: Apache-2.0
#include "base/queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <thread>
#include <vector>

namespace pano {
namespace {

using std::chrono::milliseconds;

TEST(BoundedQueue, FullQueueRefusesAndKeepsItsOrder) {
  BoundedQueue<int> queue(3);
  EXPECT_TRUE(queue.Push(1));
  EXPECT_TRUE(queue.Push(2));
  EXPECT_TRUE(queue.Push(3));
  EXPECT_FALSE(queue.Push(4));
  EXPECT_EQ(queue.Pop(milliseconds(0)), 1);
  EXPECT_TRUE(queue.Push(5));
  EXPECT_EQ(queue.Pop(milliseconds(0)), 2);
  EXPECT_EQ(queue.Pop(milliseconds(0)), 3);
  EXPECT_EQ(queue.Pop(milliseconds(0)), 5);
  EXPECT_EQ(queue.Pop(milliseconds(0)), std::nullopt);
}

TEST(BoundedQueue, ClosedQueueDrainsThenEnds) {
  BoundedQueue<std::unique_ptr<int>> queue(2);
  EXPECT_TRUE(queue.Push(std::make_unique<int>(7)));
  queue.Close();
  EXPECT_FALSE(queue.Push(std::make_unique<int>(8)));
  EXPECT_EQ(**queue.Pop(milliseconds(0)), 7);
  EXPECT_FALSE(queue.Pop(milliseconds(10'000)).has_value());
}

TEST(BoundedQueue, NothingIsLostOrDoubledBetweenThreads) {
  BoundedQueue<int> queue(64);
  constexpr int kEach = 20'000;
  constexpr int kProducers = 3;
  std::vector<std::jthread> producers;
  producers.reserve(kProducers);
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([&queue] {
      for (int i = 1; i <= kEach; ++i) {
        while (!queue.Push(i)) std::this_thread::yield();
      }
    });
  }
  int64_t sums[2] = {};
  {
    std::vector<std::jthread> consumers;
    consumers.reserve(std::size(sums));
    for (int64_t& sum : sums) {
      consumers.emplace_back([&queue, &sum] {
        while (auto item = queue.Pop(milliseconds(10'000))) sum += *item;
      });
    }
    producers.clear();
    queue.Close();
  }
  EXPECT_EQ(sums[0] + sums[1], int64_t{kProducers} * kEach * (kEach + 1) / 2);
}

}  // namespace
}  // namespace pano
