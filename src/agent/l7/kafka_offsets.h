// SPDX-License-Identifier: Apache-2.0
// in: Fetch requests and responses of one connection  out: how far its consumer is behind
// A request says from which offset of a partition the consumer reads on, a response up to which
// there is something to read (high watermark). What lies between is its lag. Fetch sessions
// (KIP-227) name only partitions that changed: the others are remembered. A replica's fetches are
// no consumer's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "agent/l7/kafka_fields.h"
#include "agent/l7/message.h"

namespace pano::l7 {

class KafkaOffsets {
 public:
  // `f` stands after the header; a copy is read. Sets m.records, and m.lag where it is known.
  void OnFetch(int16_t version, KafkaFields f, Message& m);
  // Sets m.lag. What the bytes at hand do not hold keeps its last lag.
  void OnFetched(int16_t version, KafkaFields f, Message& m);

 private:
  struct Partition {
    int64_t offset = -1;   // the consumer reads on from here
    int64_t high = -1;     // there are records up to here, when last told
    int64_t lag() const {  // the most is beyond any log, and 1024 of them can be added
      return offset < 0 || high < offset ? 0 : std::min<int64_t>(high - offset, 1'000'000'000'000);
    }
    uint64_t named_ns = 0;  // when a request named it last
  };

  using Partitions = std::unordered_map<uint64_t, Partition>;  // by topic and number

  void ReadOn(uint64_t key, int64_t offset, const Partitions& before, Message& m);
  void Leave(int16_t version, KafkaFields& f);
  void ForgetOld(uint64_t now_ns);
  bool TakePartition(int16_t version, std::string_view topic, KafkaFields& f);

  int64_t Lag() const;  // of all partitions; -1: nothing is known of any

  Partitions partitions_;
  uint64_t next_forget_ns_ = 0;
  bool replica_ = false;
};

}  // namespace pano::l7
