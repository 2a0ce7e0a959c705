// SPDX-License-Identifier: Apache-2.0
#include "agent/decode/decode.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "bpf/abi/record.h"

namespace pano::decode {
namespace {

template <typename T>
std::vector<std::byte> BytesOf(const T& record, const std::string& payload = {}) {
  std::vector<std::byte> out(sizeof(record) + payload.size());
  std::memcpy(out.data(), &record, sizeof(record));
  std::memcpy(out.data() + sizeof(record), payload.data(), payload.size());
  return out;
}

pano_tuple Tuple() {
  pano_tuple tuple{};
  const uint8_t local[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1};
  const uint8_t remote[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2};
  std::memcpy(tuple.local, local, 16);
  std::memcpy(tuple.remote, remote, 16);
  tuple.local_port = 80;
  tuple.remote_port = 40000;
  tuple.netns = 4026531840;
  tuple.l4_protocol = 6;
  tuple.role = PANO_ROLE_SERVER;
  return tuple;
}

pano_header Header(uint16_t type) {
  pano_header header{};
  header.type = type;
  header.time_ns = 1234;
  header.socket = 99;
  header.tgid = 7;
  header.tid = 8;
  return header;
}

pano_data Data(uint32_t length, uint32_t captured) {
  pano_data data{};
  data.header = Header(PANO_DATA);
  data.length = length;
  data.captured = captured;
  data.tcp_seq = 55;
  data.direction = PANO_RX;
  data.waited_us = 17;
  return data;
}

Verdict DecodeBytes(const std::vector<std::byte>& bytes, Event* out) {
  return Decode(source::RawRecord{bytes}, out);
}

TEST(Decode, OpenCarriesTheTuple) {
  pano_open open{Header(PANO_OPEN), Tuple()};
  open.header.flags = PANO_FLAG_EXISTING;
  Event event;
  ASSERT_EQ(DecodeBytes(BytesOf(open), &event), Verdict::kEvent);
  EXPECT_EQ(event.type, EventType::kOpen);
  EXPECT_EQ(event.socket, 99u);
  EXPECT_EQ(event.tgid, 7u);
  ASSERT_TRUE(event.has_tuple);
  EXPECT_EQ(event.tuple.local.ToString(), "10.0.0.1");
  EXPECT_EQ(event.tuple.remote.ToString(), "10.0.0.2");
  EXPECT_EQ(event.tuple.local_port, 80);
  EXPECT_EQ(event.tuple.netns, 4026531840u);
  EXPECT_EQ(event.role, Role::kServer);
  EXPECT_TRUE(event.existing);
}

TEST(Decode, DataShowsThePayloadAndNotTheRestOfItsSlot) {
  Event event;
  const auto bytes = BytesOf(Data(1000, 4), "GET  rest of the slot");
  ASSERT_EQ(DecodeBytes(bytes, &event), Verdict::kEvent);
  EXPECT_EQ(event.type, EventType::kData);
  EXPECT_EQ(event.direction, Direction::kRx);
  EXPECT_EQ(event.length, 1000u);
  EXPECT_EQ(AsText(event.payload), "GET ");
  EXPECT_EQ(event.tcp_seq, 55u);
  EXPECT_EQ(event.waited_us, 17u);
  EXPECT_FALSE(event.has_tuple);
}

TEST(Decode, AddressedDataCarriesTupleAndPayload) {
  pano_data_addressed record{Data(5, 5), Tuple()};
  record.data.header.type = PANO_DATA_ADDRESSED;
  record.tuple.l4_protocol = 17;
  Event event;
  const auto bytes = BytesOf(record, "query");
  ASSERT_EQ(DecodeBytes(bytes, &event), Verdict::kEvent);
  EXPECT_TRUE(event.has_tuple);
  EXPECT_EQ(event.tuple.l4_protocol, schema::L4Protocol::kUdp);
  EXPECT_EQ(AsText(event.payload), "query");
}

TEST(Decode, ClaimsBeyondTheRecordAreRefused) {
  Event event;
  EXPECT_EQ(DecodeBytes(BytesOf(Data(1000, 10), "short"), &event), Verdict::kTooShort);
  EXPECT_EQ(DecodeBytes(BytesOf(Data(3, 4), "more than moved"), &event), Verdict::kMalformed);
  pano_data sideways = Data(1, 1);
  sideways.direction = 2;
  EXPECT_EQ(DecodeBytes(BytesOf(sideways, "x"), &event), Verdict::kMalformed);
  pano_open strange{Header(PANO_OPEN), Tuple()};
  strange.tuple.l4_protocol = 132;
  EXPECT_EQ(DecodeBytes(BytesOf(strange), &event), Verdict::kMalformed);
  EXPECT_EQ(DecodeBytes(BytesOf(Header(4711)), &event), Verdict::kUnknown);
}

TEST(Decode, FailedConnect) {
  pano_connected record{};
  record.header = Header(PANO_CONNECTED);
  record.error = 111;
  record.reset = 1;
  record.latency_ns = 28000;
  record.syn_retrans = 2;
  Event event;
  ASSERT_EQ(DecodeBytes(BytesOf(record), &event), Verdict::kEvent);
  EXPECT_EQ(event.error, 111);
  EXPECT_TRUE(event.reset);
  EXPECT_EQ(event.latency_ns, 28000u);
  EXPECT_EQ(event.syn_retrans, 2u);
}

TEST(Decode, FinalCounters) {
  pano_closed record{};
  record.header = Header(PANO_CLOSED);
  record.stats = {1, 2, 3, 4, 5, 6, 7, 8};
  Event event;
  ASSERT_EQ(DecodeBytes(BytesOf(record), &event), Verdict::kEvent);
  EXPECT_EQ(event.type, EventType::kClosed);
  EXPECT_EQ(event.stats.byte_tx, 1u);
  EXPECT_EQ(event.stats.byte_rx, 2u);
  EXPECT_EQ(event.stats.packet_tx, 3u);
  EXPECT_EQ(event.stats.packet_rx, 4u);
  EXPECT_EQ(event.stats.retrans, 5u);
  EXPECT_EQ(event.stats.ooo_rx, 6u);
  EXPECT_EQ(event.stats.zero_win_tx, 7u);
  EXPECT_EQ(event.stats.srtt_us, 8u);
}

// Every type, cut at every length: never more than what is there is read, and a whole record
// decodes.
TEST(Decode, EveryCutOfEveryTypeIsHandled) {
  for (uint16_t type = 0; type < 20; ++type) {
    pano_data_addressed biggest{Data(8, 8), Tuple()};
    biggest.data.header.type = type;
    const auto whole = BytesOf(biggest, "payload!");
    for (size_t cut = 0; cut <= whole.size(); ++cut) {
      const std::vector<std::byte> bytes(whole.begin(), whole.begin() + static_cast<long>(cut));
      Event event;
      if (DecodeBytes(bytes, &event) != Verdict::kEvent) continue;
      EXPECT_GE(cut, sizeof(pano_header));
      if (!event.payload.empty()) {
        EXPECT_GE(event.payload.data(), bytes.data());
        EXPECT_LE(event.payload.data() + event.payload.size(), bytes.data() + bytes.size());
      }
    }
  }
}

}  // namespace
}  // namespace pano::decode
