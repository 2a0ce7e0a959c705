// SPDX-License-Identifier: Apache-2.0
// in: api::Archive  out: seconds as a run takes them, after a restart in the middle of it
#pragma once

#include <cstdint>
#include <vector>

#include "server/api/archive.h"

namespace pano::server {

// What the store has of [from, to), second by second, with the live state's ids. At most ten
// minutes; what it has only by the minute, or while it is in trouble, is left out. Waits for it.
std::vector<live::WindowSet> SecondsOf(api::Archive& archive, uint64_t from, uint64_t to);

}  // namespace pano::server
