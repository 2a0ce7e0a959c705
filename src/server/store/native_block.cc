// SPDX-License-Identifier: Apache-2.0
#include "server/store/native_block.h"

#include "base/cursor.h"
#include "base/varint.h"

namespace pano::store {
namespace {

template <typename T>
void PutFixed(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void PutText(std::string& out, std::string_view text) {
  PutVarint(out, text.size());
  out.append(text);
}

}  // namespace

void NativeColumn::PutIp(const IpAddress& ip) {
  data_.append(reinterpret_cast<const char*>(ip.bytes.data()), ip.bytes.size());
}

void NativeColumn::PutString(std::string_view value) { PutText(data_, value); }

void NativeColumn::PutLowCardinality(std::string_view value) {
  if (keys_.empty()) {  // key 0 is the type's default value
    keys_.emplace_back();
    key_index_.emplace(std::string(), 0);
  }
  const auto [at, added] =
      key_index_.try_emplace(std::string(value), static_cast<uint32_t>(keys_.size()));
  if (added) keys_.emplace_back(value);
  indexes_.push_back(at->second);
}

// Native form of LowCardinality: version 1, flags (own dictionary 0x200, to be merged into the
// table's 0x400, width of the index in the low byte), keys, indexes.
void NativeColumn::AppendLowCardinality(std::string& out) const {
  const int width = keys_.size() <= 0x100 ? 0 : keys_.size() <= 0x10000 ? 1 : 2;
  PutFixed<uint64_t>(out, 1);
  PutFixed<uint64_t>(out, 0x600u | static_cast<unsigned>(width));
  PutFixed<uint64_t>(out, keys_.size());
  for (const std::string& key : keys_) PutText(out, key);
  PutFixed<uint64_t>(out, indexes_.size());
  for (const uint32_t index : indexes_) {
    if (width == 0) PutFixed(out, static_cast<uint8_t>(index));
    if (width == 1) PutFixed(out, static_cast<uint16_t>(index));
    if (width == 2) PutFixed(out, index);
  }
}

void NativeColumn::AppendTo(std::string& out) const {
  PutText(out, name_);
  PutText(out, type_);
  if (!indexes_.empty()) {
    AppendLowCardinality(out);
    return;
  }
  for (const uint64_t offset : offsets_) PutFixed(out, offset);
  out.append(data_);
}

void NativeColumn::Clear() {
  data_.clear();
  elements_ = 0;
  offsets_.clear();
  keys_.clear();
  key_index_.clear();
  indexes_.clear();
}

std::string EncodeBlock(std::span<const NativeColumn> columns, uint64_t rows) {
  std::string out;
  PutVarint(out, columns.size());
  PutVarint(out, rows);
  for (const NativeColumn& column : columns) column.AppendTo(out);
  return out;
}

uint64_t BlockRows(std::string_view block) {
  Cursor in(AsBytes(block));
  TakeVarint(in);  // columns
  const uint64_t rows = TakeVarint(in);
  return in.failed() ? 0 : rows;
}

}  // namespace pano::store
