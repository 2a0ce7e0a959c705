// SPDX-License-Identifier: Apache-2.0
#include "agent/l7/hpack.h"

#include <algorithm>
#include <array>
#include <span>

#include "agent/l7/huffman.h"

namespace pano::l7 {
namespace {

constexpr size_t kMaxKept =
    size_t{64} * 1024;                 // table bytes per direction, whatever the peers agree on
constexpr size_t kMaxValue = 1024;     // characters kept of a name or a value
constexpr size_t kEntryOverhead = 32;  // 4.1

// Appendix A.
constexpr std::array<HeaderField, 61> kStatic{{
    {":authority", ""},
    {":method", "GET"},
    {":method", "POST"},
    {":path", "/"},
    {":path", "/index.html"},
    {":scheme", "http"},
    {":scheme", "https"},
    {":status", "200"},
    {":status", "204"},
    {":status", "206"},
    {":status", "304"},
    {":status", "400"},
    {":status", "404"},
    {":status", "500"},
    {"accept-charset", ""},
    {"accept-encoding", "gzip, deflate"},
    {"accept-language", ""},
    {"accept-ranges", ""},
    {"accept", ""},
    {"access-control-allow-origin", ""},
    {"age", ""},
    {"allow", ""},
    {"authorization", ""},
    {"cache-control", ""},
    {"content-disposition", ""},
    {"content-encoding", ""},
    {"content-language", ""},
    {"content-length", ""},
    {"content-location", ""},
    {"content-range", ""},
    {"content-type", ""},
    {"cookie", ""},
    {"date", ""},
    {"etag", ""},
    {"expect", ""},
    {"expires", ""},
    {"from", ""},
    {"host", ""},
    {"if-match", ""},
    {"if-modified-since", ""},
    {"if-none-match", ""},
    {"if-range", ""},
    {"if-unmodified-since", ""},
    {"last-modified", ""},
    {"link", ""},
    {"location", ""},
    {"max-forwards", ""},
    {"proxy-authenticate", ""},
    {"proxy-authorization", ""},
    {"range", ""},
    {"referer", ""},
    {"refresh", ""},
    {"retry-after", ""},
    {"server", ""},
    {"set-cookie", ""},
    {"strict-transport-security", ""},
    {"transfer-encoding", ""},
    {"user-agent", ""},
    {"vary", ""},
    {"via", ""},
    {"www-authenticate", ""},
}};

// 5.1. False when the bytes end or the number is absurd.
bool ReadInteger(Cursor& in, uint8_t first, int prefix, uint64_t& value) {
  const auto mask = static_cast<uint8_t>((1u << prefix) - 1);
  value = first & mask;
  if (value < mask) return true;
  for (int shift = 0; shift <= 28; shift += 7) {
    const uint8_t byte = in.U8();
    if (in.failed()) return false;
    value += static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

struct Text {
  std::string_view view;
  size_t size = 0;  // in full, as the table counts it
};

bool ReadString(Cursor& in, std::span<char> room, Text& text) {
  const uint8_t first = in.U8();
  uint64_t size = 0;
  if (in.failed() || !ReadInteger(in, first, 7, size) || size > in.remaining()) return false;
  const Bytes raw = in.Take(static_cast<size_t>(size));
  if ((first & 0x80) == 0) {
    text = {AsText(raw).substr(0, kMaxValue), raw.size()};
    return true;
  }
  const auto decoded = DecodeHuffman(raw, room);
  if (!decoded) return false;
  text = {{room.data(), decoded->stored}, decoded->size};
  return true;
}

}  // namespace

bool HpackDecoder::Decode(Bytes block, FieldSink& sink) {
  if (DecodeBlock(block, sink)) return true;
  Forget();
  return false;
}

bool HpackDecoder::DecodeBlock(Bytes block, FieldSink& sink) {
  std::array<char, kMaxValue> name_room;
  std::array<char, kMaxValue> value_room;
  Cursor in(block);
  while (in.remaining() > 0) {
    const uint8_t first = in.U8();
    uint64_t number = 0;
    if (first & 0x80) {  // 6.1 indexed field
      if (!ReadInteger(in, first, 7, number) || number == 0) return false;
      sink.OnField(Lookup(number));
      continue;
    }
    if ((first & 0xe0) == 0x20) {  // 6.3 table size update
      if (!ReadInteger(in, first, 5, number)) return false;
      Evict(static_cast<size_t>(std::min<uint64_t>(number, kMaxKept)));
      limit_ = static_cast<size_t>(std::clamp<uint64_t>(number, limit_, kMaxKept));
      continue;
    }
    const bool insert = (first & 0x40) != 0;  // 6.2.1; otherwise 6.2.2, 6.2.3
    if (!ReadInteger(in, first, insert ? 6 : 4, number)) return false;
    Text name;
    if (number == 0) {
      if (!ReadString(in, name_room, name)) return false;
    } else {
      name.view = Lookup(number).name;
      name.size = name.view.size();
    }
    Text value;
    if (!ReadString(in, value_room, value)) return false;
    const HeaderField field{name.view, value.view, true};
    sink.OnField(field);
    if (insert) Insert(field, name.size, value.size);
  }
  return !in.failed();
}

HeaderField HpackDecoder::Lookup(uint64_t index) const {
  if (index == 0) return {{}, {}, false};
  if (index <= kStatic.size()) return kStatic[static_cast<size_t>(index - 1)];
  const uint64_t at = index - kStatic.size() - 1;
  if (at >= table_.size()) return {{}, {}, false};
  const Entry& entry = table_[static_cast<size_t>(at)];
  return {entry.name, entry.value, entry.value_known};
}

void HpackDecoder::Insert(const HeaderField& field, size_t name_size, size_t value_size) {
  const size_t size = name_size + value_size + kEntryOverhead;
  if (size > limit_) return Evict(0);  // 4.4: larger than the table empties it
  // Copied first: the field may view an entry that the eviction drops.
  Entry entry{std::string(field.name), std::string(field.value), field.value_known,
              static_cast<uint32_t>(size)};
  Evict(limit_ - size);
  bytes_ += size;
  table_.push_front(std::move(entry));
}

void HpackDecoder::Evict(size_t limit) {
  while (bytes_ > limit && !table_.empty()) {
    bytes_ -= table_.back().size;
    table_.pop_back();
  }
}

void HpackDecoder::Forget() {
  table_.clear();
  bytes_ = 0;
}

void HpackDecoder::SetLimit(uint32_t bytes) {
  limit_ = std::clamp<size_t>(bytes, limit_, kMaxKept);
}

}  // namespace pano::l7
