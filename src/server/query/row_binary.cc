// SPDX-License-Identifier: Apache-2.0
#include "server/query/row_binary.h"

#include <algorithm>
#include <array>

namespace pano::query {

uint64_t RowReader::Varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = Number<uint8_t>();
    value |= uint64_t{byte & 0x7fu} << shift;
    if ((byte & 0x80u) == 0) return value;
  }
  ok_ = false;
  return 0;
}

std::string RowReader::Text() {
  const uint64_t size = Varint();
  if (!Need(size)) return {};
  std::string out(rest_.substr(0, size));
  rest_.remove_prefix(size);
  return out;
}

IpAddress RowReader::Ip() {
  IpAddress ip;
  if (Need(ip.bytes.size())) {
    std::memcpy(ip.bytes.data(), rest_.data(), ip.bytes.size());
    rest_.remove_prefix(ip.bytes.size());
  }
  return ip;
}

ExpHistogram RowReader::Histogram() {
  ExpHistogram out;
  const uint64_t buckets = Varint();
  if (buckets > kHistogramBuckets) ok_ = false;
  std::array<uint16_t, kHistogramBuckets> keys{};
  for (size_t i = 0; i < buckets && ok_; ++i) keys[i] = Number<uint16_t>();
  if (Varint() != buckets) ok_ = false;
  for (size_t i = 0; i < buckets && ok_; ++i) {
    const uint64_t count = Number<uint64_t>();
    if (keys[i] >= kHistogramBuckets) ok_ = false;
    if (ok_) out.AddBucket(keys[i], static_cast<uint32_t>(std::min<uint64_t>(count, UINT32_MAX)));
  }
  return out;
}

}  // namespace pano::query
