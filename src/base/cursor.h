// SPDX-License-Identifier: Apache-2.0
// Bounds-checked reading of wire bytes. A failed read leaves the cursor at the end and sets
// failed(): callers may read several fields and test once. Nothing is ever read past the span.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace pano {

using Bytes = std::span<const std::byte>;

inline Bytes AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view AsText(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <typename T>
concept WireInt = std::integral<T> && !std::same_as<T, bool>;

template <WireInt T>
constexpr T ByteSwap(T value) {
  if constexpr (sizeof(T) == 1) return value;
  if constexpr (sizeof(T) == 2)
    return static_cast<T>(__builtin_bswap16(static_cast<uint16_t>(value)));
  if constexpr (sizeof(T) == 4)
    return static_cast<T>(__builtin_bswap32(static_cast<uint32_t>(value)));
  if constexpr (sizeof(T) == 8)
    return static_cast<T>(__builtin_bswap64(static_cast<uint64_t>(value)));
}

class Cursor {
 public:
  explicit Cursor(Bytes bytes) : bytes_(bytes) {}

  // Reading: each answers 0 or empty once failed.
  template <WireInt T>
  T Big() {
    const T raw = Raw<T>();
    return std::endian::native == std::endian::little ? ByteSwap(raw) : raw;
  }
  template <WireInt T>
  T Little() {
    const T raw = Raw<T>();
    return std::endian::native == std::endian::big ? ByteSwap(raw) : raw;
  }
  uint8_t U8() { return Raw<uint8_t>(); }
  Bytes Take(size_t count) {
    if (count > remaining()) return Fail(), Bytes{};
    const Bytes out = bytes_.subspan(position_, count);
    position_ += count;
    return out;
  }
  std::string_view Text(size_t count) { return AsText(Take(count)); }
  void Skip(size_t count) { Take(count); }

  // Looking.
  bool failed() const { return failed_; }
  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }
  Bytes rest() const { return bytes_.subspan(position_); }

  void Fail() {
    failed_ = true;
    position_ = bytes_.size();
  }

 private:
  template <WireInt T>
  T Raw() {
    T value{};
    const Bytes raw = Take(sizeof(T));
    if (!raw.empty()) std::memcpy(&value, raw.data(), sizeof(T));
    return value;
  }

  Bytes bytes_;
  size_t position_ = 0;
  bool failed_ = false;
};

}  // namespace pano
