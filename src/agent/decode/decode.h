// SPDX-License-Identifier: Apache-2.0
// in: source::RawRecord  out: decode::Event
// Checks and types one kernel record. No state; nothing is copied, the event's payload is a view
// into the record.
#pragma once

#include <cstdint>

#include "agent/decode/event.h"
#include "agent/source/source.h"

namespace pano::decode {

enum class Verdict : uint8_t {
  kEvent,      // *out is filled
  kTooShort,   // fewer bytes than the type needs
  kUnknown,    // a type this version does not know
  kMalformed,  // a field contradicts another
};

[[nodiscard]] Verdict Decode(const source::RawRecord& record, Event* out);

}  // namespace pano::decode
