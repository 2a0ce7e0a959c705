// SPDX-License-Identifier: Apache-2.0
#include "server/store/table_block.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "server/store/ddl.h"

namespace pano::store {
namespace {

using schema::ColumnType;

template <typename T>
void PutCut(NativeColumn& column, uint64_t value) {
  column.Put(static_cast<T>(std::min<uint64_t>(value, std::numeric_limits<T>::max())));
}

}  // namespace

TableBlock::TableBlock(schema::TableId table, Dialect dialect) : table_(schema::Info(table).name) {
  for (const schema::Column& column : schema::Info(table).columns) types_.push_back(column.type);
  for (PhysicalColumn& column : PhysicalColumns(schema::Info(table), dialect)) {
    columns_.emplace_back(std::move(column.name), std::move(column.type));
  }
}

TableBlock& TableBlock::Number(uint64_t value) {
  assert(type_ < types_.size());
  NativeColumn& column = columns_[column_++];
  switch (types_[type_++]) {
    case ColumnType::kUInt8:
      PutCut<uint8_t>(column, value);
      break;
    case ColumnType::kUInt16:
      PutCut<uint16_t>(column, value);
      break;
    case ColumnType::kUInt32:
    case ColumnType::kSecond:
      PutCut<uint32_t>(column, value);
      break;
    case ColumnType::kUInt64:
      column.Put(value);
      break;
    case ColumnType::kInt32:
      PutCut<int32_t>(column, value);
      break;
    case ColumnType::kMicrosecond:
      PutCut<int64_t>(column, value);
      break;
    case ColumnType::kL7Protocol:
    case ColumnType::kL4Protocol:
    case ColumnType::kObservationPoint:
    case ColumnType::kResponseStatus:
    case ColumnType::kNodeKind:
    case ColumnType::kEventKind:
      PutCut<int8_t>(column, value);
      break;
    case ColumnType::kString:
    case ColumnType::kLowCardinality:
    case ColumnType::kIp:
    case ColumnType::kIpArray:
    case ColumnType::kHistogram:
      assert(!"not a number");
      break;
  }
  return *this;
}

TableBlock& TableBlock::Signed(int64_t value) {
  assert(types_[type_] == ColumnType::kInt32);
  constexpr int64_t kLow = std::numeric_limits<int32_t>::min();
  constexpr int64_t kHigh = std::numeric_limits<int32_t>::max();
  columns_[column_++].Put(static_cast<int32_t>(std::clamp(value, kLow, kHigh)));
  ++type_;
  return *this;
}

TableBlock& TableBlock::Text(std::string_view value) {
  NativeColumn& column = columns_[column_++];
  if (types_[type_++] == ColumnType::kLowCardinality) {
    column.PutLowCardinality(value);
  } else {
    column.PutString(value);
  }
  return *this;
}

TableBlock& TableBlock::Ip(const IpAddress& ip) {
  assert(types_[type_] == ColumnType::kIp);
  columns_[column_++].PutIp(ip);
  ++type_;
  return *this;
}

TableBlock& TableBlock::Ips(const std::vector<IpAddress>& ips) {
  assert(types_[type_] == ColumnType::kIpArray);
  NativeColumn& column = columns_[column_++];
  for (const IpAddress& ip : ips) column.PutIpElement(ip);
  column.EndArray();
  ++type_;
  return *this;
}

TableBlock& TableBlock::Histogram(const ExpHistogram& histogram) {
  assert(types_[type_] == ColumnType::kHistogram);
  NativeColumn& buckets = columns_[column_++];
  NativeColumn& counts = columns_[column_++];
  for (const HistogramEntry& entry : histogram.entries()) {
    buckets.PutElement(entry.bucket);
    counts.PutElement(entry.count);
  }
  buckets.EndArray();
  counts.EndArray();
  ++type_;
  return *this;
}

void TableBlock::EndRow() {
  assert(type_ == types_.size() && column_ == columns_.size());
  type_ = 0;
  column_ = 0;
  ++rows_;
}

std::string TableBlock::Take() {
  std::string block = EncodeBlock(columns_, rows_);
  for (NativeColumn& column : columns_) column.Clear();
  rows_ = 0;
  return block;
}

}  // namespace pano::store
