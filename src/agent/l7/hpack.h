// SPDX-License-Identifier: Apache-2.0
// HPACK header decoding (RFC 7541) that tolerates joining late: indices count from the newest
// entry, so entries inserted since we look resolve, older ones stay unknown. Losing a header block
// would shift every index; then all is forgotten and learned anew.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/cursor.h"

namespace pano::l7 {

struct HeaderField {
  std::string_view name;  // empty: not known
  std::string_view value;
  bool value_known = true;
};

class FieldSink {
 public:
  virtual ~FieldSink() = default;
  // Views live until this returns.
  virtual void OnField(const HeaderField& field) = 0;
};

// One direction of one connection.
class HpackDecoder {
 public:
  // True if the block was well formed. Otherwise the table was forgotten.
  bool Decode(Bytes block, FieldSink& sink);
  // A header block was lost.
  void Forget();
  // SETTINGS_HEADER_TABLE_SIZE of the decoding end.
  void SetLimit(uint32_t bytes);

  size_t entries() const { return table_.size(); }

 private:
  struct Entry {
    std::string name;
    std::string value;
    bool value_known = true;
    uint32_t size = 0;  // as 4.1 counts it
  };

  bool DecodeBlock(Bytes block, FieldSink& sink);
  HeaderField Lookup(uint64_t index) const;
  void Insert(const HeaderField& field, size_t name_size, size_t value_size);
  void Evict(size_t limit);

  std::deque<Entry> table_;  // newest first
  size_t bytes_ = 0;
  // What we keep. More than the peers keep does no harm: an evicted entry is never referred to.
  size_t limit_ = 4096;
};

}  // namespace pano::l7
