// SPDX-License-Identifier: Apache-2.0
// Reads ClickHouse's RowBinary format: the values of a row one after the other, without padding.
// A read past the end makes the reader bad and gives zero; check ok() once per row.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/exp_histogram.h"
#include "base/ip_address.h"

namespace pano::query {

class RowReader {
 public:
  explicit RowReader(std::string_view bytes) : rest_(bytes) {}

  bool Done() const { return rest_.empty() || !ok_; }
  bool ok() const { return ok_; }

  template <typename T>
  T Number() {
    T value{};
    if (Need(sizeof value)) {
      std::memcpy(&value, rest_.data(), sizeof value);
      rest_.remove_prefix(sizeof value);
    }
    return value;
  }
  uint64_t Varint();
  std::string Text();
  IpAddress Ip();
  // Tuple(Array(UInt16), Array(UInt64)): what sumMap gives.
  ExpHistogram Histogram();

 private:
  bool Need(size_t size) {
    ok_ = ok_ && size <= rest_.size();
    return ok_;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace pano::query
