// SPDX-License-Identifier: Apache-2.0
// The causes of losses as data: what each one means for the numbers on the map. The page and
// /api/v1/schema derive from it. A cause that is not listed counts as lost.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace pano::schema {

enum class LossEffect : uint8_t {
  kLost,    // something that happened is missing from the metrics
  kUnread,  // bytes and connections are counted; the requests in them were not understood
  kExact,   // metrics are whole; a detail beside them is not
};
std::string_view Name(LossEffect effect);  // "lost", "unread", "exact"

struct LossInfo {
  std::string_view cause;
  LossEffect effect;
  std::string_view unit;  // what is counted: "events", "bytes", ...
  std::string_view doc;
};

std::span<const LossInfo> LossTable();
const LossInfo* FindLoss(std::string_view cause);  // null when not listed

}  // namespace pano::schema
