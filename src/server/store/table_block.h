// SPDX-License-Identifier: Apache-2.0
// The rows of one table on their way into one Native block. Values are put in the order of the
// table's columns (schema/table.h); numbers too large for their column are cut to its largest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/exp_histogram.h"
#include "base/ip_address.h"
#include "schema/table.h"
#include "server/store/native_block.h"
#include "server/store/store.h"

namespace pano::store {

class TableBlock {
 public:
  TableBlock(schema::TableId table, Dialect dialect);

  TableBlock& Number(uint64_t value);
  TableBlock& Signed(int64_t value);
  TableBlock& Text(std::string_view value);
  TableBlock& Ip(const IpAddress& ip);
  TableBlock& Ips(const std::vector<IpAddress>& ips);
  TableBlock& Histogram(const ExpHistogram& histogram);
  void EndRow();  // every column has its value

  const std::string& table() const { return table_; }
  uint64_t rows() const { return rows_; }
  std::string Take();  // the block; empty again afterwards

 private:
  std::string table_;
  std::vector<schema::ColumnType> types_;  // per logical column
  std::vector<NativeColumn> columns_;      // physical: a histogram is two
  size_t type_ = 0;
  size_t column_ = 0;
  uint64_t rows_ = 0;
};

}  // namespace pano::store
