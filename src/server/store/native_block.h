// SPDX-License-Identifier: Apache-2.0
// Encodes blocks in ClickHouse's Native format (docs: "Native" under Interfaces/Formats): columns
// one after the other, each as name, type, values. Accepted alike by chDB, ClickHouse and 18.16.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/exp_histogram.h"
#include "base/ip_address.h"

namespace pano::store {

// Values of one column, in the order of the rows. Made once per block, appended to per row.
// The Put that fits the type is the caller's to choose.
class NativeColumn {
 public:
  NativeColumn(std::string name, std::string type)
      : name_(std::move(name)), type_(std::move(type)) {}

  // Fixed-width numbers of exactly the column's width.
  template <typename T>
  void Put(T value) {
    static_assert(std::is_arithmetic_v<T>);
    data_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void PutIp(const IpAddress& ip);
  void PutString(std::string_view value);
  // LowCardinality(String): the dictionary is built here, its index is as wide as it must be.
  void PutLowCardinality(std::string_view value);
  // Array(T): the elements are appended, the end of this row's array is noted.
  template <typename T>
  void PutElement(T value) {
    Put(value);
    ++elements_;
  }
  void PutIpElement(const IpAddress& ip) {
    PutIp(ip);
    ++elements_;
  }
  void EndArray() { offsets_.push_back(elements_); }

  void AppendTo(std::string& out) const;
  void Clear();
  const std::string& name() const { return name_; }
  const std::string& type() const { return type_; }

 private:
  void AppendLowCardinality(std::string& out) const;

  std::string name_;
  std::string type_;
  std::string data_;
  uint64_t elements_ = 0;
  std::vector<uint64_t> offsets_;  // arrays only
  std::vector<std::string> keys_;  // LowCardinality only
  std::unordered_map<std::string, uint32_t> key_index_;
  std::vector<uint32_t> indexes_;
};

std::string EncodeBlock(std::span<const NativeColumn> columns, uint64_t rows);
// Rows of the first block of `block`; 0 when it is malformed.
uint64_t BlockRows(std::string_view block);

}  // namespace pano::store
