// SPDX-License-Identifier: Apache-2.0
// What a broker does beyond the recordings: records leave from its files by sendfile, so that no
// more of a Fetch's response than its head is ever seen.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "agent/session/exchange_file.h"

namespace pano::session {
namespace {

const auto kFetch =
    std::filesystem::path(PANO_SOURCE_DIR) / "testdata" / "exchange" / "kafka" / "fetch.txt";

// Plays the recording; of each response no more than `head` bytes are seen, in a call of their own.
struct Played {
  explicit Played(size_t head) {
    for (const Turn& t : LoadExchange(kFetch)) {
      const std::string_view bytes = t.bytes;
      if (t.to_server || bytes.size() <= head) {
        wire.Feed(t.to_server, bytes, t.time_ns);
      } else {
        wire.Feed(false, bytes.substr(0, head), t.time_ns);
        wire.Feed(false, {}, t.time_ns + 1000, bytes.size() - head);
      }
    }
  }
  std::vector<std::string> Lines() const {
    std::vector<std::string> out;
    for (const Request& r : sink.Finished()) {
      out.push_back(r.endpoint + " " + std::string(schema::Name(r.status)));
    }
    return out;
  }
  uint64_t Counter(std::string_view name) const {
    for (const auto& [key, value] : tracker.Counters()) {
      if (key == name) return value;
    }
    return 0;
  }
  KeepingSink sink;
  Tracker tracker{{}, sink};
  Feeder wire{tracker};
};

TEST(KafkaTest, ResponsesWhoseRecordsAreNeverSeenAreAnswers) {
  const Played whole(1 << 20);
  ASSERT_GT(whole.sink.Finished().size(), 5u);
  for (const size_t head : {8u, 40u, 58u, 76u}) {
    const Played cut(head);
    EXPECT_EQ(cut.Lines(), whole.Lines()) << head;
    EXPECT_EQ(cut.Counter("l7_gap_in_headers"), 0u) << head;
    EXPECT_EQ(cut.Counter("l7_request_lost"), whole.Counter("l7_request_lost")) << head;
    const auto last = cut.sink.Finished().back();
    EXPECT_EQ(last.response_length, whole.sink.Finished().back().response_length);
  }
}

// The recording: a topic of two partitions with three records each, read from the beginning. Asked
// is from (1: 0), (1: 1, 0: 0), (0: 1, 1: 3), (1: 3, 0: 3); the last is not answered.
TEST(KafkaTest, SaysHowFarAConsumerIsBehind) {
  KeepingSink sink;
  Tracker tracker{{}, sink};
  Feeder wire{tracker};
  std::vector<uint64_t> lags;
  for (const Turn& t : LoadExchange(kFetch)) {
    wire.Feed(t.to_server, t.bytes, t.time_ns);
    const uint64_t lag = tracker.Facts(1).consumer_lag;
    if (lags.empty() || lags.back() != lag) lags.push_back(lag);
  }
  EXPECT_EQ(lags, (std::vector<uint64_t>{0, 3, 2, 5, 2, 0}));
  std::vector<uint64_t> records;
  for (const Request& r : sink.Finished()) {
    if (r.request_type == "Fetch") records.push_back(r.records);
  }
  EXPECT_EQ(records, (std::vector<uint64_t>{0, 1, 3}));
}

TEST(KafkaTest, AResponseWithoutItsCorrelationIsLost) {
  const Played cut(6);
  EXPECT_LT(cut.sink.Finished().size(), Played(1 << 20).sink.Finished().size());
  EXPECT_GT(cut.Counter("l7_gap_in_headers"), 0u);
}

}  // namespace
}  // namespace pano::session
