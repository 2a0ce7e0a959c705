// SPDX-License-Identifier: Apache-2.0
// Kafka protocol guide, Fetch API (key 1) versions 4 to 17.
#include "agent/l7/kafka_offsets.h"

#include <algorithm>
#include <functional>

namespace pano::l7 {
namespace {

constexpr int16_t kFirstVersion = 4;
constexpr int16_t kLastVersion = 17;
constexpr size_t kMaxPartitions = 1024;          // of one connection
constexpr uint32_t kMaxListed = 100'000;         // of anything in one message
constexpr int64_t kMaxStep = 10'000'000;         // a larger one is a seek
constexpr uint64_t kForgetNs = 120'000'000'000;  // longer than a consumer digests what it has
constexpr size_t kTopicId = 16;                  // bytes; it stands for the name since version 13

std::string_view Topic(int16_t version, KafkaFields& f) {
  return version >= 13 ? f.in().Text(kTopicId) : f.Text();
}

uint64_t KeyOf(std::string_view topic, int32_t partition) {
  return std::hash<std::string_view>()(topic) * 0x9e3779b97f4a7c15u ^
         static_cast<uint32_t>(partition);
}

}  // namespace

int64_t KafkaOffsets::Lag() const {
  int64_t sum = 0;
  bool known = false;
  for (const auto& [key, partition] : partitions_) {
    sum += partition.lag();
    known = known || partition.high >= 0;
  }
  return known ? sum : -1;
}

void KafkaOffsets::ReadOn(uint64_t key, int64_t offset, const Partitions& before, Message& m) {
  if (partitions_.size() >= kMaxPartitions && !partitions_.contains(key)) return;
  Partition& partition = partitions_[key];
  if (const auto old = before.find(key); old != before.end() && partition.offset < 0) {
    partition = old->second;
  }
  const int64_t step = offset - partition.offset;
  if (partition.offset >= 0 && step > 0 && step <= kMaxStep)
    m.records += static_cast<uint64_t>(step);
  partition.offset = offset;
  partition.named_ns = m.time_ns;
}

void KafkaOffsets::OnFetch(int16_t version, KafkaFields f, Message& m) {
  if (version < kFirstVersion || version > kLastVersion) return;
  replica_ = version < 15 && f.in().Big<int32_t>() >= 0;  // later a tagged field of replicas only
  if (replica_) return;
  f.in().Skip(4 + 4 + 4 + 1);        // longest wait, fewest and most bytes, isolation
  if (version >= 7) f.in().Skip(4);  // session
  const int32_t epoch = version >= 7 ? f.in().Big<int32_t>() : -1;
  if (f.in().failed()) return;
  // As a session begins its request names all that is read. Without one, a client leaves out what
  // it has enough of.
  Partitions before;
  if (epoch == 0) {
    before.swap(partitions_);
  }
  const uint32_t topics = std::min(f.Array(), kMaxListed);
  for (uint32_t t = 0; t < topics && !f.in().failed(); ++t) {
    const std::string_view topic = Topic(version, f);
    const uint32_t partitions = std::min(f.Array(), kMaxListed);
    for (uint32_t p = 0; p < partitions; ++p) {
      const auto number = f.in().Big<int32_t>();
      if (version >= 9) f.in().Skip(4);  // leader epoch
      const auto offset = f.in().Big<int64_t>();
      if (version >= 12) f.in().Skip(4);  // last fetched epoch
      if (version >= 5) f.in().Skip(8);   // log start
      f.in().Skip(4);                     // most bytes
      f.SkipTags();
      if (f.in().failed()) return;
      ReadOn(KeyOf(topic, number), offset, before, m);
    }
    f.SkipTags();
  }
  if (version >= 7 && epoch > 0) {
    Leave(version, f);
  } else {
    ForgetOld(m.time_ns);
  }
  m.lag = Lag();
}

// Partitions that leave the session.
void KafkaOffsets::Leave(int16_t version, KafkaFields& f) {
  const uint32_t topics = std::min(f.Array(), kMaxListed);
  for (uint32_t t = 0; t < topics && !f.in().failed(); ++t) {
    const std::string_view topic = Topic(version, f);
    const uint32_t partitions = std::min(f.Array(), kMaxListed);
    for (uint32_t p = 0; p < partitions && !f.in().failed(); ++p) {
      const uint64_t key = KeyOf(topic, f.in().Big<int32_t>());
      if (!f.in().failed()) partitions_.erase(key);
    }
    f.SkipTags();
  }
}

// Without a session nothing says that a consumer left a partition but its silence.
void KafkaOffsets::ForgetOld(uint64_t now_ns) {
  if (now_ns < next_forget_ns_) return;
  next_forget_ns_ = now_ns + kForgetNs / 4;
  std::erase_if(partitions_,
                [&](const auto& entry) { return entry.second.named_ns + kForgetNs <= now_ns; });
}

bool KafkaOffsets::TakePartition(int16_t version, std::string_view topic, KafkaFields& f) {
  const auto number = f.in().Big<int32_t>();
  const auto code = f.in().Big<int16_t>();
  const auto high_watermark = f.in().Big<int64_t>();
  if (f.in().failed()) return false;
  const auto known = partitions_.find(KeyOf(topic, number));
  if (known != partitions_.end() && code == 0 && high_watermark >= 0) {
    known->second.high = high_watermark;
  }
  f.in().Skip(8);                    // last stable offset
  if (version >= 5) f.in().Skip(8);  // log start
  const uint32_t aborted = std::min(f.Array(), kMaxListed);
  for (uint32_t i = 0; i < aborted && !f.in().failed(); ++i) {
    f.in().Skip(16);  // producer, first offset
    f.SkipTags();
  }
  if (version >= 11) f.in().Skip(4);  // preferred replica
  f.in().Skip(f.Size());
  f.SkipTags();
  return !f.in().failed();
}

void KafkaOffsets::OnFetched(int16_t version, KafkaFields f, Message& m) {
  if (version < kFirstVersion || version > kLastVersion || replica_ || partitions_.empty()) return;
  f.in().Skip(4);                        // throttle time
  if (version >= 7) f.in().Skip(2 + 4);  // error, session
  const uint32_t topics = std::min(f.Array(), kMaxListed);
  if (f.in().failed()) return;
  // Within a session nothing is told of a partition that has nothing new.
  if (topics == 0) {
    for (auto& [key, partition] : partitions_) partition.high = partition.offset;
  }
  for (uint32_t t = 0; t < topics && !f.in().failed(); ++t) {
    const std::string_view topic = Topic(version, f);
    const uint32_t partitions = std::min(f.Array(), kMaxListed);
    for (uint32_t p = 0; p < partitions; ++p) {
      if (!TakePartition(version, topic, f)) break;
    }
    f.SkipTags();
  }
  m.lag = Lag();
}

}  // namespace pano::l7
